"""The book opens with its first posting, on the day before: the caches start there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from runs import clock, selectors, services


@dataclass(frozen=True)
class BookDays:
    """`closed`: the last closed day (or the opening). `open`: the business day to be closed next."""

    closed: date
    open: date

    def state_day(self, aged_on: date | None, effective_on: date | None = None) -> date:
        """The day whose end an account's caches hold.

        The last closed day, or later where a posting took the account further: one that takes effect on the open day
        counts at once, one dated later waits for its day.
        """
        state = max(self.closed, aged_on) if aged_on else self.closed
        if effective_on is not None and state < effective_on <= self.open:
            return effective_on
        return state


def ensure_open() -> BookDays:
    """Open the book if nobody did, and say which days it stands on. In the caller's transaction."""
    services.open_book(clock.today() - timedelta(days=1))
    closed = selectors.book_day()
    assert closed is not None
    return BookDays(closed, closed + timedelta(days=1))
