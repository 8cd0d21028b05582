"""Late fees: accrued day by day on what is overdue, posted when the account is touched and at months' ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import pairwise

from accounts.rules.facts import Hold
from accounts.rules.states import BillState, Posted, Replay
from accounts.rules.terms import Terms

# Later than any day of any book.
NEVER = 10**9


class LateFees:
    """The late fee of an account during its replay: simple, never on itself, nothing on days under a hold for it."""

    __slots__ = ("final_passes_on", "found", "holds", "terms")

    def __init__(self, terms: Terms, found: Replay, holds: Sequence[Hold]) -> None:
        self.terms = terms
        self.found = found
        self.holds = [hold for hold in holds if hold.kind in ("fees", "deferral")]
        self.final_passes_on = terms.final_passes_on()

    def accrue(self, open_bills: Sequence[BillState], through: int) -> bool:
        """Accrue for the days behind `found.through` up to `through`, on the bills as they stand; whether there was a late one.

        Base (the overdue amount at the end of the day) × daily rate, a late day.
        """
        start = self.found.through + 1
        if start > through:
            return False
        self.found.through = through
        final_passes_on = self.final_passes_on if self.final_passes_on is not None else NEVER
        if through < final_passes_on:
            for state in open_bills:
                if state.minimum > state.allocated and state.missed_on <= through:
                    break
            else:
                return False
        # Within these days the base changes only where a bill or the final date passes, the rate where a row begins.
        cuts = {start, through + 1, final_passes_on}
        cuts.update(state.missed_on for state in open_bills)
        cuts.update(row.effective_from for row in self.terms.rows)
        for first, behind in pairwise(sorted(cut for cut in cuts if start <= cut <= through + 1)):
            rate = self.terms.on(first).late_fee_rate
            if not rate:
                continue
            if first >= final_passes_on:
                base = sum(state.left for state in open_bills)
            else:
                base = sum(state.short for state in open_bills if first >= state.missed_on)
            if base:
                self.found.accrued += base * rate * (behind - first - covered_days(self.holds, first, behind - 1))
        return True

    def post(self, today: int) -> bool:
        """Turn what accrued into a charge of `today`, if it is a cent; cumulative rounding, so that none drifts."""
        due = self.found.accrued_to_post()
        if not due:
            return False
        self.found.posted += due
        self.found.fee_left += due
        self.found.fees.append(Posted(today, due))
        return True


def covered_days(holds: Sequence[Hold], first: int, last: int) -> int:
    """Days from `first` to `last`, both included, that lie in at least one hold: each once."""
    spans = []
    for hold in holds:
        begin = max(hold.starts_on, first)
        end = last if hold.ends_on is None else min(hold.ends_on, last)
        if begin <= end:
            spans.append((begin, end))
    spans.sort()
    covered, reached = 0, first - 1
    for begin, end in spans:
        if end > reached:
            covered += end - max(begin, reached + 1) + 1
            reached = end
    return covered


@cache
def is_month_end(day: int) -> bool:
    return date.fromordinal(day + 1).day == 1


def month_ends(first: int, last: int) -> Sequence[int]:
    """The last days of months within `first`…`last`, both included, in order."""
    ends = _ends_of_months(date.fromordinal(first).year, date.fromordinal(last).year)
    return ends[bisect_left(ends, first) : bisect_right(ends, last)]


@cache
def _ends_of_months(first_year: int, last_year: int) -> tuple[int, ...]:
    return tuple(
        date(year + month // 12, month % 12 + 1, 1).toordinal() - 1
        for year in range(first_year, last_year + 1)
        for month in range(1, 13)
    )
