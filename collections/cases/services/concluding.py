"""How every verb on a case ends, and what else makes its screens stale."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F

from audit.services import Actor
from cases.models import Case, CaseStatus
from cases.services.waiting import refresh_waits


def follow_statuses(actor: Actor, customer_ids: Sequence[int]) -> None:
    """Make screens of the open cases of these customers stale: they show their accounts' statuses. The customers are locked."""
    Case.objects.filter(customer__in=customer_ids, status=CaseStatus.OPEN).update(version=F("version") + 1)


def conclude(case: Case) -> None:
    """Make other screens of the case stale, and work out anew what it waits for. In the caller's transaction, the case locked."""
    Case.objects.filter(pk=case.pk).update(version=F("version") + 1)
    refresh_waits(customer_ids=[case.customer_id])
