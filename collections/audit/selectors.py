"""Reads of the record."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from audit.models import Event


def timeline(*, customer_id: int) -> QuerySet[Event]:
    """What happened to a customer and all that is theirs, newest first. Slice it: the index serves the first page."""
    return Event.objects.filter(customer_id=customer_id).order_by("-id")


def events() -> QuerySet[Event]:
    """Everything, newest first."""
    return Event.objects.order_by("-id")


def events_of(*, subject_type: str, subject_id: int, customer_id: int | None) -> QuerySet[Event]:
    """What happened to one record, newest first; `customer_id`: whose it is, if anybody's, for the index to serve."""
    whose = Q(customer_id=None) if customer_id is None else Q(customer_id=None) | Q(customer_id=customer_id)
    return Event.objects.filter(whose, subject_type=subject_type, subject_id=subject_id).order_by("-id")
