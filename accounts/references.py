"""By which references a customer is found: her own, an account's, and what floors above register in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db.models import Q, QuerySet

from accounts.models import Account, Customer
from accounts.permissions import customers_visible_to
from staff.permissions import Anyone

# Given a reference, the keys of the customers of what bears it, as `customer_id` of whatever rows.
Bearers = Callable[[str], QuerySet[Customer, int]]

_bearers: list[Bearers] = []


def on_reference(bearers: Bearers) -> None:
    """Register whose references name a customer too."""
    if bearers not in _bearers:
        _bearers.append(bearers)


def typed(text: str) -> str:
    """The reference that somebody typed. It has no NUL, and PostgreSQL's texts hold none."""
    return text.replace("\0", "").strip()


def customer_named(ref: str, user: Anyone) -> Customer | None:
    """The customer whom `user` may know of and whom a whole reference names."""
    return customers_visible_to(user).filter(_named(ref)).order_by("pk").first() if ref else None


def keys_named(ref: str) -> QuerySet[Customer, int]:
    """The keys of the customers whom a whole reference names, whoever asks: for who may read of all."""
    return Customer.objects.filter(_named(typed(ref))).values_list("pk", flat=True)


def refs_of(customer_ids: Collection[int]) -> dict[int, str]:
    """Customers' references by their keys."""
    return dict(Customer.objects.filter(pk__in=customer_ids).values_list("pk", "ref"))


def _named(ref: str) -> Q:
    found = Q(ref=ref) | Q(pk__in=Account.objects.filter(ref=ref).values("customer_id"))
    for bearers in _bearers:
        found |= Q(pk__in=bearers(ref))
    return found
