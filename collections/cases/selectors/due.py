"""Which cases ask for something today: one rule for who takes the next one and for the page of a case."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from runs import clock


def due(now: datetime, today: date) -> Q:
    """What is true of a case with something to do on `today`, at `now`, that nobody has done yet: its customer is to be called
    back, its follow-up is due and nobody was in contact on that day, or its promise was broken and nobody was in contact on a
    later day. Days are the lender's."""
    contacted_on = TruncDate("contacted_at", tzinfo=timezone.get_default_timezone())
    untouched = Q(contacted_at=None) | Q(contacted_at__lt=clock.begins(today))
    return (
        called_back(now, today)
        | Q(follow_up_on__lte=today) & untouched
        | Q(promise_broken_on__isnull=False) & (Q(contacted_at=None) | Q(promise_broken_on__gte=contacted_on))
    )


def called_back(now: datetime, today: date) -> Q:
    """What is true of a case whose customer is to be called back at `now`: her hour has come, and nobody tried since on `today`.
    An attempt that did not reach her lets it rest for the day."""
    tried_before = Q(contacted_at__lt=clock.begins(today)) | Q(contacted_at__lt=F("call_back_at"))
    return Q(call_back_at__lte=now) & (Q(contacted_at=None) | tried_before)
