"""What must hold of `standing` whatever the account: see the architecture, "How late"."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from accounts.rules import HowLate
from accounts.rules.states import Allocated
from tests.accounts import strategies as make
from tests.accounts.oracle import days_between, runs
from tests.accounts.oracle_facts import (
    OracleAcceleration,
    OracleAccount,
    OracleBill,
    OracleCredit,
    OracleHold,
    OracleProduct,
    OracleWatch,
    is_believed,
)
from tests.accounts.scenario import Scenario, not_reversed
from tests.accounts.strategies import LONG_AGO, examples, midnight, scenarios

KINDS = ("", "single", "multiple", "full")
CLASSES = ("normal", "special-mention", "substandard", "doubtful", "loss")
NOTHING = Decimal("0.00")
ONE_DAY = timedelta(days=1)


def never_later(one: HowLate, other: HowLate) -> None:
    """Assert that the first is in nothing worse than the second."""
    assert one.late <= other.late
    assert one.days_past_due <= other.days_past_due
    assert one.overdue_amount <= other.overdue_amount
    assert KINDS.index(one.kind) <= KINDS.index(other.kind)
    assert CLASSES.index(one.risk_class) <= CLASSES.index(other.risk_class)
    if one.overdue_since is not None:
        assert other.overdue_since is not None
        assert one.overdue_since >= other.overdue_since


def without_keys(said: HowLate) -> HowLate:
    return replace(said, unmet=())


@examples(220)
@given(scenarios())
def test_nothing_is_ever_negative_and_the_words_agree_with_one_another(scenario: Scenario) -> None:
    said = scenario.standing()
    assert said.days_past_due >= 0
    assert said.late == (said.overdue_amount > 0) == (said.kind != "") == bool(said.unmet)
    assert said.late <= (said.risk_class != "normal")
    assert said.late or said.risk_class == "normal" or scenario.account.watches
    assert (
        said.late == (said.overdue_since is not None) == (said.late_on is not None) == (said.clock_from_on is not None)
    )
    assert (said.bucket == "M0") == (said.days_past_due == 0)
    if said.overdue_since is not None and said.late_on is not None:
        assert said.overdue_since < said.late_on <= scenario.as_of.toordinal()
        assert said.days_past_due <= scenario.as_of.toordinal() - said.overdue_since


@examples(150)
@given(
    product=st.sampled_from(["plain", "instalment", "revolving"]).flatmap(
        lambda name: make.product_rows(name, LONG_AGO)
    ),
    statement_on=make.days,
    until_due=st.integers(0, 31),
    amount=st.integers(5, 100_000),
    after=st.integers(-40, 500),
)
def test_the_day_after_the_due_date_is_one(
    product: OracleProduct, statement_on: date, until_due: int, amount: int, after: int
) -> None:
    due_on = statement_on + timedelta(days=until_due)
    bill = OracleBill("B1", statement_on, due_on, NOTHING, NOTHING, Decimal(amount).scaleb(-2))
    account = OracleAccount((replace(product, grace_days=0),), (bill,))
    said = Scenario(account, due_on + timedelta(days=after)).standing()
    assert said.days_past_due == max(after, 0)
    assert said.overdue_since == (due_on.toordinal() if after > 0 else None)


@examples(150)
@given(grace=st.integers(0, 15), after=st.integers(-5, 40), due_on=make.days)
def test_within_grace_it_is_none_and_the_day_after_it_is_grace_and_one(grace: int, after: int, due_on: date) -> None:
    bill = OracleBill("B1", due_on - timedelta(days=9), due_on, NOTHING, NOTHING, Decimal("1.00"))
    account = OracleAccount((OracleProduct(LONG_AGO, grace_days=grace),), (bill,))
    said = Scenario(account, due_on + timedelta(days=after)).standing()
    assert said.days_past_due == (after if after > grace else 0)
    assert said.late_on == (due_on.toordinal() + grace + 1 if after > grace else None)


@examples(250)
@given(scenarios(), make.paid_amounts, make.days, st.sampled_from(["P0", "P35", "P9"]))
def test_a_payment_never_makes_it_later(scenario: Scenario, amount: Decimal, effective_on: date, ref: str) -> None:
    more = OracleCredit(ref, amount, effective_on, midnight(effective_on))
    never_later(scenario.having(credits=(*scenario.account.credits, more)).standing(), scenario.standing())


@examples(200)
@given(scenarios(), make.watches())
def test_a_watch_keeps_the_class_from_being_better_and_touches_nothing_else(
    scenario: Scenario, watch: OracleWatch
) -> None:
    before = scenario.standing()
    after = scenario.having(watches=(*scenario.account.watches, watch)).standing()
    never_later(before, after)
    if is_believed(watch, scenario.known_at) and runs(watch, scenario.as_of):
        assert CLASSES.index(after.risk_class) == max(map(CLASSES.index, (before.risk_class, watch.floor)))
    else:
        assert after.risk_class == before.risk_class
    kept = {"risk_class": before.risk_class, "next_transition_on": before.next_transition_on}
    assert replace(after, **kept) == before


@examples(200)
@given(scenarios(), make.accelerations())
def test_an_acceleration_never_makes_it_less_late(scenario: Scenario, called: OracleAcceleration) -> None:
    later = scenario.having(accelerations=(*scenario.account.accelerations, called)).standing()
    never_later(scenario.standing(), later)


@examples(220)
@given(scenarios(), make.holds(st.just("deferral")))
def test_one_more_deferral_never_makes_it_later(scenario: Scenario, deferral: OracleHold) -> None:
    never_later(scenario.having(holds=(*scenario.account.holds, deferral)).standing(), scenario.standing())


@examples(200)
@given(
    scenarios(),
    st.lists(make.holds(st.just("deferral")), min_size=1, max_size=3),
    st.integers(0, 20),
    st.one_of(st.none(), st.integers(0, 60)),
)
def test_a_longer_deferral_never_makes_it_later(
    scenario: Scenario, deferrals: list[OracleHold], earlier: int, longer: int | None
) -> None:
    scenario = scenario.having(holds=(*scenario.account.holds, *deferrals))
    stretched = tuple(
        replace(
            hold,
            starts_on=hold.starts_on - timedelta(days=earlier),
            ends_on=None if longer is None or hold.ends_on is None else hold.ends_on + timedelta(days=longer),
        )
        if hold.kind == "deferral"
        else hold
        for hold in scenario.account.holds
    )
    never_later(scenario.having(holds=stretched).standing(), scenario.standing())


@examples(200)
@given(scenarios(knowing=st.just(False)), st.lists(make.holds(), max_size=8))
def test_days_past_due_are_the_days_after_overdue_since_that_no_deferral_covers(
    scenario: Scenario, holds: list[OracleHold]
) -> None:
    """Interval arithmetic against sets of days: overlapping holds once, both ends in, other kinds never."""
    scenario = scenario.having(holds=tuple(holds))
    said = scenario.standing()
    if said.overdue_since is None:
        assert said.days_past_due == 0
        return
    late_days = set(days_between(date.fromordinal(said.overdue_since) + ONE_DAY, scenario.as_of))
    for hold in holds:
        if hold.kind == "deferral" and hold.withdrawn_at is None:
            late_days -= set(days_between(hold.starts_on, hold.ends_on or scenario.as_of))
    assert said.days_past_due == len(late_days)


@examples(200)
@given(scenarios(fees=False), st.integers(0, 60), st.integers(0, 30))
def test_a_deferral_before_the_debt_was_late_changes_nothing(scenario: Scenario, length: int, before: int) -> None:
    said = scenario.standing()
    ends_on = date.fromordinal((said.overdue_since or scenario.as_of.toordinal()) - before)
    starts_on = ends_on - timedelta(days=length)
    hold = OracleHold("deferral", starts_on, ends_on, midnight(LONG_AGO))
    again = scenario.having(holds=(*scenario.account.holds, hold)).standing()
    assert again == said


@examples(150)
@given(scenarios(), make.holds(st.sampled_from(["contact", "treatment"])))
def test_holds_of_other_kinds_never_touch_the_clock(scenario: Scenario, hold: OracleHold) -> None:
    """One about some bills alone moves nothing but what is told beside these, and when it is told anew."""
    own, said = scenario.standing(), scenario.having(holds=(*scenario.account.holds, hold)).standing()
    if hold.covers is not None:
        mind = {
            name: getattr(own, name)
            for name in ("beside_amount", "beside_since", "beside_from_on", "next_transition_on")
        }
        said = replace(said, **mind)
    assert said == own


@examples(150)
@given(scenarios(fees=False), make.holds(st.just("fees")))
def test_a_fee_hold_without_fees_never_touches_the_clock(scenario: Scenario, hold: OracleHold) -> None:
    assert scenario.having(holds=(*scenario.account.holds, hold)).standing() == scenario.standing()


@examples(220)
@given(scenarios(), st.randoms(use_true_random=False))
def test_the_order_in_which_entries_arrived_and_their_keys_change_nothing(scenario: Scenario, random: Random) -> None:
    def shuffled(rows: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(random.sample(rows, len(rows)))

    account = scenario.account
    again = scenario.having(
        bills=shuffled(account.bills), credits=shuffled(account.credits), holds=shuffled(account.holds)
    )
    assert without_keys(again.standing()) == without_keys(scenario.standing())
    before, after = scenario.replay(), again.replay()
    assert [state.allocated for state in before.bills] == [state.allocated for state in after.bills]
    assert (before.credit, before.posted, before.fee_left) == (after.credit, after.posted, after.fee_left)


@pytest.mark.parametrize(
    ("micros_after_known", "micros_after_withdrawn", "days_past_due"),
    [(-1, None, 10), (0, None, 0), (None, -1, 0), (None, 0, 10), (None, None, 10)],
)
def test_a_hold_is_believed_from_the_moment_it_was_entered_until_it_was_withdrawn(
    micros_after_known: int | None, micros_after_withdrawn: int | None, days_past_due: int
) -> None:
    """Both to the microsecond; without a cut-off a withdrawn hold never was."""
    due_on = date(2026, 1, 25)
    entered_at, withdrawn_at = midnight(date(2026, 1, 20)), midnight(date(2026, 1, 30))
    account = OracleAccount(
        (OracleProduct(LONG_AGO),),
        (OracleBill("B1", date(2026, 1, 5), due_on, NOTHING, NOTHING, Decimal("1.00")),),
        holds=(OracleHold("deferral", due_on, None, entered_at, withdrawn_at),),
    )
    known_at = None
    if micros_after_known is not None:
        known_at = entered_at + timedelta(microseconds=micros_after_known)
    if micros_after_withdrawn is not None:
        known_at = withdrawn_at + timedelta(microseconds=micros_after_withdrawn)
    scenario = Scenario(account, due_on + timedelta(days=10), known_at)
    assert scenario.standing().days_past_due == days_past_due


def only_what_was_known(scenario: Scenario) -> Scenario:
    """The account as somebody would have written it down at that moment."""
    known_at = scenario.known_at
    assert known_at is not None
    account = scenario.account
    bills = tuple(bill for bill in account.bills if midnight(bill.statement_on) <= known_at)
    refs = {bill.ref for bill in bills}
    recorded = [
        credit if credit.is_relief or credit.designated in refs else replace(credit, designated=None)
        for credit in account.credits
        if credit.recorded_at <= known_at
    ]
    return replace(
        scenario.having(
            bills=bills,
            credits=tuple(
                credit
                if credit.reversal_recorded_at is not None and credit.reversal_recorded_at <= known_at
                else not_reversed(credit)
                for credit in recorded
            ),
            **{
                name: tuple(
                    replace(one, withdrawn_at=None)
                    for one in getattr(account, name)
                    if one.known_from <= known_at and not (one.withdrawn_at and one.withdrawn_at <= known_at)
                )
                for name in ("holds", "watches", "accelerations")
            },
        ),
        known_at=None,
    )


@examples(250)
@given(scenarios(knowing=st.just(True)))
def test_as_of_and_known_at_equals_a_replay_of_only_what_was_known(scenario: Scenario) -> None:
    assert without_keys(scenario.standing()) == without_keys(only_what_was_known(scenario).standing())


@examples(220)
@given(scenarios())
def test_money_is_neither_made_nor_lost(scenario: Scenario) -> None:
    found = scenario.replay()
    as_of = scenario.as_of.toordinal()
    counting = [
        credit
        for credit in scenario.credits()
        if credit.effective_on <= as_of and (scenario.known is None or credit.known <= scenario.known.micros)
    ]
    reversed_keys = {
        credit.key
        for credit in counting
        if credit.reversed_on is not None
        and credit.reversed_on <= as_of
        and (scenario.known is None or (credit.reversal_known or 0) <= scenario.known.micros)
    }
    met: dict[int, int] = {}
    for move in found.movements:
        if isinstance(move, Allocated):
            met[move.credit] = met.get(move.credit, 0) + move.amount
    # What lapses counts as far as it met something.
    paid_in = sum(
        met.get(credit.key, 0) if credit.lapses else credit.amount
        for credit in counting
        if credit.key not in reversed_keys
    )
    to_bills = sum(state.allocated for state in found.bills)
    to_fees = found.posted - found.fee_left
    assert paid_in == to_bills + to_fees + found.credit

    used = [move for move in found.movements if isinstance(move, Allocated)]
    assert all(move.amount > 0 for move in found.movements)
    assert not reversed_keys & {move.credit for move in used}
    assert to_fees == sum(move.amount for move in used if move.bill is None)
    for credit in counting:
        assert met.get(credit.key, 0) <= credit.amount
        if credit.lapses:
            assert {move.bill or 0 for move in used if move.credit == credit.key} <= {credit.bill}
    for state in found.bills:
        assert state.bill is not None
        own = state.bill.service_fee + state.bill.interest + state.bill.principal
        assert state.allocated == sum(move.amount for move in used if move.bill == state.key)
        assert state.capacity == own + state.rolled_in - state.rolled_out
        assert 0 <= state.minimum <= state.capacity
        assert 0 <= state.allocated <= state.capacity
    assert sum(state.rolled_in for state in found.bills) == sum(state.rolled_out for state in found.bills)
    assert found.posted == sum(fee.amount for fee in found.fees)
    # Nothing waits while something is owed.
    assert not found.credit or not (found.fee_left or any(state.left for state in found.bills))


@pytest.mark.long
def test_the_strategies_reach_every_kind_of_account() -> None:
    """A property over accounts that are never late would prove nothing."""
    wanted = {*KINDS, *CLASSES, *(f"M{number}" for number in range(7)), "M7+"}
    wanted |= {"credit", "posted", "fee_left", "rolled", "stopped", "watched", "fee relieved", "bill relieved"}
    seen: set[object] = set()

    def is_all(scenario: Scenario) -> bool:
        """Whether this one and those before it reach them all."""
        said, found = scenario.standing(), scenario.replay()
        seen.update(
            {
                said.kind,
                said.risk_class,
                said.bucket,
                *(name for name in ("credit", "posted", "fee_left") if getattr(found, name)),
                *(["rolled"] if any(state.rolled_in for state in found.bills) else []),
                *(["stopped"] if said.clock_stopped_on else []),
                *(["watched"] if not said.late and said.risk_class != "normal" else []),
                *(
                    "fee relieved" if move.bill is None else "bill relieved"
                    for move in found.movements
                    if isinstance(move, Allocated) and move.credit < 0
                ),
            }
        )
        return seen >= wanted

    with suppress(NoSuchExample):
        find(scenarios(), is_all, settings=settings(examples(4000), phases=[Phase.generate]), random=Random(2))
    assert not wanted - seen
