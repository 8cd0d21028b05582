"""Which cases ask for something today: one rule for who takes the next one and for the page of a case."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from runs import clock


def due(today: date) -> Q:
    """What is true of a case with something to do on `today` that nobody has done yet: its follow-up is due and nobody was in
    contact on that day, or its promise was broken and nobody was in contact on a later day. Days are the lender's."""
    contacted_on = TruncDate("contacted_at", tzinfo=timezone.get_default_timezone())
    return Q(follow_up_on__lte=today) & (Q(contacted_at=None) | Q(contacted_at__lt=clock.begins(today))) | Q(
        promise_broken_on__isnull=False
    ) & (Q(contacted_at=None) | Q(promise_broken_on__gte=contacted_on))
