"""The day that every page names in its top bar."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from runs import clock
from runs.selectors import book_day


def business_day(request: HttpRequest) -> dict[str, Any]:
    """`business_today`; `closed_day`: the last closed day or None, asked of the database only where a page shows it;
    `clock_is_set`: the clock is a demo's, which a page says."""
    return {
        "business_today": clock.today(),
        "closed_day": SimpleLazyObject(book_day),
        "clock_is_set": settings.CLOCK_STARTS_AT is not None,
    }
