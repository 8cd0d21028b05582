"""Random accounts, made to collide: few dates, small amounts, many events on one day."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from accounts.rules import (
    money,
)
from tests.accounts.oracle import CLASSES, SHANGHAI
from tests.accounts.oracle_facts import (
    OracleAcceleration,
    OracleAccount,
    OracleBill,
    OracleCredit,
    OracleHold,
    OracleProduct,
    OracleRule,
    OracleWatch,
)
from tests.accounts.scenario import Scenario
from tests.sizes import sized

# A long run against fresh random seeds: HYPOTHESIS_FACTOR=20 pytest tests/accounts. Without it every run is the same.
_FACTOR = int(os.environ.get("HYPOTHESIS_FACTOR", "0"))


def examples(count: int) -> settings:
    """The settings of a property test: deterministic, unless a soak is asked for. A part of the suite tries a quarter of
    `count`, and at least ten or half."""
    return settings(
        max_examples=sized(max(count // 4, min(count // 2, 10)), count) * (_FACTOR or 1),
        derandomize=not _FACTOR,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


# Fifty days before a leap day: month ends, year windows over 29 February.
EPOCH = date(2024, 1, 10)
LONG_AGO = date(2000, 1, 1)
REFS = ("B1", "B2", "B3", "B4", "B5")

offsets = st.one_of(st.sampled_from([0, 1, 5, 10, 20, 21, 22, 30, 31, 50, 51]), st.integers(0, 75))
days = offsets.map(lambda offset: EPOCH + timedelta(days=offset))
asked_days = st.one_of(
    st.integers(-2, 110),
    st.integers(-2, 110),
    st.sampled_from([111, 141, 171, 201, 202, 291, 292, 381, 382]),
    st.integers(0, 480),
).map(lambda offset: EPOCH + timedelta(days=offset))
moments = st.builds(
    lambda on, hour, micros: datetime.combine(on, time(hour), UTC) + timedelta(microseconds=micros),
    days,
    st.sampled_from([0, 12, 15, 16, 17, 23]),
    st.sampled_from([0, 0, 0, 1, -1]),
)
small = st.integers(0, 12)
amounts = st.one_of(small, st.integers(0, 200), st.sampled_from([1_000, 10_000, 99_999, 250_000])).map(money)
paid_amounts = st.one_of(st.integers(1, 12), st.integers(1, 200), st.sampled_from([500, 10_000, 50_000, 400_000])).map(
    money
)
hold_kinds = st.sampled_from(["deferral", "deferral", "fees", "contact", "treatment"])
rates = st.sampled_from([Decimal(0), Decimal("0.0005"), Decimal("0.00031415"), Decimal("0.01"), Decimal("0.25")])
# What is drawn again and again is made once: hypothesis looks through every strategy that it has not seen before.
orders = st.permutations(REFS)
payments = st.permutations(["P1", "P2", "P3", "P4", "P5", "P6"])
sometimes = st.integers(0, 3)
times_to_pay = st.sampled_from([0, 1, 2, 9, 10, 20, 21, 31])
one_in_five = st.integers(0, 4)
# The sum of a bill's parts, said where it is drawn for.
ALL = object()
minimums: st.SearchStrategy[object] = st.one_of(st.none(), st.none(), amounts, st.just(ALL))
# None: at midnight of the day of which it is.
perhaps = st.one_of(st.none(), moments)
seldom = st.one_of(st.none(), st.none(), moments)
reversals = st.one_of(st.none(), st.none(), st.sampled_from([0, 0, 1, 10, 30]), st.integers(0, 60))
returns = st.one_of(st.none(), st.none(), st.sampled_from([0, 1, 10, 30]))
watch_lengths = st.one_of(st.none(), st.integers(0, 6), st.integers(0, 120))
hold_lengths = st.one_of(st.none(), st.integers(0, 6), st.integers(0, 60))
lengths = st.one_of(st.none(), st.integers(0, 60))
classes = st.sampled_from(CLASSES)
some_bills = st.frozensets(st.sampled_from(REFS), max_size=3)
covers = st.one_of(st.none(), some_bills)
days_or_ever = st.one_of(st.just(LONG_AGO), days)
graces = st.sampled_from([0, 0, 1, 3, 10])
minimum_rates = st.sampled_from([Decimal("0.1"), Decimal("0.1"), Decimal("0.3333")])
limits = st.sampled_from([3, 2, 1, 0])
micros = st.sampled_from([0, 0, -1, 1])
either = st.booleans()


def midnight(on: date) -> datetime:
    """When an imported bill of that statement date was first known."""
    return datetime.combine(on, time(), SHANGHAI).astimezone(UTC)


def not_before(known_from: datetime, drawn: datetime | None) -> datetime | None:
    return None if drawn is None else max(drawn, known_from)


@st.composite
def bills(draw: st.DrawFn, most: int = 5) -> tuple[OracleBill, ...]:
    refs = draw(orders)[: draw(st.integers(0, most))]
    made = []
    for ref in refs:
        statement_on = draw(days)
        fee, interest, principal = draw(amounts), draw(amounts), draw(amounts)
        due_on = statement_on + timedelta(days=draw(times_to_pay))
        minimum: Any = draw(minimums)
        made.append(
            OracleBill(
                ref,
                statement_on,
                due_on,
                fee,
                interest,
                principal,
                minimum=fee + interest + principal if minimum is ALL else minimum,
                apart=draw(one_in_five) == 0,
            )
        )
    return tuple(made)


@st.composite
def credits_for(draw: st.DrawFn, account_bills: tuple[OracleBill, ...], most: int = 6) -> tuple[OracleCredit, ...]:
    """Money in, some of it of just the size of something owed, some recorded late or ahead, some reversed."""
    refs = draw(payments)[: draw(st.integers(0, most))]
    sizes = [size for bill in account_bills for size in (bill.minimum, bill.principal, bill.interest) if size]
    near = [bill.due_on for bill in account_bills] + [bill.statement_on for bill in account_bills]
    made = []
    for ref in refs:
        amount = draw(st.one_of(paid_amounts, st.sampled_from(sizes)) if sizes else paid_amounts)
        effective_on = draw(st.one_of(days, st.sampled_from(near)) if near else days)
        bills_then = [bill.ref for bill in account_bills if bill.statement_on <= effective_on]
        reversed_on = draw(reversals)
        made.append(
            OracleCredit(
                ref,
                amount,
                effective_on,
                recorded_at=draw(perhaps) or midnight(effective_on),
                reversed_on=None if reversed_on is None else effective_on + timedelta(days=reversed_on),
                reversal_recorded_at=None if reversed_on is None else draw(moments),
                designated=draw(st.one_of(st.none(), st.none(), st.none(), st.sampled_from(bills_then)))
                if bills_then
                else None,
            )
        )
    return tuple(made)


@st.composite
def reliefs_for(draw: st.DrawFn, account_bills: tuple[OracleBill, ...], most: int = 3) -> tuple[OracleCredit, ...]:
    """What is taken off bills that are there, and off late fees; some lapse, some are taken back."""
    sizes = [size for bill in account_bills for size in (bill.principal, bill.interest) if size]
    near = [bill.due_on for bill in account_bills] + [bill.statement_on for bill in account_bills]
    made = []
    for ref in ("R1", "R2", "R3")[: draw(st.integers(0, most))]:
        effective_on = draw(st.one_of(days, st.sampled_from(near)) if near else days)
        bills_then = [bill.ref for bill in account_bills if bill.statement_on <= effective_on]
        back = draw(returns)
        made.append(
            OracleCredit(
                ref,
                draw(st.one_of(paid_amounts, st.sampled_from(sizes)) if sizes else paid_amounts),
                effective_on,
                recorded_at=draw(perhaps) or midnight(effective_on),
                reversed_on=None if back is None else effective_on + timedelta(days=back),
                reversal_recorded_at=None if back is None else draw(moments),
                designated=draw(st.one_of(st.none(), st.sampled_from(bills_then))) if bills_then else None,
                is_relief=True,
                lapses=draw(either),
            )
        )
    return tuple(made)


@st.composite
def watches(draw: st.DrawFn) -> OracleWatch:
    starts_on = draw(days)
    length = draw(watch_lengths)
    known_from = draw(perhaps) or midnight(starts_on)
    return OracleWatch(
        draw(classes),
        starts_on,
        None if length is None else starts_on + timedelta(days=length),
        known_from,
        withdrawn_at=not_before(known_from, draw(seldom)),
    )


@st.composite
def accelerations(draw: st.DrawFn) -> OracleAcceleration:
    due_on = draw(days)
    known_from = draw(perhaps) or midnight(due_on)
    return OracleAcceleration(due_on, known_from, not_before(known_from, draw(perhaps)))


@st.composite
def holds(draw: st.DrawFn, kinds: st.SearchStrategy[str] = hold_kinds) -> OracleHold:
    starts_on = draw(days)
    length = draw(hold_lengths)
    known_from = draw(perhaps) or midnight(starts_on)
    kind = draw(kinds)
    return OracleHold(
        kind,
        starts_on,
        None if length is None else starts_on + timedelta(days=length),
        known_from,
        withdrawn_at=not_before(known_from, draw(seldom)),
        covers=draw(covers) if kind in ("contact", "treatment") else None,
    )


@st.composite
def holds_of_bills(draw: st.DrawFn) -> OracleHold:
    """One about some bills alone that was always known and stays: most of those that chance draws are never in force."""
    starts_on = draw(days_or_ever)
    length = draw(lengths)
    return OracleHold(
        "contact",
        starts_on,
        None if length is None else starts_on + timedelta(days=length),
        midnight(LONG_AGO),
        covers=draw(some_bills),
    )


@st.composite
def product_rows(draw: st.DrawFn, name: str, since: date, fees: bool = True) -> OracleProduct:
    return OracleProduct(
        since,
        grace_days=draw(graces),
        minimum_rate=draw(minimum_rates) if name == "revolving" else None,
        rolls_over=name == "revolving",
        missed_limit=draw(limits) if name == "instalment" else None,
        late_fee_rate=draw(rates) if fees and name != "plain" else Decimal(0),
    )


@st.composite
def allocation_rules(draw: st.DrawFn) -> tuple[OracleRule, ...]:
    """Version 1, and sometimes another order from a day on."""
    first = OracleRule(LONG_AGO)
    if draw(sometimes):
        return (first,)
    steps = draw(st.permutations(first.steps))
    return (first, OracleRule(draw(days), tuple(steps), tuple(draw(st.permutations(first.components)))))


products = st.sampled_from(["plain", "instalment", "revolving"])
some_holds = st.lists(holds(), max_size=4)
some_watches = st.one_of(st.just([]), st.lists(watches(), max_size=2))
some_accelerations = st.one_of(st.just([]), st.just([]), st.lists(accelerations(), max_size=2))


@st.composite
def scenarios(
    draw: st.DrawFn,
    product: st.SearchStrategy[str] = products,
    *,
    fees: bool = True,
    knowing: st.SearchStrategy[bool] = either,
) -> Scenario:
    """Any account of any product, asked about any day, as known at any moment that could make a difference."""
    name = draw(product)
    rows = [draw(product_rows(name, LONG_AGO, fees))]
    if draw(sometimes) == 0:
        rows.append(draw(product_rows(name, draw(days), fees)))
    account_bills = draw(bills())
    near_final = [bill.due_on for bill in account_bills]
    account = OracleAccount(
        tuple(rows),
        account_bills,
        (*draw(credits_for(account_bills)), *draw(st.one_of(st.just(()), reliefs_for(account_bills)))),
        tuple(draw(some_holds)),
        draw(st.one_of(st.none(), st.none(), days, st.sampled_from(near_final)) if near_final else st.none()),
        draw(allocation_rules()),
        tuple(draw(some_watches)),
        tuple(draw(some_accelerations)),
    )
    known_at = None
    if draw(knowing):
        edges = [midnight(bill.statement_on) for bill in account.bills]
        edges += [credit.recorded_at for credit in account.credits]
        edges += [credit.reversal_recorded_at for credit in account.credits if credit.reversal_recorded_at]
        for one in (*account.holds, *account.watches, *account.accelerations):
            edges += [one.known_from] + ([one.withdrawn_at] if one.withdrawn_at else [])
        edge = draw(st.one_of(moments, st.sampled_from(edges)) if edges else moments)
        known_at = edge + timedelta(microseconds=draw(micros))
    return Scenario(account, draw(asked_days), known_at)


@st.composite
def a_year_apart(draw: st.DrawFn) -> Scenario:
    """Instalments missed near the end of a February and paid since, one late now, asked about a year after the first."""
    first_late = date(draw(st.sampled_from([2023, 2024, 2025])), 2, 26)
    grace = draw(st.sampled_from([0, 0, 3]))
    nothing, owed = Decimal("0.00"), Decimal("1.00")
    missed_on = [first_late + timedelta(days=draw(st.integers(0, 5))) for _ in range(draw(st.integers(1, 4)))]
    paid_on = max(missed_on) + timedelta(days=draw(st.integers(-3, 3)))
    due_on = [on - timedelta(days=grace + 1) for on in (*missed_on, first_late + timedelta(days=350))]
    account = OracleAccount(
        (OracleProduct(LONG_AGO, grace, missed_limit=draw(st.integers(0, 3))),),
        tuple(
            OracleBill(f"B{number}", on - timedelta(days=2), on, nothing, nothing, owed)
            for number, on in enumerate(due_on)
        ),
        (OracleCredit("P1", owed * len(missed_on), paid_on, midnight(paid_on)),),
    )
    return Scenario(account, first_late + timedelta(days=draw(st.integers(362, 373))))
