"""How far ahead somebody may decide alone."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.errors import Invalid
from staff.limits import WITHOUT_LIMIT, ask_further, limit_of
from staff.models import User


def most_days(actor: User, kind: str, on: date) -> int | None:
    """The days that `actor` may decide alone; None without limit. One query.

    Raises:
        Invalid: she may not decide at all.
    """
    limit = limit_of(actor, kind, on)
    if limit is WITHOUT_LIMIT:
        return None
    if not isinstance(limit, Decimal):
        raise Invalid(_("None of your roles may decide this.") + ask_further(kind, 1, on))
    return int(limit)


def last_day(first: date, days: int) -> date:
    """The last of so many days, the first of which is `first`."""
    return first + timedelta(days=days - 1)
