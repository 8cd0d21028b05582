"""How far ahead somebody may decide alone, and what she is told beyond it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.errors import Invalid
from runs.texts import listed
from staff.limits import WITHOUT_LIMIT, limit_of
from staff.models import AuthorityLimit, User


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


def ask_further(kind: str, days: int | None, on: date) -> str:
    """The sentence, after a blank, that names the roles which may decide so many days alone (None: without limit); nothing
    where no role may. One query."""
    newest = (
        AuthorityLimit.objects.filter(kind=kind, effective_from__lte=on)
        .order_by("role_id", "-effective_from")
        .distinct("role_id")
        .select_related("role")
    )
    able = [row for row in newest if row.most is None or (days is not None and row.most >= days)]
    if not able:
        return ""
    return " " + _("Ask one of: %(roles)s.") % {"roles": listed(sorted(row.role.name for row in able))}


def last_day(first: date, days: int) -> date:
    """The last of so many days, the first of which is `first`."""
    return first + timedelta(days=days - 1)
