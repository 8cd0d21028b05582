"""Disputes: opened with what stands still until they are answered, and closed with the answer."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.services.holds import lift_hold, place_hold
from audit.services import record
from cases.models import Case, Dispute, DisputeReason, DisputeStatus
from cases.selectors.terms import dispute_terms
from cases.services.concluding import conclude
from cases.services.contacts import check_contact
from cases.services.holds import accounts_of
from cases.services.judging import judge
from cases.services.versions import lock_case
from runs import clock
from runs.texts import coded
from staff.models import User

LONGEST = 4_000


@transaction.atomic
def open_dispute(
    *,
    actor: User,
    case_id: int,
    seen_version: int,
    reason: str,
    statement: str,
    account_id: int | None = None,
    contact_id: int | None = None,
) -> Dispute:
    """Open a dispute of one account or (None) of all that are late, and place the holds that its reason's terms name.

    They run from today until the dispute closes, whatever the actor's own limit on holds: the terms decide, not she.
    Locks customer → accounts, in order → case.

    Raises:
        StaleScreen: the case changed since `seen_version`.
        Conflict: the case is closed, or the same is in dispute for the same reason already.
        Invalid: an unknown reason, nothing said, another customer's account or contact.
    """
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    if reason not in DisputeReason.values:
        raise Invalid(_("%(reason)s is no reason of disputes.") % {"reason": reason}, "reason")
    statement = _checked(statement, "statement", _("Write down what the debtor says."))
    check_contact(case, contact_id)
    accounts = accounts_of(case, account_id)
    _check_new(case, account_id, reason)
    today = clock.today()
    terms = dispute_terms(reason, today)
    dispute = Dispute.objects.create(
        case=case,
        account_id=account_id,
        contact_id=contact_id,
        reason=reason,
        statement=statement,
        opened_on=today,
        opened_at=clock.now(),
        opened_by=actor,
        opened_by_name=str(actor),
        due_on=today + timedelta(days=terms.answer_days),
    )
    why = coded("dispute-opened", dispute.pk, reason)
    dispute.holds.add(
        *(
            place_hold(actor=actor, account_id=key, kind=kind, starts_on=today, reason=why)
            for key in accounts
            for kind in terms.pauses
        )
    )
    record(
        actor=actor,
        verb="dispute.opened",
        subject=dispute,
        customer_id=case.customer_id,
        account_id=account_id,
        after={"reason": reason, "due_on": dispute.due_on.isoformat(), "pauses": terms.pauses},
    )
    conclude(case)
    return dispute


@transaction.atomic
def close_dispute(*, actor: User, dispute_id: int, seen_version: int, status: str, answer: str) -> Dispute:
    """Close a dispute with its outcome and the answer, and lift its holds from today on. `seen_version` is the case's.

    Those that somebody lifted meanwhile are passed over. Promises that waited for the answer are judged by the ledger. Locks
    customer → accounts, in order → case.

    Raises:
        StaleScreen: the case changed since `seen_version`.
        Conflict: it is closed already.
        Invalid: no outcome, or no answer.
    """
    case = lock_case(
        case_id=Dispute.objects.values_list("case_id", flat=True).get(pk=dispute_id), seen_version=seen_version
    )
    dispute = Dispute.objects.get(pk=dispute_id)
    if dispute.status != DisputeStatus.OPEN:
        raise Conflict(
            _("This dispute is closed already: %(status)s, by %(name)s.")
            % {"status": dispute.get_status_display(), "name": dispute.closed_by_name}
        )
    if status not in DisputeStatus.values or status == DisputeStatus.OPEN:
        raise Invalid(_("Choose how the dispute ends."), "status")
    answer = _checked(answer, "answer", _("Write down the answer that the debtor gets."))
    today = clock.today()
    why = coded("dispute-closed", dispute.pk)
    for hold in dispute.holds.filter(withdrawn_at=None).order_by("account_id", "pk"):
        last_day = today - timedelta(days=1) if hold.starts_on < today else None
        lift_hold(actor=actor, hold_id=hold.pk, last_day=last_day, reason=why)
    dispute.status = status
    dispute.answer = answer
    dispute.closed_at = clock.now()
    dispute.closed_by_name = str(actor)
    dispute.version += 1
    dispute.save(update_fields=["status", "answer", "closed_at", "closed_by_name", "version"])
    record(
        actor=actor,
        verb="dispute.closed",
        subject=dispute,
        customer_id=case.customer_id,
        account_id=dispute.account_id,
        before={"status": DisputeStatus.OPEN},
        after={"status": status},
    )
    conclude(case)
    judge(actor=actor, customer_ids=[case.customer_id])
    return dispute


def _check_new(case: Case, account_id: int | None, reason: str) -> None:
    """A dispute of all the late accounts is one of each of them."""
    same = Dispute.objects.filter(case__customer_id=case.customer_id, status=DisputeStatus.OPEN, reason=reason)
    if account_id is not None:
        same = same.filter(Q(account=None) | Q(account_id=account_id))
    if there := same.order_by("pk").first():
        raise Conflict(
            _(
                "This is in dispute already for the reason “%(reason)s”, since %(day)s. Add a note to that dispute's case."
            )
            % {"reason": there.get_reason_display(), "day": there.opened_on.isoformat()}
        )


def _checked(text: str, field: str, missing: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid(missing, field)
    if len(text) > LONGEST:
        raise Invalid(
            _("This is %(count)d characters long; it may have %(most)d.") % {"count": len(text), "most": LONGEST}, field
        )
    return text
