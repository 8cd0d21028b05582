"""Which customers someone sees. The floor above that knows the cases registers who they are in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from accounts.models import Customer
from staff.models import User
from staff.permissions import Anyone, scope_of, who_see

# Given a user, the keys of the customers she sees, as `customer_id` of whatever rows; asked only of those who do not see
# everything.
Reach = Callable[[Anyone], QuerySet[Customer, int]]
# Given a customer's key, the staff whose scope takes her in.
Reached = Callable[[int], QuerySet[User]]

_reach: list[Reach] = []
_reached: list[Reached] = []


def on_reach(reach: Reach) -> None:
    """Register what says whom someone with a limited scope sees."""
    if reach not in _reach:
        _reach.append(reach)


def customers_visible_to(user: Anyone) -> QuerySet[Customer]:
    """The customers that `user` may know of: all, those that a registered floor names, or none."""
    if scope_of(user).everything:
        return Customer.objects.all()
    found = Customer.objects.none()
    for reach in _reach:
        found = found | Customer.objects.filter(pk__in=reach(user))
    return found


def sees(user: Anyone, customer: OuterRef) -> Q:
    """Of rows of an outer query set, those whose `customer` (a key) `user` may know of, looked up row by row: for few rows of
    somebody who sees many customers. PostgreSQL may read an EXISTS among alternatives for all customers at once instead, which
    takes a second with a million of them."""
    if scope_of(user).everything:
        return Q()
    found = Q(pk__in=())
    for reach in _reach:
        hers = reach(user).order_by().filter(customer_id=customer)[:1]  # type: ignore[misc]  # of whatever rows
        found |= Q(IsNull(Subquery(hers), False))
    return found


def on_reached(reached: Reached) -> None:
    """Register what says who sees a customer: the same question from the other side."""
    if reached not in _reached:
        _reached.append(reached)


def who_reaches(customer_id: int) -> QuerySet[User]:
    """The staff in whose scope a customer is, for one who asks who may decide about her."""
    found = who_see([])
    for reached in _reached:
        found = found | reached(customer_id)
    return found
