"""Whose authority somebody decides with: her own, and that of those whom she stands in for today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, Q, QuerySet

from accounts.permissions import sees
from approvals import kinds
from approvals.models import Delegation, Request
from runs import clock
from staff.limits import NO_AUTHORITY, WITHOUT_LIMIT, Limit, limits_of
from staff.models import User
from staff.permissions import Anyone, may, scope_of

STAND_IN = "approvals.stand_in"


@dataclass(frozen=True)
class Seat:
    """The authority of `person`: the kinds decided with it, and up to which amounts (of `staff.limits`, by kind and
    currency). `is_own` says whether the person sits there herself, or a deputy."""

    person: User
    kinds: Sequence[kinds.Kind]
    limits: Mapping[tuple[str, str], Limit]
    is_own: bool

    def decides(self, code: str) -> bool:
        """Whether requests of this kind are decided from here at all."""
        return any(kind.code == code for kind in self.kinds)

    def covers(self, request: Request) -> bool:
        """Whether the amount is within this authority; the limit itself is. No query."""
        kind = kinds.get(request.kind)
        if not kind.limit:
            return True
        most = self.limits.get((kind.limit, request.currency), NO_AUTHORITY)
        # Where there is a limit there is an amount: it cannot be asked for without.
        return most is WITHOUT_LIMIT or (
            isinstance(most, Decimal) and request.amount is not None and request.amount <= most
        )

    def covered(self) -> Q:
        """The requests of which `decides` and `covers` are true, wherever their customers are."""
        found = Q(pk__in=())
        for limit, codes in kinds.together(self.kinds, lambda kind: kind.limit).items():
            found |= Q(_amounts(limit, self.limits), kind__in=codes)
        return found

    def reach(self) -> Q:
        """The requests about customers in the person's scope, or about none."""
        return in_reach(self.person)


def seats_of(user: Anyone) -> list[Seat]:
    """The seats from which `user` decides today, her own first; none for who decides nothing.

    One query for the delegations, and of each seat what is read of a person: permissions, and limits where one counts.
    What one decides for others is never passed on: a seat is always of who has the authority herself.
    """
    today = clock.today()
    found = [_seat(user, kinds_decided_by(user), today, is_own=True)] if isinstance(user, User) else []
    for delegation in _taken(user, today):
        decided = [
            kind
            for kind in kinds_decided_by(delegation.delegator)
            if not delegation.kinds or kind.code in delegation.kinds
        ]
        found.append(_seat(delegation.delegator, decided, today, is_own=False))
    return [seat for seat in found if seat.kinds]


def kinds_decided_by(user: Anyone) -> list[kinds.Kind]:
    """The kinds of request that `user` decides herself, within her authority."""
    return [kind for kind in kinds.registered() if may(user, kind.decide_permission)]


def in_reach(user: Anyone) -> Q:
    """The requests about customers in the scope of `user`, or about none."""
    if scope_of(user).everything:
        return Q()
    return Q(customer__isnull=True) | sees(user, OuterRef("customer_id"))


def in_force(on: date) -> QuerySet[Delegation]:
    """The delegations of a day that nobody ended."""
    return Delegation.objects.filter(starts_on__lte=on, ends_on__gte=on, ended_at=None)


def _taken(user: Anyone, today: date) -> QuerySet[Delegation]:
    if not may(user, STAND_IN):
        return Delegation.objects.none()
    return in_force(today).filter(deputy=user.pk).select_related("delegator").order_by("pk")


def _seat(person: User, decided: Sequence[kinds.Kind], today: date, *, is_own: bool) -> Seat:
    limits = limits_of(person, today) if any(kind.limit for kind in decided) else {}
    return Seat(person, decided, limits, is_own)


def _amounts(limit: str, limits: Mapping[tuple[str, str], Limit]) -> Q:
    """The requests whose amounts are within the limits of this kind."""
    if not limit:
        return Q()
    covered = Q(pk__in=())
    for (kind, currency), most in limits.items():
        if kind == limit and most is not NO_AUTHORITY:
            covered |= Q(currency=currency, amount__lte=most) if isinstance(most, Decimal) else Q(currency=currency)
    return covered
