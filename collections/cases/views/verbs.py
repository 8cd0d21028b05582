"""What can be done on the page of a case: one row a verb, each with its address, its key, who may, its form and its service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.http import Http404
from django.utils.formats import date_format
from django.utils.functional import Promise as Words
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _later

from accounts.errors import Invalid
from accounts.models import ContactPoint, Hold, Relationship
from accounts.services.reveal import reveal_contact_point
from cases import forms
from cases.models import Case, Dispute, Promise
from cases.selectors.desk import CaseDesk
from cases.services import assigning, contacts, disputes, follow_ups, holds, notes, promises
from cases.services.versions import lock_case
from compliance.models import Contact, ContactAgreement, ContactDecision, CustomerFlag, Purpose
from compliance.services import agreements, flags, recordings, register
from staff.models import User
from staff.permissions import may

WORK = "cases.work_case"
SAVE = _later("Save")


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


@dataclass(frozen=True)
class Verb:
    """`do` says what was done. Without `form` it is done at once. `target`: what of the case the address names besides."""

    code: str
    label: str | Words
    do: Callable[[Work], str]
    permissions: tuple[str, ...]
    form: type[forms.ActionForm] | None = None
    key: str = ""
    save: str | Words = SAVE
    target: Callable[[Case, int], Model] | None = None
    closed_too: bool = False  # whether it makes sense once the case is closed
    fits: Callable[[CaseDesk], bool] = lambda desk: True
    about: str | Words = ""

    @property
    def name(self) -> str:
        """Of its address."""
        return f"case-{self.code}"

    @property
    def asks(self) -> bool:
        return self.form is not None

    def may(self, user: User) -> bool:
        return all(may(user, permission) for permission in self.permissions)

    def is_offered(self, desk: CaseDesk) -> bool:
        return (desk.is_open or self.closed_too) and self.fits(desk) and self.may(desk.user)


def _now_at(case: Case) -> int:
    """The version that this transaction brought the case to: it holds the lock."""
    return Case.objects.values_list("version", flat=True).get(pk=case.pk)


# Contacts


def _ask(work: Work, point: ContactPoint, channel: str) -> contacts.Answer:
    third = point.relationship in ("", Relationship.CONTACT_PERSON)
    answer = contacts.ask_to_contact(
        actor=work.actor,
        case_id=work.case.pk,
        contact_point_id=point.pk,
        channel=channel,
        purpose=Purpose.LOCATE if third else Purpose.COLLECTION,
    )
    if not answer.decision.allowed:
        raise Refused(answer.decision, _("The gate refused: nothing may be started here now."))
    return answer


def _call(work: Work) -> str:
    answer = _ask(work, _point(work.case, work.data["contact_point"]), work.data["channel"])
    if answer.decision.reserved_until is None:
        return _("Allowed.")
    return _("Allowed: your place is kept until %(moment)s.") % {
        "moment": date_format(answer.decision.reserved_until, "H:i")
    }


def _contact(work: Work) -> str:
    data = work.data
    decision_id = data.get("decision")
    if not decision_id:
        decision_id = _ask(work, _point(work.case, data["contact_point"]), data["channel"]).decision.pk
    with transaction.atomic():
        contact = contacts.log_contact(**work.seen, decision_id=decision_id, **_outcome(data))
        return _further(work, contact)


def _inbound(work: Work) -> str:
    data = work.data
    point = int(data["contact_point"]) if data["contact_point"] else None
    with transaction.atomic():
        contact = contacts.log_inbound(**work.seen, channel=data["channel"], contact_point_id=point, **_outcome(data))
        return _further(work, contact)


def _outcome(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in ("outcome", "seconds", "note", "follow_up_on")}


def _further(work: Work, contact: Contact) -> str:
    """The promise or dispute of the conversation, in its transaction."""
    inner = work.form.inner if isinstance(work.form, forms.ContactForm | forms.InboundForm) else None
    if inner is None:
        return _("Logged: %(outcome)s.") % {"outcome": contact.get_outcome_display()}
    further = Work(work.actor, work.case, _now_at(work.case), inner.cleaned_data, inner)
    return (_promise if isinstance(inner, forms.PromiseForm) else _dispute)(further, contact)


def _point(case: Case, key: Any) -> ContactPoint:
    return ContactPoint.objects.get(pk=key, customer=case.customer_id)


def _correct(work: Work) -> str:
    register.correct_contact(actor=work.actor, contact_id=work.target.pk, **work.data)
    return _("Corrected.")


def _record(work: Work) -> str:
    recordings.attach(actor=work.actor, contact_id=work.target.pk, **work.data)
    return _("Recording attached.")


def _reveal(work: Work) -> str:
    return reveal_contact_point(actor=work.actor, contact_point_id=work.target.pk, reason=work.data["reason"])


# Promises, disputes, holds


def _promise(work: Work, contact: Contact | None = None) -> str:
    assert isinstance(work.form, forms.PromiseForm)
    made = promises.take_promise(
        **work.seen,
        instalments=work.form.instalments,
        account_id=_account(work.data),
        contact_id=contact.pk if contact else None,
        note=work.data["note"],
    )
    return _("Promise taken: %(amount)s by %(day)s.") % {
        "amount": f"{made.amount:,.2f}",
        "day": work.form.instalments[-1][0].isoformat(),
    }


def _cancel_promise(work: Work) -> str:
    promises.cancel_promise(
        actor=work.actor, promise_id=work.target.pk, seen_version=work.seen_version, reason=work.data["reason"]
    )
    return _("Promise cancelled.")


def _dispute(work: Work, contact: Contact | None = None) -> str:
    made = disputes.open_dispute(
        **work.seen,
        reason=work.data["reason"],
        statement=work.data["statement"],
        account_id=_account(work.data),
        contact_id=contact.pk if contact else None,
    )
    return _("Dispute opened: answer due on %(day)s.") % {"day": made.due_on.isoformat()}


def _close_dispute(work: Work) -> str:
    disputes.close_dispute(actor=work.actor, dispute_id=work.target.pk, seen_version=work.seen_version, **work.data)
    return _("Dispute closed.")


def _hold(work: Work) -> str:
    data = {**work.data, "account_id": _account(work.data)}
    data.pop("account")
    holds.place(**work.seen, **data)
    return _("Hold placed.")


def _lift(work: Work) -> str:
    holds.lift(**work.seen, hold_id=work.target.pk, **work.data)
    return _("Hold lifted.")


def _account(data: dict[str, Any]) -> int | None:
    return int(data["account"]) if data["account"] else None


# The person


def _flag(work: Work) -> str:
    flags.place_flag(actor=work.actor, customer_id=work.case.customer_id, **work.data)
    return _("Flag placed.")


def _end_flag(work: Work) -> str:
    flags.end_flag(actor=work.actor, flag_id=work.target.pk, reason=work.data["reason"])
    return _("Flag ended.")


def _hours(work: Work) -> str:
    agreements.agree_hours(actor=work.actor, customer_id=work.case.customer_id, **work.data)
    return _("Agreed hours recorded.")


def _revoke_hours(work: Work) -> str:
    agreements.revoke(actor=work.actor, agreement_id=work.target.pk, reason=work.data["reason"])
    return _("Agreed hours revoked.")


# The work


def _note(work: Work) -> str:
    notes.add_note(actor=work.actor, case_id=work.case.pk, text=work.data["text"])
    return _("Note added.")


def _follow_up(work: Work) -> str:
    if work.data["on"] is None:
        follow_ups.clear(**work.seen)
        return _("Follow-up taken off.")
    follow_ups.schedule(**work.seen, on=work.data["on"], note=work.data["note"])
    return _("Follow-up on %(day)s.") % {"day": work.data["on"].isoformat()}


def _take(work: Work) -> str:
    assigning.take(**work.seen)
    return _("The case is yours.")


def _release(work: Work) -> str:
    assigning.release(**work.seen)
    return _("The case is back with the team.")


def _assign(work: Work) -> str:
    to = User.objects.get(pk=work.data["to"]) if work.data["to"] else None
    with transaction.atomic():
        lock_case(case_id=work.case.pk, seen_version=work.seen_version)  # a stale screen is told as one
        done = assigning.assign(actor=work.actor, case_ids=[work.case.pk], to=to)
    if done.refused:
        raise Invalid(done.refused[0][1], "to")
    return _("Assigned to %(name)s.") % {"name": to} if to else _("The case is back with the team.")


def _of(model: type[Model], link: str, **wanted: Any) -> Callable[[Case, int], Model]:
    """What of the case, or of its customer, has a key; 404 if nothing has it or it is over."""

    def find(case: Case, key: int) -> Model:
        owner = case.pk if link == "case" else case.customer_id
        found = model._default_manager.filter(pk=key, **{link: owner}, **wanted).first()
        if found is None:
            raise Http404
        return found

    return find


# In the order of the panel; those with a target stand beside what they act on.
VERBS = (
    Verb(
        "call",
        _later("Call"),
        _call,
        (WORK, "compliance.add_contact"),
        forms.CallForm,
        "c",
        _later("Ask the gate"),
        about=_later("The gate is asked. If it allows, your place under the caps is kept for some minutes."),
    ),
    Verb("contact", _later("Log contact"), _contact, (WORK, "compliance.add_contact"), forms.ContactForm, "l"),
    Verb(
        "inbound",
        _later("Inbound"),
        _inbound,
        (WORK, "compliance.add_contact"),
        forms.InboundForm,
        "i",
        closed_too=True,
        about=_later("The person came to us: no permission is asked."),
    ),
    Verb(
        "promise",
        _later("Promise"),
        _promise,
        (WORK, "cases.add_promise"),
        forms.PromiseForm,
        "p",
        about=_later("An open promise is replaced."),
    ),
    Verb("dispute", _later("Dispute"), _dispute, (WORK, "cases.add_dispute"), forms.DisputeForm, "d"),
    Verb("hold", _later("Hold"), _hold, (WORK, "accounts.add_hold"), forms.HoldForm, "h"),
    Verb("follow-up", _later("Follow-up"), _follow_up, (WORK,), forms.FollowUpForm, "f"),
    Verb("note", _later("Note"), _note, ("cases.add_note",), forms.NoteForm, "o", closed_too=True),
    Verb("flag", _later("Flag"), _flag, (WORK, "compliance.add_customerflag"), forms.FlagForm, "b", closed_too=True),
    Verb(
        "hours",
        _later("Hours"),
        _hours,
        (WORK, "compliance.add_contactagreement"),
        forms.HoursForm,
        "g",
        about=_later("The hours of contact that the person agreed to, in place of the rule’s."),
    ),
    Verb("assign", _later("Assign"), _assign, ("cases.assign_case",), forms.AssignForm, "a"),
    Verb("take", _later("Take"), _take, (WORK,), key="t", fits=lambda desk: desk.case.assignee_id is None),
    Verb("release", _later("Release"), _release, (WORK,), key="x", fits=lambda desk: desk.is_mine),
    Verb(
        "reveal",
        _later("Reveal"),
        _reveal,
        ("accounts.reveal_contactpoint",),
        forms.ReasonForm,
        target=_of(ContactPoint, "customer"),
        closed_too=True,
        save=_later("Show it"),
        about=_later("Who saw it and why is recorded. It is shown until you leave the page."),
    ),
    Verb(
        "correct",
        _later("Correct a contact"),
        _correct,
        (WORK, "compliance.add_contact"),
        forms.CorrectForm,
        target=_of(Contact, "customer", corrected_by=None),
        closed_too=True,
    ),
    Verb(
        "recording",
        _later("Attach a recording"),
        _record,
        ("compliance.add_recording",),
        forms.RecordingForm,
        target=_of(Contact, "customer"),
        closed_too=True,
    ),
    Verb(
        "cancel-promise",
        _later("Cancel the promise"),
        _cancel_promise,
        (WORK, "cases.change_promise"),
        forms.ReasonForm,
        target=_of(Promise, "case", status="open"),
    ),
    Verb(
        "close-dispute",
        _later("Close the dispute"),
        _close_dispute,
        ("cases.change_dispute",),
        forms.CloseDisputeForm,
        target=_of(Dispute, "case", status="open"),
        closed_too=True,
    ),
    Verb(
        "lift",
        _later("Lift the hold"),
        _lift,
        (WORK, "accounts.change_hold"),
        forms.LiftForm,
        target=_of(Hold, "account__customer", withdrawn_at=None),
    ),
    Verb(
        "end-flag",
        _later("End the flag"),
        _end_flag,
        (WORK, "compliance.change_customerflag"),
        forms.ReasonForm,
        target=_of(CustomerFlag, "customer", ended_at=None),
        closed_too=True,
    ),
    Verb(
        "revoke-hours",
        _later("Revoke the agreed hours"),
        _revoke_hours,
        (WORK, "compliance.add_contactagreement"),
        forms.ReasonForm,
        target=_of(ContactAgreement, "customer", revoked_at=None),
        closed_too=True,
    ),
)
BY_CODE = {verb.code: verb for verb in VERBS}
