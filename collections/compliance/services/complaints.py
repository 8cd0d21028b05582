"""Complaints: opened with a deadline, handed to who answers, closed with an answer; never by the person they are about."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.services.locks import lock_customer
from audit.models import Event
from audit.services import Actor, record
from compliance.models import (
    Channel,
    Complaint,
    ComplaintReason,
    ComplaintStatus,
    ComplaintTerms,
    Contact,
)
from runs import clock
from runs.bulk import reserve_keys
from staff.models import User


@transaction.atomic
def add_terms(*, actor: Actor, reason: str, answer_days: int, effective_from: date, source: str) -> ComplaintTerms:
    """Put a deadline in force from a date on, for one reason or, blank, for every other. Earlier ones stay as they were.

    Raises:
        Conflict: see `check_terms`.
    """
    check_terms(reason=reason, effective_from=effective_from)
    terms = ComplaintTerms.objects.create(
        reason=reason, answer_days=answer_days, effective_from=effective_from, source=source
    )
    record(
        actor=actor,
        verb="complaint-terms.added",
        subject=terms,
        after={"reason": reason, "answer_days": answer_days, "effective_from": effective_from, "source": source},
    )
    return terms


def check_terms(*, reason: str, effective_from: date) -> None:
    """Refuse a deadline whose date is taken.

    Raises:
        Conflict: one for this reason starts on that day already.
    """
    if ComplaintTerms.objects.filter(reason=reason, effective_from=effective_from).exists():
        raise Conflict(
            _("A deadline for this reason starts on %(day)s already. Choose another day.") % {"day": effective_from}
        )


@transaction.atomic
def open_complaint(
    *,
    actor: Actor,
    customer_id: int,
    reason: str,
    channel: str,
    text: str,
    received_on: date,
    about_id: int | None = None,
    contact_id: int | None = None,
    handler_id: int | None = None,
) -> Complaint:
    """Enter a complaint; its deadline is that of its reason on the day it came. Locks the customer.

    One about a contact is about who made it, unless somebody else is named.

    Raises:
        Invalid: no text, a day to come, a contact of another customer, or no such reason, channel or person.
        Conflict: no deadline is set for complaints.
    """
    lock_customer(customer_id)
    if reason not in ComplaintReason.values:
        raise Invalid(_("There is no reason “%(reason)s”. Choose one of the list.") % {"reason": reason}, "reason")
    if channel not in Channel.values:
        raise Invalid(_("There is no channel “%(channel)s”. Choose one of the list.") % {"channel": channel}, "channel")
    if not text.strip():
        raise Invalid(_("Say what the person complains about, in the person's own words where you can."), "text")
    if received_on > clock.today():
        raise Invalid(
            _("It cannot have come on %(day)s: that day is still to come.") % {"day": received_on}, "received_on"
        )
    if contact_id is not None:
        contact = Contact.objects.filter(pk=contact_id, customer_id=customer_id).first()
        if contact is None:
            raise Invalid(_("That contact is not this customer's. Choose one of the list, or none."), "contact")
        about_id = about_id or contact.actor_id
    _check_handler(about_id, handler_id)
    days = answer_days(reason, received_on)
    (key,) = reserve_keys(Complaint, 1)
    complaint = Complaint.objects.create(
        pk=key,
        ref=f"CP{key:08d}",
        customer_id=customer_id,
        reason=reason,
        channel=channel,
        contact_id=contact_id,
        about_id=about_id,
        handler_id=handler_id,
        received_on=received_on,
        due_on=received_on + timedelta(days=days),
        text=text.strip(),
        recorded_at=clock.now(),
        recorded_by_name=str(actor)[:150],
    )
    record(
        actor=actor,
        verb="complaint.opened",
        subject=complaint,
        customer_id=customer_id,
        after={
            "reason": reason,
            "channel": channel,
            "received_on": received_on,
            "due_on": complaint.due_on,
            "about": about_id and str(complaint.about),
            "contact": contact_id,
            "handler": handler_id and str(complaint.handler),
        },
    )
    return complaint


@transaction.atomic
def hand_to(*, actor: Actor, complaint_id: int, seen_version: int, handler_id: int) -> Complaint:
    """Give a complaint to who shall answer it. Locks customer, then complaint.

    Raises:
        Conflict: it changed since `seen_version`, is closed, is about `actor`, or is handled by that person already.
        Invalid: the person is the one it is about, or does not work here now.
    """
    complaint = _locked(complaint_id, seen_version)
    _check_others(actor, complaint)
    _check_handler(complaint.about_id, handler_id)
    if complaint.handler_id == handler_id:
        raise Conflict(_("%(name)s handles this complaint already.") % {"name": complaint.handler})
    before = str(complaint.handler) if complaint.handler else None
    complaint.handler = User.objects.get(pk=handler_id)
    complaint.version += 1
    complaint.save(update_fields=["handler", "version"])
    record(
        actor=actor,
        verb="complaint.handed",
        subject=complaint,
        customer_id=complaint.customer_id,
        before={"handler": before},
        after={"handler": str(complaint.handler)},
    )
    return complaint


@transaction.atomic
def close_complaint(*, actor: Actor, complaint_id: int, seen_version: int, status: str, answer: str) -> Complaint:
    """Close a complaint with its outcome and the answer that was given. Locks customer, then complaint.

    Raises:
        Conflict: it changed since `seen_version`, is closed, or is about `actor`.
        Invalid: no answer, or no such outcome.
    """
    complaint = _locked(complaint_id, seen_version)
    _check_others(actor, complaint)
    if status not in ComplaintStatus.values or status == ComplaintStatus.OPEN:
        raise Invalid(_("Choose the outcome: upheld, in part, not upheld or withdrawn."), "status")
    if not answer.strip():
        raise Invalid(_("Write what the person was answered."), "answer")
    complaint.status, complaint.answer = status, answer.strip()
    complaint.closed_at, complaint.closed_by_name = clock.now(), str(actor)[:150]
    complaint.version += 1
    complaint.save(update_fields=["status", "answer", "closed_at", "closed_by_name", "version"])
    record(
        actor=actor,
        verb="complaint.closed",
        subject=complaint,
        customer_id=complaint.customer_id,
        before={"status": ComplaintStatus.OPEN},
        after={"status": status, "in_time": clock.today() <= complaint.due_on},
    )
    return complaint


def answer_days(reason: str, on: date) -> int:
    """Within how many days a complaint of this reason that came on `on` is to be answered.

    Raises:
        Conflict: nothing is set.
    """
    dated = list(ComplaintTerms.objects.filter(reason__in=[reason, ""], effective_from__lte=on))
    # The reason's own before the one for every other, the later before the earlier.
    found = max(dated, key=lambda terms: (terms.reason == reason, terms.effective_from), default=None)
    if found is None:
        raise Conflict(
            _("No deadline for complaints is in force on %(day)s. Ask the administrator to add one.") % {"day": on}
        )
    return found.answer_days


def _check_others(actor: Actor, complaint: Complaint) -> None:
    """Nobody decides, or says who decides, about herself."""
    if actor.pk is not None and complaint.about_id == actor.pk:
        raise Conflict(_("This complaint is about you: somebody else has to answer it."))


def _check_handler(about_id: int | None, handler_id: int | None) -> None:
    if about_id is not None and not User.objects.filter(pk=about_id).exists():
        raise Invalid(_("Nobody of that name works here. Choose one of the list."), "about")
    if handler_id is None:
        return
    if handler_id == about_id:
        raise Invalid(_("The complaint is about this person. Choose somebody else to answer it."), "handler")
    if not User.objects.filter(pk=handler_id, is_active=True, is_staff=True).exists():
        raise Invalid(_("This person does not work here now. Choose somebody else."), "handler")


def _locked(complaint_id: int, seen_version: int) -> Complaint:
    """The complaint, locked behind its customer; still open, and still what the actor read."""
    lock_customer(Complaint.objects.values_list("customer_id", flat=True).get(pk=complaint_id))
    complaint = (
        Complaint.objects.select_for_update(no_key=True, of=("self",))
        .select_related("about", "handler")
        .get(pk=complaint_id)
    )
    if complaint.version != seen_version:
        last = Event.objects.filter(
            customer_id=complaint.customer_id, subject_type="complaint", subject_id=complaint_id
        )
        who = last.order_by("-id").values_list("actor_name", flat=True).first() or "?"
        raise Conflict(
            _(
                "%(name)s changed this complaint meanwhile. Here it is as it stands now; repeat your change if it still fits."
            )
            % {"name": who}
        )
    if complaint.status != ComplaintStatus.OPEN:
        raise Conflict(_("%(name)s closed this complaint already.") % {"name": complaint.closed_by_name})
    return complaint
