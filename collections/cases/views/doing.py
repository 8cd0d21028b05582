"""What each verb of the case page does: one service, in the words that it answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint, Relationship, Verification
from accounts.services.reveal import reveal_contact_point
from approvals.models import Request
from cases import forms
from cases.errors import told
from cases.models import Case, CaseStatus, Promise, PromiseStatus
from cases.services import assigning, beyond, contacts, disputes, follow_ups, holds, notes, points, promises
from cases.services.versions import changes_since, lock_case
from compliance.models import Contact, ContactDecision, Outcome, Purpose
from compliance.services import agreements, flags, opt_outs, recordings, register
from runs import clock
from staff.models import User


class Refused(Invalid):
    """The gate refused; the decision is recorded."""

    def __init__(self, decision: ContactDecision, message: str) -> None:
        super().__init__(message, "contact_point")
        self.decision = decision


@dataclass(frozen=True)
class Work:
    """One action as it was asked for: by whom, on which case as last seen, with which values, about what."""

    actor: User
    case: Case
    seen_version: int
    data: dict[str, Any]
    form: forms.ActionForm | None = None
    target: Any = None

    @property
    def seen(self) -> dict[str, Any]:
        return {"actor": self.actor, "case_id": self.case.pk, "seen_version": self.seen_version}


def _now_at(case: Case) -> int:
    """The version that this transaction brought the case to: it holds the lock."""
    return Case.objects.values_list("version", flat=True).get(pk=case.pk)


# Contacts


def _asked(work: Work, point: ContactPoint, channel: str) -> contacts.Answer:
    third = point.relationship in ("", Relationship.CONTACT_PERSON)
    return contacts.ask_to_contact(
        actor=work.actor,
        case_id=work.case.pk,
        contact_point_id=point.pk,
        channel=channel,
        purpose=Purpose.LOCATE if third else Purpose.COLLECTION,
    )


def _refusal(answer: contacts.Answer) -> Refused:
    return Refused(answer.decision, _("The gate refused: nothing may be started here now."))


def call(work: Work) -> str:
    answer = _asked(work, _point(work.case, work.data["contact_point"]), work.data["channel"])
    if not answer.decision.allowed:
        raise _refusal(answer)
    if answer.decision.reserved_until is None:
        return _("Allowed.")
    return _("Allowed: your place is kept until %(moment)s.") % {
        "moment": date_format(timezone.localtime(answer.decision.reserved_until), "H:i")
    }


def contact(work: Work) -> str:
    data = work.data
    with transaction.atomic():
        # Asked and entered in one: what is not saved keeps no place. A refusal stays recorded.
        decision_id = data.get("decision")
        if not decision_id:
            answer = _asked(work, _point(work.case, data["contact_point"]), data["channel"])
            decision_id = answer.decision.pk if answer.decision.allowed else None
        if decision_id:
            return _further(work, contacts.log_contact(**work.seen, decision_id=decision_id, **_outcome(data)))
    raise _refusal(answer)


def inbound(work: Work) -> str:
    data = work.data
    point = int(data["contact_point"]) if data["contact_point"] else None
    with transaction.atomic():
        contact = contacts.log_inbound(**work.seen, channel=data["channel"], contact_point_id=point, **_outcome(data))
        return _further(work, contact)


def _outcome(data: dict[str, Any]) -> dict[str, Any]:
    given = {name: data[name] for name in ("outcome", "seconds", "note", "follow_up_on")}
    day = data["call_back_on"]
    return given | {"call_back": contacts.CallBack(day, data["call_back_at"]) if day else None}


def _further(work: Work, contact: Contact) -> str:
    """The promise or dispute of the conversation, in its transaction."""
    inner = work.form.inner if isinstance(work.form, forms.ContactForm | forms.InboundForm) else None
    if inner is None:
        said = _("Logged: %(outcome)s.") % {"outcome": contact.get_outcome_display()}
        if work.data["follow_up_on"] is None and contacts.follow_up_is_due(work.case):
            said = _with_follow_up(said, work.case, contact)
        if work.case.status == CaseStatus.OPEN and (back := work.data["call_back_on"]) is not None:
            said = _("%(said)s The call is asked for on %(day)s.") % {"said": said, "day": back.isoformat()}
        return said
    further = Work(work.actor, work.case, _now_at(work.case), inner.cleaned_data, inner)
    return (promise if isinstance(inner, forms.PromiseForm) else dispute)(further, contact)


def _with_follow_up(said: str, case: Case, contact: Contact) -> str:
    """What was said, and what became of the follow-up that was due."""
    if contact.outcome == Outcome.NOT_MADE:
        return said
    told = (
        _("%(said)s The follow-up of %(day)s is done and taken off.")
        if contacts.answers_follow_up(case, contact)
        else _("%(said)s The follow-up of %(day)s stays, for the next working day.")
    )
    return told % {"said": said, "day": case.follow_up_on}


def _point(case: Case, key: Any) -> ContactPoint:
    return ContactPoint.objects.get(pk=key, customer=case.customer_id)


def correct(work: Work) -> str:
    made = register.correct_contact(actor=work.actor, contact_id=work.target.pk, **work.data)
    promised = Promise.objects.filter(contact__decision=made.decision_id, status=PromiseStatus.OPEN)
    if made.outcome != Outcome.PROMISE and promised.exists():
        return _("Corrected. The promise taken in that contact still stands: cancel it if none was made.")
    return _("Corrected.")


def record(work: Work) -> str:
    recordings.attach(actor=work.actor, contact_id=work.target.pk, **work.data)
    return _("Recording attached.")


def reveal(work: Work) -> str:
    return reveal_contact_point(actor=work.actor, contact_point_id=work.target.pk, reason=work.data["reason"])


# Promises, disputes, holds


def promise(work: Work, contact: Contact | None = None) -> str:
    assert isinstance(work.form, forms.PromiseForm)
    given: dict[str, Any] = {
        **work.seen,
        "instalments": work.form.instalments,
        "account_id": _account(work.data),
        "contact_id": contact.pk if contact else None,
        "note": work.data["note"],
    }
    if work.data["beyond"] and work.form.last_beyond:
        beyond.ask(**given)
        return _("The promise is asked for: another person decides, and nothing is promised until then.")
    made = promises.take_promise(**given)
    return _("Promise taken: %(amount)s by %(day)s.") % {
        "amount": f"{made.currency} {made.amount:,.2f}",
        "day": work.form.instalments[-1][0].isoformat(),
    }


def cancel_promise(work: Work) -> str:
    promises.cancel_promise(
        actor=work.actor, promise_id=work.target.pk, seen_version=work.seen_version, reason=work.data["reason"]
    )
    return _("Promise cancelled.")


def dispute(work: Work, contact: Contact | None = None) -> str:
    made = disputes.open_dispute(
        **work.seen,
        reason=work.data["reason"],
        statement=work.data["statement"],
        account_id=_account(work.data),
        contact_id=contact.pk if contact else None,
    )
    return _("Dispute opened: answer due on %(day)s.") % {"day": made.due_on.isoformat()}


def close_dispute(work: Work) -> str:
    disputes.close_dispute(actor=work.actor, dispute_id=work.target.pk, seen_version=work.seen_version, **work.data)
    return _("Dispute closed.")


def hold(work: Work) -> str:
    data = {**work.data, "account_id": _account(work.data)}
    data.pop("account")
    if not holds.place(**work.seen, **data):
        return _("The deferral is asked for: another person decides.")
    return _("Hold placed.")


def lift(work: Work) -> str:
    if isinstance(holds.lift(**work.seen, hold_id=work.target.pk, **work.data), Request):
        return _("The end of the deferral is asked for: another person decides.")
    last = work.data["last_day"]
    if last is not None and last >= clock.today():
        return _("The hold ends with %(day)s: until then it holds.") % {"day": last.isoformat()}
    return _("Hold lifted.")


def _account(data: dict[str, Any]) -> int | None:
    return int(data["account"]) if data["account"] else None


# The person


def flag(work: Work) -> str:
    flags.place_flag(actor=work.actor, customer_id=work.case.customer_id, **work.data)
    return _("Flag placed.")


def end_flag(work: Work) -> str:
    flags.end_flag(actor=work.actor, flag_id=work.target.pk, reason=work.data["reason"])
    return _("Flag ended.")


def hours(work: Work) -> str:
    agreements.agree_hours(actor=work.actor, customer_id=work.case.customer_id, **work.data)
    return _("Agreed hours recorded.")


def revoke_hours(work: Work) -> str:
    agreements.revoke(actor=work.actor, agreement_id=work.target.pk, reason=work.data["reason"])
    return _("Agreed hours revoked.")


def contact_point(work: Work) -> str:
    point = points.add_point(**work.seen, **work.data)
    return _("Contact point added: %(kind)s %(value)s.") % {
        "kind": point.get_kind_display(),
        "value": point.masked_value,
    }


def verify(work: Work) -> str:
    points.verify_point(
        **work.seen, contact_point_id=work.target.pk, verification=Verification.VERIFIED, reason=work.data["reason"]
    )
    return _("Verified: %(value)s.") % {"value": work.target.masked_value}


def mark_wrong(work: Work) -> str:
    points.verify_point(
        **work.seen, contact_point_id=work.target.pk, verification=Verification.WRONG, reason=work.data["reason"]
    )
    return _("Marked wrong: %(value)s.") % {"value": work.target.masked_value}


def opt_out(work: Work) -> str:
    made = opt_outs.opt_out(actor=work.actor, contact_point_id=work.target.pk, source="staff", **work.data)
    if made is None:
        raise Conflict(_("The customer withdrew an opt-out here this moment. Look at the page again."))
    return _("Opted out of %(channel)s there.") % {"channel": made.get_channel_display()}


def opt_in(work: Work) -> str:
    opt_outs.opt_in_again(actor=work.actor, opt_out_id=work.target.pk, **work.data)
    return _("Opt-out withdrawn.")


# The work


def note(work: Work) -> str:
    notes.add_note(actor=work.actor, case_id=work.case.pk, text=work.data["text"], file=work.data["file"])
    # A note overwrites nothing and decides nothing: it is taken, and what it could not know of is said.
    changes = changes_since(Case.objects.get(pk=work.case.pk), work.seen_version)
    if changes:
        return _("Note added. The case changed since you opened it (%(changes)s): look at it before you go on.") % {
            "changes": told(changes)
        }
    return _("Note added.")


def follow_up(work: Work) -> str:
    if work.data["on"] is None:
        follow_ups.clear(**work.seen)
        return _("Follow-up taken off.")
    follow_ups.schedule(**work.seen, on=work.data["on"], note=work.data["note"])
    return _("Follow-up on %(day)s.") % {"day": work.data["on"].isoformat()}


def take(work: Work) -> str:
    assigning.take(**work.seen)
    return _("The case is yours.")


def release(work: Work) -> str:
    assigning.release(**work.seen)
    return _("The case is back with the team.")


def assign(work: Work) -> str:
    to = User.objects.get(pk=work.data["to"]) if work.data["to"] else None
    with transaction.atomic():
        lock_case(case_id=work.case.pk, seen_version=work.seen_version)  # a stale screen is told as one
        done = assigning.assign(actor=work.actor, case_ids=[work.case.pk], to=to)
    if done.refused:
        raise Invalid(done.refused[0][1], "to")
    return _("Assigned to %(name)s.") % {"name": to} if to else _("The case is back with the team.")
