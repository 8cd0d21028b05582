"""The day that every page names in its top bar."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from runs import clock
from runs.selectors import book_day


def business_day(request: HttpRequest) -> dict[str, Any]:
    """`business_today`, and `closed_day`: the last closed day or None. Asked of the database only where a page shows it."""
    return {"business_today": clock.today(), "closed_day": SimpleLazyObject(book_day)}
