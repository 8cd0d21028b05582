"""What happened to a record, for its page of changes in the admin."""

from __future__ import annotations

import functools
from typing import Any

from django import template
from django.db import models

from accounts.models import Account, Bill, ContactPoint, Customer, Hold, Payment
from accounts.models.customers import Origin
from audit.models import Event
from audit.selectors import events_of

register = template.Library()

SHOWN = 200
# An import tells of what it loads at its account or customer, not row by row.
_LOADED = ("account.loaded", "customer.loaded", "contact-points.loaded")
_BY_IMPORT = (Customer, ContactPoint, Account, Bill, Payment, Hold)


@register.simple_tag
def events_of_record(record: models.Model) -> list[Event]:
    """The latest events of a record, newest first, and last the import that it came by. They hold personal data only masked
    (`audit.services`); that the reader sees the record itself is the page's to ask."""
    if not isinstance(record.pk, int):
        return []
    customer_id = _customer_of(record)
    kind = record._meta.model_name or ""
    found = list(events_of(subject_type=kind, subject_id=record.pk, customer_id=customer_id)[:SHOWN])
    if isinstance(record, _BY_IMPORT) and (not found or getattr(record, "origin", "") == Origin.IMPORTED):
        known = {event.pk for event in found}
        found += [event for event in _import_of(record, customer_id) if event.pk not in known]
    return found


def _import_of(record: Any, customer_id: int | None) -> list[Event]:
    account_id = record.pk if isinstance(record, Account) else getattr(record, "account_id", None)
    loaded = Event.objects.filter(customer_id=customer_id, verb__in=_LOADED, at__gte=record.recorded_at)
    of = loaded.filter(subject_type="customer") if account_id is None else loaded.filter(account_id=account_id)
    return list(of.order_by("pk")[:1])


def _customer_of(record: models.Model) -> int | None:
    """The key of the customer to whom the record leads, itself or by what it refers to; None where it leads to nobody."""
    found: Any = record
    for name in _path(type(record)) or ("nobody",):
        found = getattr(found, name, None)
    return found


@functools.cache
def _path(model: type[models.Model]) -> tuple[str, ...] | None:
    """The shortest way over foreign keys from a model's rows to their customer's key."""
    seen = {model}
    ways: list[tuple[type[models.Model], tuple[str, ...]]] = [(model, ())]
    if model is Customer:
        return ("pk",)
    while ways:
        (here, way), *ways = ways
        for field in here._meta.concrete_fields:
            to = field.related_model
            if to is Customer:
                return (*way, field.attname)
            if isinstance(to, type) and to not in seen:
                seen.add(to)
                ways.append((to, (*way, field.name)))
    return None
