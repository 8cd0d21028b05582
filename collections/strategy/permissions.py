"""Which treatments and proposals someone sees: those of the customers in her scope."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.permissions import customers_visible_to
from staff.permissions import Anyone, scope_of
from strategy.models import Proposal, Treatment


def treatments_visible_to(user: Anyone) -> QuerySet[Treatment]:
    """What strategies did to the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Treatment.objects.all()
    return Treatment.objects.filter(customer__in=customers_visible_to(user))


def proposals_visible_to(user: Anyone) -> QuerySet[Proposal]:
    """What strategies proposed about the accounts of the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Proposal.objects.all()
    return Proposal.objects.filter(account__customer__in=customers_visible_to(user))
