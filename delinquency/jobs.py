"""Jobs that span the floors."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from audit.services import SystemActor
from delinquency.close_of_day import close_day
from runs import clock, selectors

# 23:30: late enough for the payments of the day to count, early enough for its close to be there at midnight.
CLOSING_TIME = timedelta(hours=23, minutes=30)


def last_ended_day() -> date:
    """The last day whose closing time has passed where the lender does business.

    Not simply today: a job that waited in the queue past midnight must not close the day that has just begun.
    """
    return timezone.localdate(clock.now() - CLOSING_TIME, timezone.get_default_timezone())


def close_day_nightly() -> list[str]:
    """Close every open day whose closing time has passed; returns the days closed.

    An empty book is left alone, and so is one opened today: only a person closes a day before its opening.
    """
    last_closed, last_ended = selectors.book_day(), last_ended_day()
    if last_closed is None or last_ended <= last_closed:
        return []
    results = close_day(actor=SystemActor("nightly close"), through=last_ended)
    return [result.day.isoformat() for result in results]
