"""Locking a case for a change, and refusing a screen that no longer shows what the case holds."""

from __future__ import annotations

from django.db import transaction

from accounts.errors import Conflict
from accounts.services.locks import lock_customer
from audit.models import Event
from cases.errors import StaleScreen
from cases.models import Case, CaseStatus
from runs.said import said as _


@transaction.atomic
def lock_case(*, case_id: int, seen_version: int | None = None, open_only: bool = False) -> Case:
    """Lock a case for the rest of the transaction, its customer first; what is returned is fresh.

    `seen_version` is the version that the actor's screen showed; None where nothing shown matters (a system's own
    change). The caller then changes the case, adds 1 to `version`, and saves both; whatever changes what a case shows
    (its promises, disputes, holds, contacts) does the same and records its event in the same transaction.

    Raises:
        StaleScreen: the version moved since; it says what changed and by whom.
        Conflict: `open_only`, and the case is closed.
        Case.DoesNotExist: there is no such case.
    """
    lock_customer(Case.objects.values_list("customer_id", flat=True).get(pk=case_id))
    case = Case.objects.select_for_update(no_key=True, of=("self",)).get(pk=case_id)
    if seen_version is not None and seen_version != case.version:
        raise StaleScreen(changes_since(case, seen_version))
    if open_only and case.status != CaseStatus.OPEN:
        raise Conflict(
            _("Case %(case)s is closed since %(day)s: nothing is late any more. Reload the page.")
            % {"case": case.ref, "day": case.closed_on}
        )
    return case


def changes_since(case: Case, seen_version: int) -> list[Event]:
    """What happened to the case after `seen_version`, oldest first: the events of the transactions that wrote the later
    versions (`Case.transactions`), so that neither a change that was still uncommitted when the screen was read is
    missing, nor one that the screen showed told again. Of many versions, the last twenty."""
    newer = case.version - seen_version
    # A version never seen on this case (a forged or restored form) tells nothing.
    written = case.transactions[-newer:] if newer > 0 else []
    return list(Event.objects.filter(customer_id=case.customer_id, transaction__in=written).order_by("pk"))
