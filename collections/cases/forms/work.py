"""Notes, follow-ups, flags, agreed hours, and who works the case."""

from __future__ import annotations

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactKind, Relationship
from cases.forms.base import ActionForm, choices_field, date_field, reason_field, text_field
from cases.selectors.people import takers_for
from compliance.models import Channel, FlagKind
from compliance.services.opt_outs import channels_of
from runs import clock


class NoteForm(ActionForm):
    text = text_field(_("Note"), rows=5, most=4000)
    file = forms.FileField(
        label=_("Document"),
        required=False,
        help_text=_("PDF, JPEG or PNG: what was sent in, or what was written down."),
    )


class FollowUpForm(ActionForm):
    on = date_field(_("On"), required=False, help_text=_("Blank: take the follow-up off."))
    note = forms.CharField(label=_("What for"), max_length=200, required=False)

    def prepare(self) -> None:
        self.initial.setdefault("on", self.desk.case.follow_up_on)
        self.initial.setdefault("note", self.desk.case.follow_up_note)


class FlagForm(ActionForm):
    kind = forms.ChoiceField(label=_("What is so"), choices=[("", "–"), *FlagKind.choices])
    from_on = date_field(_("From"))
    until_on = date_field(_("Last day"), required=False, help_text=_("Blank: until it is ended."))
    evidence = text_field(_("Evidence"), help_text=_("What was seen or said, by whom, when."))
    evidence_file = forms.FileField(
        label=_("Document"), required=False, validators=[FileExtensionValidator(["pdf", "png", "jpg", "jpeg"])]
    )

    def prepare(self) -> None:
        self.initial.setdefault("from_on", clock.today())


class HoursForm(ActionForm):
    opens = forms.TimeField(label=_("From"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    closes = forms.TimeField(label=_("Until"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    from_on = date_field(_("First day"))
    until_on = date_field(_("Last day"), required=False, help_text=_("Blank: until it is revoked."))
    evidence = text_field(_("Evidence"), help_text=_("How and when the person agreed."))

    def prepare(self) -> None:
        self.initial.setdefault("from_on", clock.today())


class ContactPointForm(ActionForm):
    """A number or address that was learned; of the representative's too, who speaks for a customer who is represented."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[("", "–"), *ContactKind.choices])
    value = forms.CharField(label=_("Number or address"), max_length=500)
    relationship = forms.ChoiceField(
        label=_("Whose it is"), required=False, choices=[("", _("Not known")), *Relationship.choices]
    )
    name = forms.CharField(
        label=_("Who is reached there"),
        max_length=200,
        required=False,
        help_text=_("The name of a contact person or a representative."),
    )
    source = forms.CharField(
        label=_("Where it came from"), max_length=100, help_text=_("Who gave it, when: “told on the telephone today”.")
    )
    permitted = forms.TypedChoiceField(
        label=_("Use permitted"),
        required=False,
        choices=[("", _("Not known")), ("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda given: given == "yes",
        empty_value=None,
        help_text=_("Whether the person agreed that it is used. Until that is known nobody is contacted there."),
    )


class VerifyForm(ActionForm):
    """That the contact point is right; `target` is it."""

    reason = reason_field(_("How it was verified"))
    reason.help_text = _("Who confirmed it, how and when: “called, answered with name and date of birth”.")


class MarkWrongForm(ActionForm):
    """That it is not; `target` is the contact point."""

    reason = reason_field(_("How it was found wrong"))
    reason.help_text = _("What was heard or seen there, and when: “a shop answered, has had the number for years”.")


class OptOutForm(ActionForm):
    """What the person asked not to get any more; `target` is the contact point."""

    channel = choices_field(_("What stops"))
    evidence = text_field(
        _("Evidence"), most=300, help_text=_("Where the person’s words are kept: which call, which message.")
    )

    def prepare(self) -> None:
        offered = channels_of(self.target, self.desk.case.customer.jurisdiction)
        self.fields["channel"].choices = [(one, Channel(one).label) for one in offered]  # type: ignore[attr-defined]  # a choice field
        if len(offered) == 1:
            self.initial.setdefault("channel", offered[0])


class OptInForm(ActionForm):
    evidence = text_field(
        _("Evidence"), most=300, help_text=_("Where the person’s words are kept: which call, which message.")
    )


class AssignForm(ActionForm):
    to = forms.ChoiceField(label=_("To"), required=False)

    def prepare(self) -> None:
        people = [(one.pk, str(one)) for one in takers_for(self.desk.user, [self.desk.case])]
        self.fields["to"].choices = [("", _("Nobody: back to the team")), *people]  # type: ignore[attr-defined]  # a choice field
        self.initial.setdefault("to", self.desk.case.assignee_id)
