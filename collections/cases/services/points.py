"""The ways to reach a case's customer that are learned, verified or found wrong while the case is worked."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from accounts.models import ContactPoint, Verification
from accounts.services.customers import add_contact_point, verify_contact_point
from cases.models import Case
from cases.permissions import VERIFY
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
    name: str = "",
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
        name=name,
    )
    _changed(case)
    return point


@transaction.atomic
def verify_point(
    *, actor: User, case_id: int, seen_version: int, contact_point_id: int, verification: str, reason: str
) -> ContactPoint:
    """Say that a number or address of the case's customer is right (`Verification.VERIFIED`) or wrong, and how that was found.
    What the case waits for is judged anew. Locks customer, case.

    Raises:
        PermissionDenied: the actor may not.
        StaleScreen: the case changed since the actor read it.
        Conflict: it is so already.
    """
    if not may(actor, VERIFY):
        raise PermissionDenied
    case = lock_case(case_id=case_id, seen_version=seen_version)
    point = ContactPoint.objects.get(pk=contact_point_id, customer=case.customer_id)
    if point.verification == verification:
        raise Conflict(
            _("The contact point is “%(state)s” already. Nothing was changed.")
            % {"state": Verification(verification).label}
        )
    point = verify_contact_point(
        actor=actor, contact_point_id=contact_point_id, verification=verification, reason=reason
    )
    _changed(case)
    return point


def _changed(case: Case) -> None:
    case.version += 1
    case.save(update_fields=["version"])
    refresh_waits(customer_ids=[case.customer_id])
