"""Reads of requests: what somebody may decide, what she asked for, how much of it waits, and what happened to one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, Count, Min, Q, QuerySet, When

from approvals import kinds
from approvals.models import OPEN, Bulk, Delegation, Request, RequestStatus, Unread
from approvals.permissions import visible_to
from approvals.seats import Seat, in_force, seats_of
from audit.models import Event
from runs import clock
from staff.models import User
from staff.permissions import Anyone, may


@dataclass(frozen=True)
class Waiting:
    """How many requests of a kind wait, since when the oldest, and how many end soon undecided."""

    kind: kinds.Kind
    number: int
    oldest: datetime
    expiring: int


def inbox_of(user: Anyone, seats: Sequence[Seat] | None = None) -> QuerySet[Request]:
    """What `user` may decide now, herself or for whom she stands in, the first to expire first: in scope and within
    authority, never her own, nor from a seat what its holder asked for.

    The queryset asks once; `seats` are `seats_of` the user, where the caller has them.
    """
    decided = _decided_from(user, seats_of(user) if seats is None else seats)
    return pending(Request.objects.filter(decided)).order_by("expires_at", "pk")


def page_of_inbox(found: QuerySet[Request], *, first: int, size: int, number: int) -> QuerySet[Request]:
    """Of `number` requests in `found`, which are in the inbox's order, `size` from the row `first` on (the first is 0), each with
    its customer. One query.

    The keys are found alone, from whichever end is nearer: whether a request is in somebody's reach is asked of each that is
    passed over, and a customer would be joined to each.
    """
    last = min(first + size, number)
    nearer = found if first <= number - last else found.reverse()
    span = slice(first, last) if nearer is found else slice(number - last, number - first)
    page = Request.objects.filter(pk__in=nearer.values("pk")[span])
    return page.select_related("customer").order_by(*found.query.order_by)


def pending(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Those that wait for a decision and may still get one."""
    return requests.filter(status=RequestStatus.PENDING, expires_at__gt=clock.now())


def mine(user: Anyone) -> QuerySet[Request]:
    """What `user` asked for, newest first."""
    known = [kind.code for kind in kinds.registered()]
    return Request.objects.filter(requested_by=user.pk, kind__in=known).order_by("-pk")


def came_back(user: Anyone) -> QuerySet[Request]:
    """What `user` asked for and somebody sent back, as long as it may be asked again, or decided, or nobody in time, until
    she has looked at it; what is to be changed first, then the newest."""
    to_change = Q(status=RequestStatus.CHANGES, expires_at__gt=clock.now())
    unread = Q(pk__in=Unread.objects.filter(author=user.pk).values("request"))
    return mine(user).filter(to_change | unread).order_by(Case(When(to_change, then=0), default=1), "-pk")


def waiting(requests: QuerySet[Request]) -> list[Waiting]:
    """What waits among `requests`, by kind, in the kinds' order. One query."""
    return _by_kind(pending(requests).order_by().values("kind").annotate(**_figures()))


def overview(user: Anyone, seats: Sequence[Seat]) -> dict[str, list[Waiting]]:
    """What waits, by kind, of all that `user` may know of (`all`), of what she may decide (`inbox`) and of what she asked for
    (`mine`): one pass for the three of them."""
    # Of what she may know of, what is not hers is within her reach, unless she stands in for others too.
    reached = all(seat.is_own for seat in seats)
    hers, own = _decided_from(user, seats, reached=reached), Q(requested_by=user.pk)
    # Grouped by and not filtered with: what is asked of each request is asked once.
    marked = pending(visible_to(user, seats)).annotate(
        inbox=Case(When(hers, then=True), default=False), mine=Case(When(own, then=True), default=False)
    )
    rows = list(marked.order_by().values("kind", "inbox", "mine").annotate(**_figures()))
    return {
        "inbox": _by_kind(row for row in rows if row["inbox"]),
        "mine": _by_kind(row for row in rows if row["mine"]),
        "all": _by_kind(rows),
    }


def _figures() -> dict[str, Any]:
    return {"number": Count("pk"), "oldest": Min("requested_at"), "expiring": Count("pk", filter=expiring_soon())}


def _by_kind(rows: Iterable[Any]) -> list[Waiting]:
    """Figures of parts of kinds, together by kind."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["kind"], []).append(row)
    return [
        Waiting(
            kind,
            sum(row["number"] for row in parts),
            min(row["oldest"] for row in parts),
            sum(row["expiring"] for row in parts),
        )
        for kind in kinds.registered()
        if (parts := found.get(kind.code))
    ]


def _decided_from(user: Anyone, seats: Sequence[Seat], *, reached: bool = False) -> Q:
    """With `reached`, of requests known to be within the reach of every seat."""
    decided = Q(pk__in=())
    for seat in seats:
        decided |= Q(seat.covered(), Q() if reached else seat.reach()) & ~Q(requested_by=seat.person.pk)
    return decided & ~Q(requested_by=user.pk)


def expiring_soon() -> Q:
    """The requests whose end is nearer than their kind warns of it."""
    now = clock.now()
    found = Q(pk__in=())
    for ahead, codes in kinds.together(kinds.registered(), lambda kind: kind.warn_before).items():
        found |= Q(kind__in=codes, expires_at__lte=now + ahead)
    return found


def waits_for(user: Anyone) -> list[Waiting]:
    """What waits for `user` to decide it, by kind."""
    seats = seats_of(user)
    return waiting(inbox_of(user, seats)) if seats else []


def open_request(kind: str, subject: models.Model) -> Request | None:
    """The one request of this kind about `subject` that waits or was sent back, if there is one."""
    return Request.objects.filter(
        kind=kind, subject_type=subject._meta.model_name, subject_id=subject.pk, status__in=OPEN
    ).first()


def history(request: Request) -> QuerySet[Event]:
    """What happened to a request, newest first: one event a version."""
    return Event.objects.filter(subject_type="request", subject_id=request.pk).order_by("-pk")


def delegations_seen_by(user: User) -> QuerySet[Delegation]:
    """The delegations that `user` gave or got; all of them for who may see them all. Newest first."""
    if may(user, "approvals.view_delegation") or may(user, "approvals.change_delegation"):
        return Delegation.objects.all()
    return Delegation.objects.filter(Q(delegator=user) | Q(deputy=user))


def stood_in_for(user: Anyone) -> list[Delegation]:
    """The delegations by which `user` is the one who is away today."""
    return list(in_force(clock.today()).filter(delegator=user.pk)) if user.pk else []


def bulks_of(user: User) -> QuerySet[Bulk]:
    """What `user` decided with one press; nobody sees another's."""
    return Bulk.objects.filter(actor=user)
