"""The one clock of the project: every "now" and "today" comes from here.

Tests and the demo set it (`DELINQUENCY_CLOCK`, an ISO 8601 moment with offset from which time runs on), so that nothing
depends on the hour at which it happens to run. With an external database the variable is refused by the settings:
contact hours are law there, and nobody sets the clock of the law.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

_override: datetime | None = None


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` (aware) inside the block; for tests and for replaying a moment."""
    global _override
    if timezone.is_naive(at):
        raise ValueError(f"The clock needs a moment with an offset, got {at.isoformat()}.")
    before, _override = _override, at
    try:
        yield
    finally:
        _override = before


def now() -> datetime:
    """The present moment, aware, in UTC."""
    if _override is not None:
        return _override
    start: datetime | None = settings.CLOCK_STARTS_AT
    if start is None:
        return timezone.now()
    return start + timedelta(seconds=time.time() - settings.CLOCK_STARTED)


def today() -> date:
    """The present date where the lender does business (`settings.TIME_ZONE`)."""
    return day_of(now())


def day_of(moment: datetime) -> date:
    """The date of a moment where the lender does business."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def begins(day: date) -> datetime:
    """The first moment of a day where the lender does business."""
    return datetime.combine(day, datetime.min.time(), timezone.get_default_timezone())


def years_after(day: date, years: int) -> date:
    """The same day so many years on; of a 29th of February without one, the first of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, month=3, day=1)
