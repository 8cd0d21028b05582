"""Closing a day of the book when it is over, whatever day the test's clock shows."""

from __future__ import annotations

from datetime import date

from audit.services import SystemActor
from delinquency.close_of_day import DayResult, close_day
from delinquency.jobs import CLOSING_TIME
from runs import clock


def close_night(day: date) -> DayResult:
    """Close a day at its end, or now where that has passed."""
    with clock.frozen(max(clock.now(), clock.begins(day) + CLOSING_TIME)):
        (result,) = close_day(actor=SystemActor("test"), day=day)
    return result
