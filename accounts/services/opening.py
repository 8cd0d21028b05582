"""The book opens with its first posting, on the day before: the caches start there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from runs import clock, selectors, services

# Held, shared, by whoever posts. Any number, as long as no other lock of this database has it: "POST" in ASCII.
POSTING_LOCK = 0x504F5354


@dataclass(frozen=True)
class BookDays:
    """`closed`: the last closed day (or the opening). `open`: the business day to be closed next."""

    closed: date
    open: date
    begun: bool = False

    def state_day(self, aged_on: date | None, effective_on: date | None = None) -> date:
        """The day whose end an account's caches hold.

        The last closed day, or later where a posting took the account further: one that takes effect on the open day
        counts at once, one dated later waits for its day. Once the open day's close has begun, that day: the close may
        have passed the account already, or never have known that it must look at it.
        """
        if self.begun:
            return self.open
        state = max(self.closed, aged_on) if aged_on else self.closed
        if effective_on is not None and state < effective_on <= self.open:
            return effective_on
        return state

    def judged_day(self, state: date) -> date | None:
        """The day as of which an account is judged whose caches hold the end of `state`, where that is another.

        A day may be closed before it is over: what is posted then takes effect on the next one, which has not begun. That counts
        at once, but a bill due today can be paid until midnight, so how late the account is is told as of the closed day still.
        """
        return self.closed if not self.begun and state > max(self.closed, clock.today()) else None


def ensure_open() -> BookDays:
    """Open the book if nobody did, and say which days it stands on. In the caller's transaction.

    The close of a day that has not begun yet waits for the end of that transaction (`await_postings`).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [POSTING_LOCK])
    services.open_book(clock.today() - timedelta(days=1))
    closed = selectors.book_day()
    assert closed is not None
    return BookDays(closed, closed + timedelta(days=1), begun=selectors.begun_day() is not None)


def await_postings() -> None:
    """Return when every posting and import that may not have seen that a close has begun is over.

    Others wait for at most one short attempt at a time.
    """
    while True:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
                cursor.execute("SELECT pg_advisory_lock(%s)", [POSTING_LOCK])
                cursor.execute("SELECT pg_advisory_unlock(%s)", [POSTING_LOCK])
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            time.sleep(0.2)
