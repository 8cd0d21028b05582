"""How much, whom a policy lets, when a condition is met: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import RATE_UNIT, Credit, replay
from accounts.rules.states import Allocated
from tests.accounts.scenario import Scenario
from tests.accounts.strategies import examples, scenarios
from waivers import rules
from waivers.rules import Came, Fault, Situation

TODAY = date(2026, 3, 1)


@dataclass(frozen=True)
class Policy:
    code: str = "any"
    reasons: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    repays_within_days: int | None = None
    first_in_months: int | None = None
    in_hardship: bool = False
    most_percent: int = 100
    yearly_cap: Decimal | None = None
    automatic_up_to: Decimal | None = None


PLAIN = Situation(TODAY, "first", "instalment", Decimal(100))


@pytest.mark.parametrize(
    ("basis", "given", "taken"),
    [
        ("full", {}, "100.01"),
        ("amount", {"amount": Decimal("3.50")}, "3.50"),
        ("percent", {"percent": Decimal(50)}, "50.01"),
        ("percent", {"percent": Decimal("0.01")}, "0.01"),
        ("bill", {"share": Decimal("7.25")}, "7.25"),
        ("bill", {}, "0"),
    ],
)
def test_how_much(basis, given, taken) -> None:
    assert rules.how_much(basis, Decimal("100.01"), **given) == Decimal(taken)


@pytest.mark.parametrize(
    ("policy", "situation", "fault"),
    [
        (Policy(reasons=("hardship",)), PLAIN, Fault("reason")),
        (Policy(reasons=("first",)), PLAIN, None),
        (Policy(products=("revolving",)), PLAIN, Fault("product")),
        (Policy(repays_within_days=7), PLAIN, Fault("repayment", 7)),
        (Policy(repays_within_days=7), replace(PLAIN, paid_on=date(2026, 2, 22)), None),
        (Policy(repays_within_days=7), replace(PLAIN, paid_on=date(2026, 2, 21)), Fault("repayment", 7)),
        (Policy(repays_within_days=7), replace(PLAIN, agreed_on=date(2026, 3, 8)), None),
        (Policy(repays_within_days=7), replace(PLAIN, agreed_on=date(2026, 3, 9)), Fault("repayment", 7)),
        (Policy(first_in_months=12), PLAIN, None),
        (Policy(first_in_months=12), replace(PLAIN, waived_on=date(2025, 3, 1)), None),
        (Policy(first_in_months=12), replace(PLAIN, waived_on=date(2025, 3, 2)), Fault("first", 12)),
        (Policy(in_hardship=True), PLAIN, Fault("hardship")),
        (Policy(in_hardship=True), replace(PLAIN, is_in_hardship=True), None),
        (Policy(most_percent=30), PLAIN, None),
        (Policy(most_percent=29), PLAIN, Fault("share", 29)),
        (Policy(yearly_cap=Decimal(50)), replace(PLAIN, waived=Decimal(20)), None),
        (Policy(yearly_cap=Decimal(50)), replace(PLAIN, waived=Decimal("20.01")), Fault("cap", Decimal("29.99"))),
        (Policy(yearly_cap=Decimal(50)), replace(PLAIN, waived=Decimal(60)), Fault("cap", Decimal(0))),
    ],
)
def test_whom_a_policy_lets(policy, situation, fault) -> None:
    assert rules.faults(policy, situation, Decimal(30)) == ([fault] if fault else [])


def test_one_that_grants_by_itself_goes_first_then_by_code() -> None:
    slow, quick = Policy("a"), Policy("z", automatic_up_to=Decimal(30))
    assert rules.choose([slow, quick], PLAIN, Decimal(30)) is quick
    assert rules.choose([slow, quick], PLAIN, Decimal("30.01")) is slow
    assert rules.choose([Policy(in_hardship=True)], PLAIN, Decimal(1)) is None


def test_months_before_the_end_of_a_month() -> None:
    assert rules.months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert rules.months_before(date(2026, 1, 15), 12) == date(2025, 1, 15)
    assert rules.months_before(date(2026, 12, 5), -1) == date(2027, 1, 5)


def test_parts_of_the_agreed_payment_add_up_by_its_day() -> None:
    parts = [Came(date(2026, 3, 5), Decimal(60)), Came(date(2026, 3, 2), Decimal(40))]
    assert rules.met_on(parts, Decimal(100), by=date(2026, 3, 5)) == date(2026, 3, 5)
    assert rules.met_on(parts, Decimal(40), by=date(2026, 3, 5)) == date(2026, 3, 2)
    assert rules.met_on(parts, Decimal(100), by=date(2026, 3, 4)) is None
    assert rules.met_on(parts, Decimal("100.01"), by=date(2026, 3, 9)) is None


@pytest.mark.parametrize(
    ("status", "met", "is_over", "needed", "then"),
    [
        ("waiting", False, False, "granted", "waiting"),
        ("waiting", True, False, "granted", "granted"),
        ("waiting", False, True, "granted", "lapsed"),
        ("waiting", True, True, "open", "waiting"),
        ("waiting", True, False, "failed", "lapsed"),
        ("granted", True, True, "failed", "granted"),
        ("granted", False, False, "granted", "waiting"),
        ("granted", False, True, "granted", "lapsed"),
        ("lapsed", True, True, "granted", "granted"),
        ("lapsed", False, True, "granted", "lapsed"),
    ],
)
def test_what_becomes_of_a_conditional_one(status, met, is_over, needed, then) -> None:
    assert rules.outcome(status, met=met, is_over=is_over, needed=needed) == then


def test_shares_of_a_fee_never_exceed_it() -> None:
    assert rules.shares(3, {1: 1, 2: 1}) == {1: 2, 2: 2}
    assert rules.shares(1, {1: 1}) == {1: 1}
    assert rules.shares(5, {}) == {}


# --- Of any account whatever


@examples(300)
@given(scenarios(st.sampled_from(["instalment", "revolving"]), knowing=st.just(False)))
def test_what_the_bills_caused_is_all_that_accrued_to_the_last_fraction(scenario: Scenario) -> None:
    found = scenario.replay()
    caused = rules.caused(scenario.terms(), found, scenario.believed())
    assert sum(caused.values()) == found.accrued
    assert all(part > 0 for part in caused.values())
    fee = found.accrued // RATE_UNIT
    assert all(0 <= share <= fee for share in rules.shares(fee, caused).values())


@examples(300)
@given(scenarios(st.sampled_from(["instalment", "revolving"]), knowing=st.just(False)), st.integers(0, 60))
def test_a_relief_meets_exactly_what_was_said_that_it_would(scenario: Scenario, ago: int) -> None:
    as_of = scenario.as_of.toordinal()
    on = as_of - ago
    order = sorted(scenario.credits(), key=lambda credit: (credit.effective_on, str(credit.ref)))
    reliefs, payments = [one for one in order if one.key < 0], [one for one in order if one.key > 0]
    placed = [one._replace(ref=place - len(reliefs)) for place, one in enumerate(reliefs)]
    placed += [one._replace(ref=place) for place, one in enumerate(payments)]
    book = (scenario.terms(), scenario.bills(), placed, scenario.believed())
    fee = rules.fee_found(*book, on=on, as_of=as_of)
    if not fee:
        return
    relief = Credit(-1000, -1, fee, on, 0, bill=0, lapses=True)
    terms, bills, _, holds = book
    moved = replay(
        terms, bills, [*placed[: len(reliefs)], relief, *placed[len(reliefs) :]], holds, as_of=as_of
    ).movements
    assert sum(one.amount for one in moved if isinstance(one, Allocated) and one.credit == relief.key) == fee
