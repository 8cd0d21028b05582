"""Calendar of a plan: months on, and what part of a year lies between two days, by the convention that the plan names."""

from __future__ import annotations

import calendar
from datetime import date
from decimal import Decimal

ACTUAL_365, ACTUAL_360, THIRTY_360 = "actual/365", "actual/360", "30/360"
CONVENTIONS = (ACTUAL_365, ACTUAL_360, THIRTY_360)


def months_on(day: date, months: int) -> date:
    """The same day that many months later, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def year_fraction(first: date, last: date, convention: str) -> Decimal:
    """The part of a year from `first` to `last`.

    actual/365 (fixed) and actual/360 count the days; 30/360 counts every month as thirty days, the 31st as the 30th
    (30E/360 of ISDA 2006, section 4.16(g)).

    Raises:
        ValueError: an unknown convention.
    """
    if convention == ACTUAL_365:
        return Decimal((last - first).days) / 365
    if convention == ACTUAL_360:
        return Decimal((last - first).days) / 360
    if convention == THIRTY_360:
        months = (last.year - first.year) * 12 + last.month - first.month
        return Decimal(months * 30 + min(last.day, 30) - min(first.day, 30)) / 360
    raise ValueError(f"{convention!r} is no day count; expected one of {', '.join(CONVENTIONS)}.")
