"""When hours open and close, in zones whose clocks change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from compliance.rules.days import MIDNIGHT, instants
from compliance.rules.terms import Hours

HoursOn = Callable[[date], Hours | None]


def is_open(hours_on: HoursOn, zone: ZoneInfo, at: datetime) -> bool:
    """Whether `at` is within the hours of its local day; a day without hours is closed."""
    local = at.astimezone(zone)
    hours = hours_on(local.date())
    return hours is not None and hours.covers(local.time())


def changes(hours_on: HoursOn, zone: ZoneInfo, today: date) -> tuple[tuple[datetime, bool], ...]:
    """Each moment (UTC) of the days about `today` at which hours may open or close, and whether it is then open.

    A day can open or close at its own times, at midnight where the hours span it or change with the date, and when the
    clocks do. Days that the calendar or the clocks skip are why four to come are searched.
    """
    moments: set[datetime] = set()
    for day in (today + timedelta(days=ahead) for ahead in range(-1, 5)):
        hours = hours_on(day)
        for time in (MIDNIGHT, hours.opens, hours.closes) if hours else (MIDNIGHT,):
            moments.update(instants(zone, day, time))
        moments.update(_clock_changes(zone, day))
    return tuple((moment, is_open(hours_on, zone, moment)) for moment in sorted(moments))


def _clock_changes(zone: ZoneInfo, day: date) -> tuple[datetime, ...]:
    """When the clocks are changed on that day: hours may open or close by that alone."""
    (begins, *_), (ends, *_) = instants(zone, day, MIDNIGHT), instants(zone, day + timedelta(days=1), MIDNIGHT)
    before = begins.astimezone(zone).utcoffset()
    if ends.astimezone(zone).utcoffset() == before:
        return ()
    while ends - begins > timedelta(microseconds=1):
        middle = begins + (ends - begins) / 2
        if middle.astimezone(zone).utcoffset() == before:
            begins = middle
        else:
            ends = middle
    return (ends,)
