"""By which references a customer is found: her own, an account's, and what floors above register in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Q, QuerySet

from accounts.models import Account, Customer

# Given a reference, the keys of the customers of what bears it, as `customer_id` of whatever rows.
Bearers = Callable[[str], QuerySet[Customer, int]]

_bearers: list[Bearers] = []


def on_reference(bearers: Bearers) -> None:
    """Register whose references name a customer too."""
    if bearers not in _bearers:
        _bearers.append(bearers)


def named(ref: str) -> Q:
    """Of customers, those whom a whole reference names."""
    found = Q(ref=ref) | Q(pk__in=Account.objects.filter(ref=ref).values("customer_id"))
    for bearers in _bearers:
        found |= Q(pk__in=bearers(ref))
    return found
