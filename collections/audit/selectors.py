"""Reads of the record."""

from __future__ import annotations

from django.db.models import QuerySet

from audit.models import Event


def timeline(*, customer_id: int) -> QuerySet[Event]:
    """What happened to a customer and all that is theirs, newest first. Slice it: the index serves the first page."""
    return Event.objects.filter(customer_id=customer_id).order_by("-id")


def events() -> QuerySet[Event]:
    """Everything, newest first."""
    return Event.objects.order_by("-id")
