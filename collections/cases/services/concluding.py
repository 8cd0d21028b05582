"""How every verb on a case ends."""

from __future__ import annotations

from django.db.models import F

from cases.models import Case
from cases.services.waiting import refresh_waits


def conclude(case: Case) -> None:
    """Make other screens of the case stale, and work out anew what it waits for. In the caller's transaction, the case locked."""
    Case.objects.filter(pk=case.pk).update(version=F("version") + 1)
    refresh_waits(customer_ids=[case.customer_id])
