"""What is overdue beside the bills that a hold is about: told by the one function, for any day, and when it changes."""

from __future__ import annotations

from accounts.rules import BillState, Hold, HowLate, judge
from accounts.rules.terms import AllocationRule, BucketTable, DatedTerms, RiskTable, Terms

BUCKETS = BucketTable(1, (("M1", 1, 30), ("M2", 31, None)))
RISKS = RiskTable(1, (("substandard", 90),))
COVERED, OTHER = 1, 2


def terms(final_due_on: int | None = None) -> Terms:
    return Terms((DatedTerms(1),), (BUCKETS,), (RISKS,), (AllocationRule(1, 1),), final_due_on)


def bill(key: int, due_on: int, *, minimum: int = 100, allocated: int = 0) -> BillState:
    return BillState(None, key, due_on, 100, minimum, due_on + 1, allocated)


def hold(
    starts_on: int = 1, ends_on: int | None = None, *, covers: frozenset[int] | None = frozenset({COVERED})
) -> Hold:
    return Hold("contact", starts_on, ends_on, 0, None, covers)


def told(how_late: HowLate) -> tuple[int | None, int | None, int | None]:
    return how_late.beside_amount, how_late.beside_since, how_late.beside_from_on


def test_it_is_what_is_overdue_on_the_other_bills_and_nothing_else_of_the_standing_moves() -> None:
    bills = [bill(COVERED, 1_000), bill(OTHER, 1_010, allocated=30)]
    without = judge(terms(), bills, (), 1_020)
    found = judge(terms(), bills, [hold()], 1_020)
    assert told(found) == (70, 1_010, 1_010)
    assert told(without) == (None, None, None)
    for name in ("overdue_since", "days_past_due", "bucket", "kind", "risk_class", "overdue_amount", "clock_from_on"):
        assert getattr(found, name) == getattr(without, name), name


def test_nothing_beside_is_told_apart_from_no_such_hold() -> None:
    bills = [bill(COVERED, 1_000), bill(OTHER, 1_030)]
    assert told(judge(terms(), bills, [hold()], 1_020)) == (0, None, None)
    assert told(judge(terms(), bills, [hold(covers=None)], 1_020)) == (None, None, None)
    assert told(judge(terms(), [bill(OTHER, 1_030)], [hold()], 1_020)) == (None, None, None), "it is not late"


def test_it_is_looked_at_on_the_days_on_which_the_hold_begins_and_ends() -> None:
    bills = [bill(COVERED, 1_000), bill(OTHER, 1_001)]
    between = [hold(1_010, 1_015)]
    for day, amount, following in (
        (1_009, None, 1_010),
        (1_010, 100, 1_016),
        (1_015, 100, 1_016),
        (1_016, None, 1_031),
    ):
        found = judge(terms(), bills, between, day)
        assert (found.beside_amount, found.next_transition_on) == (amount, following), day


def test_once_the_final_due_date_is_over_all_that_is_left_beside_counts() -> None:
    bills = [bill(COVERED, 1_000), bill(OTHER, 900, minimum=10, allocated=40)]
    found = judge(terms(final_due_on=1_005), bills, [hold()], 1_006)
    assert told(found) == (60, 1_005, 1_005)


def test_its_days_stand_still_under_a_deferral_and_go_on_after_it() -> None:
    bills = [bill(COVERED, 1_000), bill(OTHER, 1_010)]
    holds = [hold(), Hold("deferral", 1_013, 1_016, 0)]
    for day, days in ((1_012, 2), (1_013, 2), (1_016, 2), (1_017, 3), (1_020, 6)):
        found = judge(terms(), bills, holds, day)
        assert found.beside_from_on is not None
        assert (found.clock_stopped_on or day) - found.beside_from_on == days, day


def test_two_such_holds_leave_what_neither_is_about() -> None:
    bills = [bill(COVERED, 1_000), bill(OTHER, 1_001), bill(3, 1_002)]
    found = judge(terms(), bills, [hold(), hold(covers=frozenset({OTHER}))], 1_010)
    assert told(found) == (100, 1_002, 1_002)
