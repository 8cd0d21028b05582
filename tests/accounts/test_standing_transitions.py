"""Whatever the account, nothing of `standing` moves by itself before the day that it names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.rules import judge, standing
from tests.accounts import strategies as make
from tests.accounts.oracle_facts import OracleHold
from tests.accounts.scenario import Scenario, beside_in_words, not_reversed
from tests.accounts.strategies import LONG_AGO, examples, midnight, scenarios

# Longer than any bucket, class, grace or twelve months of these accounts can wait.
HORIZON = 420


def without_what_comes_later(scenario: Scenario) -> Scenario:
    """The account with nothing that happens after the day asked about: no bill, payment or reversal still to count."""
    account, as_of = scenario.account, scenario.as_of
    return scenario.having(
        bills=tuple(bill for bill in account.bills if bill.statement_on <= as_of),
        credits=tuple(
            not_reversed(credit) if credit.reversed_on is not None and credit.reversed_on > as_of else credit
            for credit in account.credits
            if credit.effective_on <= as_of
        ),
    )


@examples(250)
@given(st.one_of(scenarios(), scenarios(), make.a_year_apart()), st.integers(1, HORIZON))
def test_nothing_moves_by_itself_before_the_next_transition(scenario: Scenario, someday: int) -> None:
    """And until then the days past due follow from the clock alone; read from the cached replay or replayed anew."""
    scenario = without_what_comes_later(scenario)
    as_of = scenario.as_of.toordinal()
    said = scenario.standing()
    assert said.next_transition_on is None or said.next_transition_on > as_of
    terms, holds, cached = scenario.terms(), scenario.believed(), scenario.replay().bills
    watches = scenario.believed_watches()
    last = as_of + HORIZON if said.next_transition_on is None else min(said.next_transition_on - 1, as_of + HORIZON)
    for day in range(as_of, last + 1):
        then = judge(terms, cached, holds, day, watches)
        assert (then.overdue_since, then.late_on, then.bucket, then.kind, then.risk_class, then.overdue_amount) == (
            (said.overdue_since, said.late_on, said.bucket, said.kind, said.risk_class, said.overdue_amount)
        )
        assert (then.beside_amount, then.beside_since) == (said.beside_amount, said.beside_since)
        if said.clock_from_on is not None:
            stopped_on = day if said.clock_stopped_on is None else said.clock_stopped_on
            assert then.days_past_due == stopped_on - said.clock_from_on
            assert beside_in_words(then) == beside_in_words(replace(said, as_of=day))
        else:
            assert then.days_past_due == 0
    sample = as_of + someday
    anew = standing(
        *(terms, scenario.bills(), scenario.credits(), scenario.holds(), scenario.watches()),
        as_of=sample,
        known=scenario.known,
    )
    assert judge(terms, cached, holds, sample, watches) == anew


@examples(120)
@given(scenarios())
def test_stepping_from_transition_to_transition_misses_nothing(scenario: Scenario) -> None:
    """A night that looks only at accounts whose transition is due ends where a look every night would."""
    scenario = without_what_comes_later(scenario)
    terms, holds, cached = scenario.terms(), scenario.believed(), scenario.replay().bills
    watches = scenario.believed_watches()
    stored = scenario.standing()
    first = scenario.as_of.toordinal()
    for day in range(first + 1, first + HORIZON):
        if stored.next_transition_on is not None and stored.next_transition_on <= day:
            stored = judge(terms, cached, holds, day, watches)
        then = judge(terms, cached, holds, day, watches)
        assert (stored.bucket, stored.kind, stored.risk_class, stored.overdue_amount) == (
            *(then.bucket, then.kind, then.risk_class, then.overdue_amount),
        )
        assert (stored.beside_amount, stored.beside_since) == (then.beside_amount, then.beside_since)


@examples(100)
@given(scenarios(), st.integers(-3, 15), st.integers(0, 15), st.frozensets(st.sampled_from(make.REFS), max_size=3))
def test_what_is_overdue_beside_what_is_held_changes_on_transitions_alone(
    scenario: Scenario, begins: int, length: int, covers: frozenset[str]
) -> None:
    """Also where the hold begins or ends while the account is late."""
    starts_on = scenario.as_of + timedelta(days=begins)
    hold = OracleHold("contact", starts_on, starts_on + timedelta(days=length), midnight(LONG_AGO), covers=covers)
    scenario = without_what_comes_later(scenario.having(holds=(*scenario.account.holds, hold)))
    stored = scenario.standing()
    assume(stored.late)
    terms, holds, cached = scenario.terms(), scenario.believed(), scenario.replay().bills
    first = scenario.as_of.toordinal()
    for day in range(first + 1, first + 35):
        then = judge(terms, cached, holds, day)
        if stored.next_transition_on is not None and stored.next_transition_on <= day:
            stored = then
        assert beside_in_words(replace(stored, as_of=day)) == beside_in_words(then)
