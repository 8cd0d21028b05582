"""Which requests someone sees, and which kinds she decides."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.permissions import customers_visible_to
from approvals import kinds
from approvals.models import Request
from staff.permissions import Anyone, may, scope_of


def visible_to(user: Anyone) -> QuerySet[Request]:
    """The requests that `user` may know of: her own, and of the kinds that she asks for or decides those about customers
    in her scope or about none; every one for who sees everything."""
    known = Request.objects.filter(kind__in=[kind.code for kind in kinds.registered()])
    if scope_of(user).everything:
        return known
    concerned = [
        kind.code for kind in kinds.registered() if may(user, kind.ask_permission) or may(user, kind.decide_permission)
    ]
    # Looked up for each request: of the customers in her scope there are many, of the requests few.
    in_reach = Q(customer__isnull=True) | Q(Exists(customers_visible_to(user).filter(pk=OuterRef("customer_id"))))
    return known.filter(Q(requested_by=user.pk) | Q(in_reach, kind__in=concerned))


def decided_by(user: Anyone) -> list[kinds.Kind]:
    """The kinds of request that `user` decides, within her authority."""
    return [kind for kind in kinds.registered() if may(user, kind.decide_permission)]
