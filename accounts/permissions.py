"""Which customers someone sees. The floor above that knows the cases registers who they are in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet

from accounts.models import Customer
from staff.permissions import Anyone, scope_of

# Given a user, the keys of the customers she sees; asked only of those who do not see everything.
Reach = Callable[[Anyone], QuerySet[Customer, int]]

_reach: list[Reach] = []


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
