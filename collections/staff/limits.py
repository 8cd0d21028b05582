"""How much somebody may decide alone: the best of what their roles allow on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final

from django.db.models import QuerySet

from runs.said import said as _
from runs.said import said_list
from staff.models import AuthorityLimit, Role, User
from staff.permissions import Anyone, may_enter, roles_with


class _Authority(Enum):
    NONE = "no authority"
    ANY = "without limit"


# Neither is a number, so that no comparison takes "nothing" for "everything".
NO_AUTHORITY: Final = _Authority.NONE
WITHOUT_LIMIT: Final = _Authority.ANY
Limit = Decimal | _Authority


def limit_of(user: Anyone, kind: str, on: date, currency: str = "") -> Limit:
    """The most that `user` may decide of `kind` on that day: an amount (in `currency`, or days), WITHOUT_LIMIT, or
    NO_AUTHORITY. Of each role the newest row in force counts, of several roles the highest. One query.

    Nobody stands above the limits, a superuser either: what is decided alone is a matter of roles.
    """
    if not (isinstance(user, User) and may_enter(user)):
        return NO_AUTHORITY
    rows = in_force(on).filter(role__user=user, kind=kind, currency=currency)
    return _best([row.most for row in rows])


def limits_of(user: Anyone, on: date) -> dict[tuple[str, str], Limit]:
    """What `limit_of` says of every kind and currency in which `user` has any authority. One query."""
    if not (isinstance(user, User) and may_enter(user)):
        return {}
    found: dict[tuple[str, str], list[Decimal | None]] = {}
    for row in in_force(on).filter(role__user=user):
        found.setdefault((row.kind, row.currency), []).append(row.most)
    return {of: _best(mosts) for of, mosts in found.items()}


def who_may(
    kind: str, value: Decimal | int | None, on: date, *, currency: str = "", permission: str = ""
) -> list[Role]:
    """The roles which may decide `value` alone (None: without limit) and have `permission`, where one is needed, by name in
    the reader's language. Two queries at most."""
    rows = in_force(on).filter(kind=kind, currency=currency).select_related("role")
    able = {row.role for row in rows if row.most is None or (value is not None and row.most >= value)}
    if permission and able:
        able &= set(roles_with(permission))
    return sorted(able, key=str)


def ask_further(kind: str, value: Decimal | int | None, on: date, *, currency: str = "", permission: str = "") -> str:
    """The sentence, after a blank, that names those roles (`who_may`); nothing where no role may. Two queries at most."""
    able = who_may(kind, value, on, currency=currency, permission=permission)
    return " " + _("Ask one of: %(roles)s.") % {"roles": said_list(role.label for role in able)} if able else ""


def in_force(on: date) -> QuerySet[AuthorityLimit]:
    """Of every role, kind and currency the row that counts on a day."""
    return (
        AuthorityLimit.objects.filter(effective_from__lte=on)
        .order_by("role_id", "kind", "currency", "-effective_from")
        .distinct("role_id", "kind", "currency")
    )


def _best(mosts: list[Decimal | None]) -> Limit:
    """Of several roles' limits the highest; None is without limit."""
    amounts = [most for most in mosts if most is not None]
    if len(amounts) < len(mosts):
        return WITHOUT_LIMIT
    return max(amounts, default=NO_AUTHORITY)


def within(user: Anyone, kind: str, value: Decimal | int, on: date, currency: str = "") -> bool:
    """Whether `user` may decide `value` of `kind` alone on that day; the limit itself is within."""
    limit = limit_of(user, kind, on, currency)
    if isinstance(limit, Decimal):
        return value <= limit
    return limit is WITHOUT_LIMIT
