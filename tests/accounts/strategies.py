"""Random accounts, made to collide: few dates, small amounts, many events on one day; and the way to the core.

`Scenario` speaks the oracle's language (dates, `Decimal`); its methods translate it for `accounts.rules` (ordinals,
cents).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from accounts.rules import (
    Acceleration,
    AllocationRule,
    Bill,
    BucketTable,
    Credit,
    DatedTerms,
    Hold,
    HowLate,
    Known,
    Replay,
    RiskTable,
    Terms,
    Watch,
    cents,
    moment,
    money,
    ordinal,
    replay,
    standing,
    to_date,
)
from accounts.rules.judge import accelerated, believed
from tests.accounts.oracle import (
    CLASSES,
    SHANGHAI,
    OracleAcceleration,
    OracleAccount,
    OracleBill,
    OracleCredit,
    OracleHold,
    OracleProduct,
    OracleRule,
    OracleStanding,
    OracleWatch,
)
from tests.sizes import sized

# A long run against fresh random seeds: HYPOTHESIS_FACTOR=20 pytest tests/accounts. Without it every run is the same.
_FACTOR = int(os.environ.get("HYPOTHESIS_FACTOR", "0"))

BUCKETS = BucketTable(
    1, (*((f"M{number}", 30 * number - 29, 30 * number) for number in range(1, 7)), ("M7+", 181, None))
)
RISKS = RiskTable(1, (("special-mention", 0), ("substandard", 90), ("doubtful", 270), ("loss", 360)))


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


# The key of a bill that is not (yet) known.
UNKNOWN = 99


@dataclass(frozen=True)
class Scenario:
    """An account, the day it is asked about, and what was known."""

    account: OracleAccount
    as_of: date
    known_at: datetime | None = None

    def on(self, as_of: date) -> Scenario:
        return replace(self, as_of=as_of)

    def having(self, **changes: object) -> Scenario:
        return replace(self, account=replace(self.account, **changes))  # type: ignore[arg-type]  # fields by name

    @property
    def known(self) -> Known | None:
        return None if self.known_at is None else Known.at(self.known_at)

    def terms(self) -> Terms:
        """With the final due date that was in force as known then."""
        return accelerated(self.own_terms(), self.accelerations(), self._micros)

    def own_terms(self) -> Terms:
        return Terms(
            rows=tuple(
                DatedTerms(
                    effective_from=row.effective_from.toordinal(),
                    grace_days=row.grace_days,
                    minimum_rate=None if row.minimum_rate is None else int(row.minimum_rate * 10_000),
                    rolls_over=row.rolls_over,
                    missed_limit=row.missed_limit,
                    late_fee_rate=int(row.late_fee_rate * 100_000_000),
                )
                for row in self.account.products
            ),
            buckets=(BUCKETS,),
            risks=(RISKS,),
            rules=tuple(
                AllocationRule(version, rule.effective_from.toordinal(), rule.steps, rule.components)
                for version, rule in enumerate(self.account.rules, 1)
            ),
            final_due_on=ordinal(self.account.final_due_on),
        )

    def bills(self) -> list[Bill]:
        return [
            Bill(
                key=key,
                ref=bill.ref,
                statement_on=bill.statement_on.toordinal(),
                due_on=bill.due_on.toordinal(),
                service_fee=cents(bill.service_fee),
                interest=cents(bill.interest),
                principal=cents(bill.principal),
                minimum=None if bill.minimum is None else cents(bill.minimum),
                kind="plan" if bill.apart else None,
            )
            for key, bill in enumerate(self.account.bills, 1)
        ]

    def credits(self) -> list[Credit]:
        keys = {bill.ref: key for key, bill in enumerate(self.account.bills, 1)}
        return [
            Credit(
                key=-key if credit.is_relief else key,
                # Before the payments of its day.
                ref=f"!{credit.ref}" if credit.is_relief else credit.ref,
                amount=cents(credit.amount),
                effective_on=credit.effective_on.toordinal(),
                known=moment(credit.recorded_at),
                reversed_on=ordinal(credit.reversed_on),
                reversal_known=None if credit.reversal_recorded_at is None else moment(credit.reversal_recorded_at),
                bill=(0 if credit.is_relief else None)
                if credit.designated is None
                else keys.get(credit.designated, UNKNOWN),
                lapses=credit.lapses,
            )
            for key, credit in enumerate(self.account.credits, 1)
        ]

    def holds(self) -> list[Hold]:
        keys = {bill.ref: key for key, bill in enumerate(self.account.bills, 1)}
        return [
            Hold(
                kind=hold.kind,
                starts_on=hold.starts_on.toordinal(),
                ends_on=ordinal(hold.ends_on),
                known=moment(hold.known_from),
                withdrawn=None if hold.withdrawn_at is None else moment(hold.withdrawn_at),
                covers=None if hold.covers is None else frozenset(keys[ref] for ref in hold.covers if ref in keys),
            )
            for hold in self.account.holds
        ]

    def watches(self) -> list[Watch]:
        return [
            Watch(
                floor=watch.floor,
                starts_on=watch.starts_on.toordinal(),
                ends_on=ordinal(watch.ends_on),
                known=moment(watch.known_from),
                withdrawn=None if watch.withdrawn_at is None else moment(watch.withdrawn_at),
            )
            for watch in self.account.watches
        ]

    def accelerations(self) -> list[Acceleration]:
        return [
            Acceleration(
                due_on=one.due_on.toordinal(),
                known=moment(one.known_from),
                withdrawn=None if one.withdrawn_at is None else moment(one.withdrawn_at),
            )
            for one in self.account.accelerations
        ]

    @property
    def _micros(self) -> int | None:
        return self.known.micros if self.known else None

    def believed(self) -> list[Hold]:
        return believed(self.holds(), self._micros)

    def believed_watches(self) -> list[Watch]:
        return believed(self.watches(), self._micros)

    def replay(self) -> Replay:
        """The product's replay of what was known, up to the day asked for."""
        return replay(
            self.terms(), self.bills(), self.credits(), self.believed(), as_of=self.as_of.toordinal(), known=self.known
        )

    def standing(self) -> HowLate:
        """What the product says."""
        return standing(
            *(self.own_terms(), self.bills(), self.credits(), self.holds(), self.watches(), self.accelerations()),
            as_of=self.as_of.toordinal(),
            known=self.known,
        )


def in_words(said: HowLate) -> OracleStanding:
    """The core's answer in the oracle's words."""
    return OracleStanding(
        late=said.late,
        overdue_since=to_date(said.overdue_since),
        days_past_due=said.days_past_due,
        bucket=said.bucket,
        kind=said.kind,
        risk_class=said.risk_class,
        overdue_amount=money(said.overdue_amount),
        late_on=to_date(said.late_on),
        beside=beside_in_words(said),
    )


def beside_in_words(said: HowLate) -> tuple[Decimal, date | None, int] | None:
    """What is overdue beside what is held, in the oracle's words."""
    if said.beside_amount is None:
        return None
    if said.beside_from_on is None:
        return money(said.beside_amount), to_date(said.beside_since), 0
    stands_on = said.as_of if said.clock_stopped_on is None else said.clock_stopped_on
    return money(said.beside_amount), to_date(said.beside_since), stands_on - said.beside_from_on


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


def midnight(on: date) -> datetime:
    """When an imported bill of that statement date was first known."""
    return datetime.combine(on, time(), SHANGHAI).astimezone(UTC)


@st.composite
def bills(draw: st.DrawFn, most: int = 5) -> tuple[OracleBill, ...]:
    refs = draw(st.permutations(REFS))[: draw(st.integers(0, most))]
    made = []
    for ref in refs:
        statement_on = draw(days)
        fee, interest, principal = draw(amounts), draw(amounts), draw(amounts)
        made.append(
            OracleBill(
                ref,
                statement_on,
                statement_on + timedelta(days=draw(st.sampled_from([0, 1, 2, 9, 10, 20, 21, 31]))),
                fee,
                interest,
                principal,
                minimum=draw(st.one_of(st.none(), st.none(), amounts, st.just(fee + interest + principal))),
                apart=draw(st.integers(0, 4)) == 0,
            )
        )
    return tuple(made)


@st.composite
def credits_for(draw: st.DrawFn, account_bills: tuple[OracleBill, ...], most: int = 6) -> tuple[OracleCredit, ...]:
    """Money in, some of it of just the size of something owed, some recorded late or ahead, some reversed."""
    refs = draw(st.permutations(["P1", "P2", "P3", "P4", "P5", "P6"]))[: draw(st.integers(0, most))]
    sizes = [size for bill in account_bills for size in (bill.minimum, bill.principal, bill.interest) if size]
    near = [bill.due_on for bill in account_bills] + [bill.statement_on for bill in account_bills]
    made = []
    for ref in refs:
        amount = draw(st.one_of(paid_amounts, st.sampled_from(sizes)) if sizes else paid_amounts)
        effective_on = draw(st.one_of(days, st.sampled_from(near)) if near else days)
        bills_then = [bill.ref for bill in account_bills if bill.statement_on <= effective_on]
        reversed_on = draw(st.one_of(st.none(), st.none(), st.sampled_from([0, 0, 1, 10, 30]), st.integers(0, 60)))
        made.append(
            OracleCredit(
                ref,
                amount,
                effective_on,
                recorded_at=draw(st.one_of(st.just(midnight(effective_on)), moments)),
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
        back = draw(st.one_of(st.none(), st.none(), st.sampled_from([0, 1, 10, 30])))
        made.append(
            OracleCredit(
                ref,
                draw(st.one_of(paid_amounts, st.sampled_from(sizes)) if sizes else paid_amounts),
                effective_on,
                recorded_at=draw(st.one_of(st.just(midnight(effective_on)), moments)),
                reversed_on=None if back is None else effective_on + timedelta(days=back),
                reversal_recorded_at=None if back is None else draw(moments),
                designated=draw(st.one_of(st.none(), st.sampled_from(bills_then))) if bills_then else None,
                is_relief=True,
                lapses=draw(st.booleans()),
            )
        )
    return tuple(made)


@st.composite
def watches(draw: st.DrawFn) -> OracleWatch:
    starts_on = draw(days)
    length = draw(st.one_of(st.none(), st.integers(0, 6), st.integers(0, 120)))
    known_from = draw(st.one_of(st.just(midnight(starts_on)), moments))
    return OracleWatch(
        draw(st.sampled_from(CLASSES)),
        starts_on,
        None if length is None else starts_on + timedelta(days=length),
        known_from,
        withdrawn_at=draw(st.one_of(st.none(), st.none(), moments.map(lambda at: max(at, known_from)))),
    )


@st.composite
def accelerations(draw: st.DrawFn) -> OracleAcceleration:
    due_on = draw(days)
    known_from = draw(st.one_of(st.just(midnight(due_on)), moments))
    return OracleAcceleration(
        due_on, known_from, draw(st.one_of(st.none(), moments.map(lambda at: max(at, known_from))))
    )


@st.composite
def holds(draw: st.DrawFn, kinds: st.SearchStrategy[str] = hold_kinds) -> OracleHold:
    starts_on = draw(days)
    length = draw(st.one_of(st.none(), st.integers(0, 6), st.integers(0, 60)))
    known_from = draw(st.one_of(st.just(midnight(starts_on)), moments))
    kind = draw(kinds)
    some = st.frozensets(st.sampled_from(REFS), max_size=3)
    return OracleHold(
        kind,
        starts_on,
        None if length is None else starts_on + timedelta(days=length),
        known_from,
        withdrawn_at=draw(st.one_of(st.none(), st.none(), moments.map(lambda at: max(at, known_from)))),
        covers=draw(st.one_of(st.none(), some)) if kind in ("contact", "treatment") else None,
    )


@st.composite
def holds_of_bills(draw: st.DrawFn) -> OracleHold:
    """One about some bills alone that was always known and stays: most of those that chance draws are never in force."""
    starts_on = draw(st.one_of(st.just(LONG_AGO), days))
    length = draw(st.one_of(st.none(), st.integers(0, 60)))
    return OracleHold(
        "contact",
        starts_on,
        None if length is None else starts_on + timedelta(days=length),
        midnight(LONG_AGO),
        covers=draw(st.frozensets(st.sampled_from(REFS), max_size=3)),
    )


@st.composite
def product_rows(draw: st.DrawFn, name: str, since: date, fees: bool = True) -> OracleProduct:
    return OracleProduct(
        since,
        grace_days=draw(st.sampled_from([0, 0, 1, 3, 10])),
        minimum_rate=draw(st.sampled_from([Decimal("0.1"), Decimal("0.1"), Decimal("0.3333")]))
        if name == "revolving"
        else None,
        rolls_over=name == "revolving",
        missed_limit=draw(st.sampled_from([3, 2, 1, 0])) if name == "instalment" else None,
        late_fee_rate=draw(rates) if fees and name != "plain" else Decimal(0),
    )


@st.composite
def allocation_rules(draw: st.DrawFn) -> tuple[OracleRule, ...]:
    """Version 1, and sometimes another order from a day on."""
    first = OracleRule(LONG_AGO)
    if draw(st.integers(0, 3)):
        return (first,)
    steps = draw(st.permutations(first.steps))
    return (first, OracleRule(draw(days), tuple(steps), tuple(draw(st.permutations(first.components)))))


either = st.booleans()
products = st.sampled_from(["plain", "instalment", "revolving"])


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
    if draw(st.integers(0, 3)) == 0:
        rows.append(draw(product_rows(name, draw(days), fees)))
    account_bills = draw(bills())
    near_final = [bill.due_on for bill in account_bills]
    account = OracleAccount(
        tuple(rows),
        account_bills,
        (*draw(credits_for(account_bills)), *draw(st.one_of(st.just(()), reliefs_for(account_bills)))),
        tuple(draw(st.lists(holds(), max_size=4))),
        draw(st.one_of(st.none(), st.none(), days, st.sampled_from(near_final)) if near_final else st.none()),
        draw(allocation_rules()),
        tuple(draw(st.one_of(st.just([]), st.lists(watches(), max_size=2)))),
        tuple(draw(st.one_of(st.just([]), st.just([]), st.lists(accelerations(), max_size=2)))),
    )
    known_at = None
    if draw(knowing):
        edges = [midnight(bill.statement_on) for bill in account.bills]
        edges += [credit.recorded_at for credit in account.credits]
        edges += [credit.reversal_recorded_at for credit in account.credits if credit.reversal_recorded_at]
        for one in (*account.holds, *account.watches, *account.accelerations):
            edges += [one.known_from] + ([one.withdrawn_at] if one.withdrawn_at else [])
        edge = draw(st.one_of(moments, st.sampled_from(edges)) if edges else moments)
        known_at = edge + timedelta(microseconds=draw(st.sampled_from([0, 0, -1, 1])))
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
