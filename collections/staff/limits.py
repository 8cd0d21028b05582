"""How much somebody may decide alone: the best of what their roles allow on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final

from staff.models import AuthorityLimit, User
from staff.permissions import Anyone, may_enter


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
    in_force = (
        AuthorityLimit.objects.filter(role__user=user, kind=kind, currency=currency, effective_from__lte=on)
        .order_by("role_id", "-effective_from")
        .distinct("role_id")
        .values_list("most", flat=True)
    )
    found = list(in_force)
    if not found:
        return NO_AUTHORITY
    amounts = [most for most in found if most is not None]
    return max(amounts) if len(amounts) == len(found) else WITHOUT_LIMIT


def within(user: Anyone, kind: str, value: Decimal | int, on: date, currency: str = "") -> bool:
    """Whether `user` may decide `value` of `kind` alone on that day; the limit itself is within."""
    limit = limit_of(user, kind, on, currency)
    if isinstance(limit, Decimal):
        return value <= limit
    return limit is WITHOUT_LIMIT
