"""Pages of logs that only grow: by key, newest first, without counting what nobody will read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from runs.pages import number_in

PAGE_SIZE = 50
# Up to so many rows are counted: more are not read to say how many they are.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class LogPage:
    """Rows newest first; `older` is where the next page begins, None on the last; `is_first` the newest page."""

    rows: list[Any]
    older: int | str | None
    is_first: bool


def counted(queryset: QuerySet[Any]) -> int:
    """How many rows there are; `MOST_COUNTED` + 1 where there are more than that. One query."""
    return queryset.order_by()[: MOST_COUNTED + 1].count()


def log_page(queryset: QuerySet[Any], before: str | None, size: int = PAGE_SIZE) -> LogPage:
    """The page of rows with keys below `before` (text from an address; anything but a number means the newest). One query."""
    key = number_in(before or "")
    rows = list((queryset if key is None else queryset.filter(pk__lt=key)).order_by("-pk")[: size + 1])
    return LogPage(rows[:size], rows[size - 1].pk if len(rows) > size else None, key is None)
