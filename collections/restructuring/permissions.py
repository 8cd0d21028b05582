"""Which plans someone sees: those of the customers in her scope."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.permissions import customers_visible_to
from restructuring.models import Plan
from staff.permissions import Anyone, scope_of


def plans_visible_to(user: Anyone) -> QuerySet[Plan]:
    """The plans for accounts of the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Plan.objects.all()
    return Plan.objects.filter(customer__in=customers_visible_to(user))
