"""The person's own days: her time zone, when a day begins, when a time of day comes."""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIDNIGHT = time(0)


@functools.lru_cache(maxsize=1024)
def time_zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of that name, or None: an unknown hour is a closed hour."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


@functools.lru_cache(maxsize=4096)
def instants(zone: ZoneInfo, day: date, moment: time) -> tuple[datetime, ...]:
    """When it is that time on that day, in UTC: once; twice where clocks are put back.

    Where they are put forward over it, the moment at which they are.
    """
    first, second = (datetime.combine(day, moment.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return (first,) if first == second else (first, second)
    # The time does not exist: `second` is before the clocks change and `first` not.
    before = second.astimezone(zone).utcoffset()
    while first - second > timedelta(microseconds=1):
        middle = second + (first - second) / 2
        if middle.astimezone(zone).utcoffset() == before:
            second = middle
        else:
            first = middle
    return (first,)


def day_begins(zone: ZoneInfo, day: date, after: datetime) -> datetime:
    """The first moment after `after` at which `day`, or if that is past the next day to come, begins; in UTC."""
    while True:
        found = next((instant for instant in instants(zone, day, MIDNIGHT) if instant > after), None)
        if found is not None:
            return found
        day += timedelta(days=1)


def next_day(zone: ZoneInfo, at: datetime) -> datetime:
    """When the local day after `at` begins; or, where the clocks repeat a midnight, this one begins again."""
    return day_begins(zone, at.astimezone(zone).date(), at)
