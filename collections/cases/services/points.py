"""New ways to reach a case's customer, learned while the case is worked."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import ContactPoint
from accounts.services.customers import add_contact_point
from cases.services.versions import lock_case
from cases.services.waiting import refresh_waits
from staff.models import User
from staff.permissions import may

ENTER = "accounts.enter_contactpoint"


@transaction.atomic
def add_point(
    *,
    actor: User,
    case_id: int,
    seen_version: int,
    kind: str,
    value: str,
    source: str,
    relationship: str,
    permitted: bool | None,
) -> ContactPoint:
    """Add a number or address of the case's customer or of who speaks for her; it is not verified yet. What the case waits
    for is judged anew: who is represented may be contacted once the representative is known. Locks customer, case.

    Raises:
        PermissionDenied: the actor may not.
        StaleScreen: the case changed since the actor read it.
        Invalid, Conflict: as `add_contact_point`.
    """
    if not may(actor, ENTER):
        raise PermissionDenied
    case = lock_case(case_id=case_id, seen_version=seen_version)
    point = add_contact_point(
        actor=actor,
        customer_id=case.customer_id,
        kind=kind,
        value=value,
        source=source,
        relationship=relationship,
        permitted=permitted,
    )
    case.version += 1
    case.save(update_fields=["version"])
    refresh_waits(customer_ids=[case.customer_id])
    return point
