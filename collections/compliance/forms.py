"""What people enter about contacts, recordings and complaints. The services check what it means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from accounts.uploads import SOUNDS
from compliance.models import Channel, Complaint, ComplaintReason, ComplaintStatus, Contact, Outcome
from compliance.outcomes import possible
from compliance.permissions import handlers, staff_in_reach
from runs import clock
from runs.forms import DayInput, SaysWhatIsMissing
from staff.models import User
from staff.permissions import Anyone

CONTACTS_OFFERED = 50


def _words(rows: int = 3, **attributes: str) -> forms.Textarea:
    return forms.Textarea({"rows": rows, "class": "form-control", **attributes})


def _file(kinds: dict[str, str]) -> forms.FileInput:
    return forms.FileInput(
        {"class": "form-control", "accept": ",".join([*kinds, *(f".{end}" for end in kinds.values())])}
    )


class RecordingForm(SaysWhatIsMissing, forms.Form):
    """A recording of a contact: a file or a link."""

    file = forms.FileField(label=_("File (WAV, MP3, M4A, OGG, FLAC, WebM)"), required=False, widget=_file(dict(SOUNDS)))
    link = forms.URLField(label=_("or a link (https)"), required=False, max_length=200, assume_scheme="https")
    name = forms.CharField(label=_("Name"), required=False, max_length=120)


class CorrectContactForm(SaysWhatIsMissing, forms.Form):
    """What stands in the place of a wrong entry of the register."""

    outcome = forms.ChoiceField(label=_("Outcome"))
    seconds = forms.IntegerField(label=_("Seconds"), required=False, min_value=0, max_value=24 * 60 * 60)
    note = forms.CharField(label=_("Note"), required=False, widget=_words(), max_length=4000)
    reason = forms.CharField(label=_("What was wrong"), max_length=300)

    def __init__(self, *args: Any, contact: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outcome"].choices = [("", "–"), *outcome_choices(contact.channel, contact.direction)]  # type: ignore[attr-defined]  # a choice field


def outcome_choices(channel: str, direction: str) -> list[tuple[str, Any]]:
    """The outcomes that fit, with their words."""
    words = dict(Outcome.choices)
    return [(code, words[code]) for code in possible(channel, direction)]


class ContactChoice(forms.ModelChoiceField):
    """A contact as one remembers it: when, how, who."""

    def label_from_instance(self, obj: Contact) -> str:
        when = timezone.localtime(obj.at)
        return f"{when:%Y-%m-%d %H:%M} · {obj.get_channel_display()} · {obj.get_outcome_display()} · {obj.actor_name}"


class ComplaintForm(SaysWhatIsMissing, forms.Form):
    """What a customer complains about. Who may answer complaints also says who shall."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", "–"), *ComplaintReason.choices])
    channel = forms.ChoiceField(label=_("Came by"), choices=Channel, initial=Channel.VOICE)
    received_on = forms.DateField(label=_("Received on"), initial=clock.today, widget=DayInput())
    text = forms.CharField(label=_("What was said"), widget=_words(6), max_length=8000)
    contact = ContactChoice(
        label=_("About the contact"), required=False, queryset=Contact.objects.none(), empty_label=_("None of them")
    )
    about = forms.ModelChoiceField(
        label=_("About the member of staff"),
        required=False,
        queryset=User.objects.none(),
        empty_label=_("Who made the contact, or nobody"),
    )
    handler = forms.ModelChoiceField(
        label=_("Handled by"), required=False, queryset=User.objects.none(), empty_label=_("Nobody yet")
    )

    def __init__(self, *args: Any, customer: Customer, user: Anyone, names_handler: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = Contact.objects.filter(customer=customer).order_by("-at").values("pk")[:CONTACTS_OFFERED]
        self.fields["contact"].queryset = Contact.objects.filter(pk__in=latest).order_by("-at")  # type: ignore[attr-defined]  # a model choice field
        made_by = Contact.objects.filter(pk__in=latest, actor__isnull=False).values("actor")
        self.fields["about"].queryset = (staff_in_reach(user) | User.objects.filter(pk__in=made_by)).order_by(  # type: ignore[attr-defined]  # a model choice field
            "display_name", "username"
        )
        if names_handler:
            self.fields["handler"].queryset = handlers()  # type: ignore[attr-defined]  # a model choice field
        else:
            del self.fields["handler"]


class HandOverForm(SaysWhatIsMissing, forms.Form):
    """Who shall answer it, from the screen of a certain version."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    handler = forms.ModelChoiceField(label=_("To"), queryset=User.objects.none(), empty_label="–")

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = complaint.version
        others = handlers().exclude(pk__in=[key for key in (complaint.about_id, complaint.handler_id) if key])
        self.fields["handler"].queryset = others  # type: ignore[attr-defined]  # a model choice field


class CloseForm(SaysWhatIsMissing, forms.Form):
    """How a complaint ended and what was answered, from the screen of a certain version."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    status = forms.ChoiceField(
        label=_("Outcome"), choices=[("", "–"), *(choice for choice in ComplaintStatus.choices if choice[0] != "open")]
    )
    answer = forms.CharField(label=_("What the person was answered"), widget=_words(6), max_length=8000)

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = complaint.version
