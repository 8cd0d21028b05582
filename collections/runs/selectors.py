"""Reads: which day the book stands on, and how the closes went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db.models import Exists, OuterRef

from runs.models import BusinessDay, DayClose, RunStatus

# What `book_day` says, as a part of a statement.
BOOK_DAY = "SELECT max(date) FROM runs_businessday"


def book_day() -> date | None:
    """The last closed day, or the opening when none was closed; None when the book was never opened."""
    return BusinessDay.objects.order_by("-date").values_list("date", flat=True).first()


def open_day() -> date | None:
    """The day to be closed next; None when the book was never opened."""
    last = book_day()
    return None if last is None else last + timedelta(days=1)


def has_closed_any() -> bool:
    """Whether any day was closed; the opening is none."""
    return BusinessDay.objects.filter(is_opening=False).exists()


def begun_day() -> date | None:
    """The open day if its close has begun (running, killed or failed), else None."""
    day = open_day()
    return day if day and DayClose.objects.filter(date=day).exists() else None


def closed_and_begun() -> tuple[date | None, bool]:
    """`book_day`, and whether the close of the day behind it has begun. One query."""
    begun = DayClose.objects.filter(date__gt=OuterRef("date"))
    last = BusinessDay.objects.annotate(begun=Exists(begun)).order_by("-date").values_list("date", "begun").first()
    return last or (None, False)


def step_passed(day: date, step: str) -> float:
    """The key up to which a step of a day's close is through: its cursor, infinity when it is done, 0 before it began."""
    row = DayClose.objects.filter(date=day, step=step).values_list("status", "cursor").first()
    if row is None:
        return 0
    status, cursor = row
    return math.inf if status == RunStatus.DONE else cursor


@dataclass(frozen=True)
class DayView:
    """One business day on the run page, with the steps that have begun, in order."""

    date: date
    closed_at: datetime | None
    steps: Sequence[DayClose]

    @property
    def status(self) -> RunStatus:
        """Done once sealed; else failed, running or pending, as its steps are."""
        if self.closed_at is not None:
            return RunStatus.DONE
        statuses = {step.status for step in self.steps}
        if RunStatus.FAILED in statuses:
            return RunStatus.FAILED
        return RunStatus.RUNNING if statuses else RunStatus.PENDING

    @property
    def percent(self) -> int:
        """The mean of its steps; below 100 until the day is sealed."""
        if self.closed_at is not None:
            return 100
        return min(99, sum(step.percent for step in self.steps) // len(self.steps)) if self.steps else 0

    @property
    def elapsed(self) -> timedelta:
        """The time that its steps took, added up: what lay between a crash and the resumption is no work."""
        return sum((step.elapsed or timedelta() for step in self.steps), timedelta())

    @property
    def is_finished(self) -> bool:
        """Nothing moves any more: pages stop asking."""
        return self.status in {RunStatus.DONE, RunStatus.FAILED}


def day_closes(limit: int = 60) -> list[DayView]:
    """The latest days, newest first: the one being closed and those closed. Three queries."""
    steps = DayClose.objects.order_by("-date", "position")
    dates = list(steps.order_by("-date").values_list("date", flat=True).distinct()[:limit])
    if not dates:
        return []
    closed = dict(BusinessDay.objects.filter(date__gte=dates[-1], is_opening=False).values_list("date", "closed_at"))
    return [
        DayView(day, closed.get(day), list(rows))
        for day, rows in groupby(steps.filter(date__gte=dates[-1]), key=lambda step: step.date)
    ]


def day_close(day: date) -> DayView | None:
    """One day with its steps; None when its close has not begun."""
    steps = list(DayClose.objects.filter(date=day).order_by("position"))
    if not steps:
        return None
    closed_at = BusinessDay.objects.filter(date=day, is_opening=False).values_list("closed_at", flat=True).first()
    return DayView(day, closed_at, steps)
