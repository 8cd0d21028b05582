"""What can be done on the page of a case: one row a verb, each with its address, its key, who may, its form and its service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.http import Http404
from django.utils.functional import Promise as Words
from django.utils.translation import gettext_lazy

from accounts.models import ContactPoint, Hold
from cases import forms
from cases.models import Case, Dispute, Promise
from cases.permissions import CLOSE_DISPUTE, LIFT, VERIFY, WORK
from cases.selectors.desk import CaseDesk
from cases.services import points
from cases.views import doing
from cases.views.doing import Work
from compliance.models import Contact, ContactAgreement, CustomerFlag, OptOut
from staff.models import User
from staff.permissions import may

SAVE = gettext_lazy("Save")


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
    once: bool = False  # it changes nothing that a version tells: the same form sent twice is done once by its key
    gives_away: bool = False  # whether the case may be out of the actor's sight afterwards
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
        gettext_lazy("Call"),
        doing.call,
        (WORK, "compliance.add_contact"),
        forms.CallForm,
        "c",
        gettext_lazy("Ask the gate"),
        about=gettext_lazy("The gate is asked. If it allows, your place under the caps is kept for some minutes."),
    ),
    Verb(
        "contact", gettext_lazy("Log contact"), doing.contact, (WORK, "compliance.add_contact"), forms.ContactForm, "l"
    ),
    Verb(
        "inbound",
        gettext_lazy("Inbound"),
        doing.inbound,
        (WORK, "compliance.add_contact"),
        forms.InboundForm,
        "i",
        closed_too=True,
        about=gettext_lazy("The person came to us: no permission is asked."),
    ),
    Verb(
        "promise",
        gettext_lazy("Promise"),
        doing.promise,
        (WORK, "cases.add_promise"),
        forms.PromiseForm,
        "p",
    ),
    Verb("dispute", gettext_lazy("Dispute"), doing.dispute, (WORK, "cases.add_dispute"), forms.DisputeForm, "d"),
    Verb("hold", gettext_lazy("Hold"), doing.hold, (WORK, "accounts.add_hold"), forms.HoldForm, "h"),
    Verb("follow-up", gettext_lazy("Follow-up"), doing.follow_up, (WORK,), forms.FollowUpForm, "f"),
    Verb(
        "note", gettext_lazy("Note"), doing.note, ("cases.add_note",), forms.NoteForm, "o", closed_too=True, once=True
    ),
    Verb(
        "flag",
        gettext_lazy("Flag"),
        doing.flag,
        (WORK, "compliance.add_customerflag"),
        forms.FlagForm,
        "b",
        closed_too=True,
        once=True,
    ),
    Verb(
        "hours",
        gettext_lazy("Hours"),
        doing.hours,
        (WORK, "compliance.add_contactagreement"),
        forms.HoursForm,
        "g",
        about=gettext_lazy("The hours of contact that the person agreed to, in place of the rule’s."),
        once=True,
    ),
    Verb(
        "contact-point",
        gettext_lazy("Contact point"),
        doing.contact_point,
        (WORK, points.ENTER),
        forms.ContactPointForm,
        "e",
        closed_too=True,
        about=gettext_lazy("A number or address that was learned, also of a lawyer, guardian or executor."),
    ),
    Verb(
        "assign",
        gettext_lazy("Assign"),
        doing.assign,
        ("cases.assign_case",),
        forms.AssignForm,
        "a",
        gives_away=True,
    ),
    Verb("take", gettext_lazy("Take"), doing.take, (WORK,), key="t", fits=lambda desk: desk.case.assignee_id is None),
    Verb(
        "release",
        gettext_lazy("Release"),
        doing.release,
        (WORK,),
        key="x",
        gives_away=True,
        fits=lambda desk: desk.is_mine,
    ),
    Verb(
        "reveal",
        gettext_lazy("Reveal"),
        doing.reveal,
        ("accounts.reveal_contactpoint",),
        forms.ReasonForm,
        target=_of(ContactPoint, "customer"),
        closed_too=True,
        save=gettext_lazy("Show it"),
        about=gettext_lazy("Who saw it and why is recorded. It is shown until you leave the page."),
    ),
    Verb(
        "verify",
        gettext_lazy("Verify"),
        doing.verify,
        (WORK, VERIFY),
        forms.VerifyForm,
        target=_of(ContactPoint, "customer"),
        closed_too=True,
        about=gettext_lazy("It is right, and whose it is as is said here. Who verified it and how is recorded."),
    ),
    Verb(
        "mark-wrong",
        gettext_lazy("Mark wrong"),
        doing.mark_wrong,
        (WORK, VERIFY),
        forms.MarkWrongForm,
        target=_of(ContactPoint, "customer"),
        closed_too=True,
        about=gettext_lazy("Nobody is contacted there until it is verified. Who said so and why is recorded."),
    ),
    Verb(
        "correct",
        gettext_lazy("Correct a contact"),
        doing.correct,
        (WORK, "compliance.add_contact"),
        forms.CorrectForm,
        target=_of(Contact, "customer", corrected_by=None),
        closed_too=True,
        once=True,
    ),
    Verb(
        "recording",
        gettext_lazy("Attach a recording"),
        doing.record,
        ("compliance.add_recording",),
        forms.RecordingForm,
        target=_of(Contact, "customer"),
        closed_too=True,
        once=True,
    ),
    Verb(
        "cancel-promise",
        gettext_lazy("Cancel the promise"),
        doing.cancel_promise,
        (WORK, "cases.change_promise"),
        forms.ReasonForm,
        target=_of(Promise, "case", status="open"),
    ),
    Verb(
        "close-dispute",
        gettext_lazy("Close the dispute"),
        doing.close_dispute,
        CLOSE_DISPUTE,
        forms.CloseDisputeForm,
        target=_of(Dispute, "case", status="open"),
        closed_too=True,
    ),
    Verb(
        "lift",
        gettext_lazy("Lift the hold"),
        doing.lift,
        LIFT,
        forms.LiftForm,
        target=_of(Hold, "account__customer", withdrawn_at=None),
    ),
    Verb(
        "end-flag",
        gettext_lazy("End the flag"),
        doing.end_flag,
        (WORK, "compliance.change_customerflag"),
        forms.ReasonForm,
        target=_of(CustomerFlag, "customer", ended_at=None),
        closed_too=True,
        once=True,
    ),
    Verb(
        "revoke-hours",
        gettext_lazy("Revoke the agreed hours"),
        doing.revoke_hours,
        (WORK, "compliance.add_contactagreement"),
        forms.ReasonForm,
        target=_of(ContactAgreement, "customer", revoked_at=None),
        closed_too=True,
        once=True,
    ),
    Verb(
        "opt-out",
        gettext_lazy("Opt out"),
        doing.opt_out,
        (WORK, "compliance.add_optout"),
        forms.OptOutForm,
        target=_of(ContactPoint, "customer", kind__in=("mobile", "phone", "email", "push")),
        closed_too=True,
        about=gettext_lazy(
            "The person asked not to be contacted there in this way. It holds at once; other ways stay open."
        ),
        once=True,
    ),
    Verb(
        "opt-in",
        gettext_lazy("Withdraw the opt-out"),
        doing.opt_in,
        (WORK, "compliance.change_optout"),
        forms.OptInForm,
        target=_of(OptOut, "customer"),  # of one that is withdrawn already the service says by whom and when
        closed_too=True,
        about=gettext_lazy("Only by a word of the person’s own: say where it is kept."),
        once=True,
    ),
)
BY_CODE = {verb.code: verb for verb in VERBS}
