"""Which requests someone sees, and what is attached to them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from approvals import kinds
from approvals.models import Attachment, Request
from approvals.seats import Seat, in_reach, seats_of
from staff.permissions import Anyone, may, scope_of


def visible_to(user: Anyone, seats: Sequence[Seat] | None = None) -> QuerySet[Request]:
    """The requests that `user` may know of: her own, of the kinds that she asks for or decides those about customers
    in her scope or about none, and what those may decide whom she stands in for; every one for who sees everything.

    `seats` are `seats_of` the user, where the caller has them.
    """
    known = Request.objects.filter(kind__in=[kind.code for kind in kinds.registered()])
    if scope_of(user).everything:
        return known
    concerned = [
        kind.code for kind in kinds.registered() if may(user, kind.ask_permission) or may(user, kind.decide_permission)
    ]
    seen = Q(requested_by=user.pk) | Q(in_reach(user), kind__in=concerned)
    for seat in seats_of(user) if seats is None else seats:
        if not seat.is_own:
            seen |= Q(seat.reach(), kind__in=[kind.code for kind in seat.kinds])
    return known.filter(seen)


def attachments_visible_to(user: Anyone) -> QuerySet[Attachment]:
    """What is attached to the requests that `user` may know of."""
    return Attachment.objects.filter(request__in=visible_to(user))
