"""Reads of requests: what somebody may decide, what she asked for, and what happened to one."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Q, QuerySet

from approvals.models import Request, RequestStatus
from approvals.permissions import decided_by, visible_to
from audit.models import Event
from runs import clock
from staff.limits import NO_AUTHORITY, Limit, limits_of
from staff.permissions import Anyone


def inbox_of(user: Anyone) -> QuerySet[Request]:
    """What `user` may decide now, the first to expire first: in her scope and within her authority, never her own.

    The queryset asks once; making it asks for her limits, where a kind that she decides has one.
    """
    decides = decided_by(user)
    if not decides:
        return Request.objects.none()
    limits = limits_of(user, clock.today()) if any(kind.limit for kind in decides) else {}
    within = Q(pk__in=())
    for kind in decides:
        within |= Q(_covered(kind.limit, limits), kind=kind.code)
    return (
        visible_to(user)
        .filter(within, status=RequestStatus.PENDING, expires_at__gt=clock.now())
        .exclude(requested_by=user.pk)
        .order_by("expires_at", "pk")
    )


def mine(user: Anyone) -> QuerySet[Request]:
    """What `user` asked for, newest first."""
    return visible_to(user).filter(requested_by=user.pk).order_by("-pk")


def counts(user: Anyone) -> dict[str, int]:
    """How many requests wait for `user` to decide them (`inbox`), and of how many of hers it is not over (`mine`), those
    to be changed among them. Two queries, and one for her limits."""
    is_open = Q(status=RequestStatus.CHANGES) | Q(status=RequestStatus.PENDING, expires_at__gt=clock.now())
    return {"inbox": inbox_of(user).count(), "mine": mine(user).filter(is_open).count()}


def history(request: Request) -> QuerySet[Event]:
    """What happened to a request, newest first: one event a version."""
    return Event.objects.filter(subject_type="request", subject_id=request.pk).order_by("-pk")


def _covered(limit: str, limits: dict[tuple[str, str], Limit]) -> Q:
    """The requests whose amounts are within the limits of this kind."""
    if not limit:
        return Q()
    covered = Q(pk__in=())
    for (kind, currency), most in limits.items():
        if kind == limit and most is not NO_AUTHORITY:
            covered |= Q(currency=currency, amount__lte=most) if isinstance(most, Decimal) else Q(currency=currency)
    return covered
