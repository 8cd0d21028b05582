"""Asking to contact, and logging what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.forms.base import ActionForm, choices_field, date_field, reason_field, text_field
from cases.forms.debt import DisputeForm, PromiseForm
from cases.selectors.desk import Reach
from compliance.models import Channel, Outcome
from compliance.outcomes import INBOUND, possible
from compliance.rules import KINDS

# The commonest first: the first nine have a digit as their key.
_ORDER = (
    Outcome.NO_ANSWER,
    Outcome.SWITCHED_OFF,
    Outcome.RIGHT_PARTY,
    Outcome.PROMISE,
    Outcome.REFUSED,
    Outcome.DISPUTE,
    Outcome.THIRD_PERSON,
    Outcome.WRONG_NUMBER,
    Outcome.CALL_BACK,
)
# What a collector does by hand; everything else goes out through the outbox.
BY_HAND = (Channel.VOICE, Channel.SMS, Channel.CHAT, Channel.VISIT, Channel.EMAIL, Channel.LETTER)


def outcomes(channel: str, direction: str = "outbound") -> list[tuple[str, Any]]:
    codes = possible(channel, direction)
    common = [code.value for code in _ORDER if code.value in codes]
    return [(code, Outcome(code).label) for code in (*common, *(code for code in codes if code not in common))]


def _reach_choices(reaches: Iterable[Reach], channel: str) -> list[tuple[str, str]]:
    return [
        (str(reach.point.pk), " · ".join(filter(None, (reach.contact.masked, reach.point.get_relationship_display()))))
        for reach in reaches
        if reach.point.kind in KINDS.get(channel, ())
    ]


class LengthField(forms.CharField):
    """How long a call took: seconds, or minutes and seconds as 2:41."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Length"),
            required=False,
            max_length=8,
            widget=forms.TextInput({"inputmode": "numeric", "placeholder": "2:41", "autocomplete": "off"}),
            **kwargs,
        )

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        found = re.fullmatch(r"(?:(\d{1,3}):)?(\d{1,5})", text.strip())
        if not found or (found[1] and int(found[2]) > 59):
            raise ValidationError(
                gettext("“%(value)s” is no length: write seconds, as 161, or minutes and seconds, as 2:41.")
                % {"value": text}
            )
        return int(found[1] or 0) * 60 + int(found[2])


class ChannelForm(ActionForm):
    """A form by channel: which contact points and outcomes there are hangs on it. It is chosen by a link, not in the form."""

    channels: tuple[str, ...] = BY_HAND
    channel = forms.ChoiceField(choices=Channel.choices, widget=forms.HiddenInput)

    @property
    def present_channel(self) -> str:
        given = self.data.get("channel") if self.is_bound else self.initial.get("channel")
        return given if given in self.channels else Channel.VOICE

    def prepare(self) -> None:
        self.initial["channel"] = self.present_channel

    @property
    def tabs(self) -> list[tuple[str, Any, bool]]:
        return [(code, Channel(code).label, code == self.present_channel) for code in self.channels]


def _offered(form: ChannelForm) -> list[tuple[Any, Reach]]:
    """Each contact point to choose with what the gate says of it."""
    reaches = {str(reach.point.pk): reach for reach in form.desk.reaches_by(form.present_channel)}
    return [(radio, reaches[str(radio.data["value"])]) for radio in form["contact_point"]]


def _choose_first(form: ChannelForm, choices: list[tuple[str, Any]]) -> None:
    """Where the choice is plain: the only one, or of telephones the one to call first."""
    if len(choices) == 1 or (choices and form.present_channel == Channel.VOICE):
        form.initial.setdefault("contact_point", choices[0][0])


class CallForm(ChannelForm):
    """Which contact point the gate is asked about."""

    channels = tuple(channel for channel in BY_HAND if KINDS.get(channel))
    contact_point = choices_field(_("Contact point"))

    def prepare(self) -> None:
        super().prepare()
        choices: list[tuple[str, Any]] = list(_reach_choices(self.desk.reaches, self.present_channel))
        self.fields["contact_point"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        _choose_first(self, choices)

    @property
    def title(self) -> str:
        return str(Channel(self.present_channel).label)

    @property
    def offers_nothing(self) -> bool:
        """Whether there is nobody to ask about."""
        return not self.fields["contact_point"].choices  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def offered(self) -> list[tuple[Any, Reach]]:
        return _offered(self)


class _OutcomeForm(ChannelForm):
    """What came of a contact; a promise or a dispute is entered with it."""

    direction = "outbound"
    offered: list[tuple[Any, Reach]] | None = None  # where no permission is asked, the gate has nothing to say
    contact_point = forms.ChoiceField(label=_("Contact point"))
    outcome = choices_field(_("Outcome"))
    call_back_on = date_field(_("Call back on"), required=False)
    call_back_at = forms.TimeField(
        label=_("At"),
        required=False,
        widget=forms.TimeInput({"type": "time"}, "%H:%M"),
        help_text=_("On the customer’s clock. Blank: at any hour."),
    )
    seconds = LengthField()
    follow_up_on = date_field(_("Follow-up"), required=False)
    note = text_field(_("Note"), required=False)

    def prepare(self) -> None:
        super().prepare()
        self.fields["contact_point"].choices = self.point_choices()  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["outcome"].choices = outcomes(self.present_channel, self.direction)  # type: ignore[attr-defined]  # a choice field
        data = self.data if self.is_bound else None
        self.promise = PromiseForm(
            data, desk=self.desk, prefix="promise", initial=self.initial.get("promise"),
        )  # fmt: skip
        self.dispute = DisputeForm(data, desk=self.desk, prefix="dispute", initial=self.initial.get("dispute"))

    def clean(self) -> dict[str, Any]:
        """Who asks to be called back says when; what was typed for another outcome does not count."""
        data = super().clean() or self.cleaned_data
        if data.get("outcome") != Outcome.CALL_BACK:
            for name in ("call_back_on", "call_back_at"):
                self.errors.pop(name, None)
                data[name] = None
        elif self.desk.is_open and data.get("call_back_on") is None and "call_back_on" not in self.errors:
            self.add_error("call_back_on", ValidationError(forms.Field.default_error_messages["required"], "required"))
        return data

    def point_choices(self) -> list[tuple[str, Any]]:
        return list(_reach_choices(self.desk.reaches, self.present_channel))

    @property
    def inner(self) -> PromiseForm | DisputeForm | None:
        """The form of what the outcome asks for besides."""
        outcome = self.cleaned_data.get("outcome")
        if outcome == Outcome.PROMISE:
            return self.promise
        return self.dispute if outcome == Outcome.DISPUTE else None

    def is_valid(self) -> bool:
        own = super().is_valid()
        inner = self.inner if self.is_bound else None
        return (inner is None or inner.is_valid()) and own


class ContactForm(_OutcomeForm):
    contact_point = choices_field(_("Contact point"))
    decision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def prepare(self) -> None:
        reserved = self.desk.reservation
        if reserved is not None and not self.is_bound:
            self.initial = {**self.initial, "channel": reserved["channel"], "decision": reserved["id"]}
        super().prepare()
        if self.reserved is not None:
            del self.fields["contact_point"]
        else:
            _choose_first(self, self.point_choices())

    @property
    def offered(self) -> list[tuple[Any, Reach]] | None:  # type: ignore[override]  # read anew, where it is asked
        return _offered(self) if "contact_point" in self.fields else None

    @cached_property
    def reserved(self) -> dict[str, Any] | None:
        """The contact that was asked for and allowed, which this logs."""
        given = self.data.get("decision") if self.is_bound else self.initial.get("decision")
        return self.desk.reserved_under(str(given)) if given else None

    def clean_decision(self) -> int | None:
        """The one that holds now; without any the gate is asked as it is saved."""
        return self.reserved["id"] if self.reserved else None


class InboundForm(_OutcomeForm):
    direction = "inbound"
    channels = tuple(channel for channel in BY_HAND if channel in INBOUND)

    def point_choices(self) -> list[tuple[str, Any]]:
        return [("", _("Another, or not known")), *super().point_choices()]

    def prepare(self) -> None:
        super().prepare()
        self.fields["contact_point"].required = False


class CorrectForm(ActionForm):
    """What a contact that was logged wrong should have said; `target` is the contact."""

    outcome = choices_field(_("Outcome"))
    seconds = LengthField()
    note = text_field(_("Note"), required=False)
    reason = reason_field(_("Why it is corrected"))

    def prepare(self) -> None:
        contact = self.target
        self.fields["outcome"].choices = outcomes(contact.channel, contact.direction)  # type: ignore[attr-defined]  # a choice field
        for name in ("outcome", "seconds", "note"):
            self.initial.setdefault(name, getattr(contact, name))


class RecordingForm(ActionForm):
    file = forms.FileField(label=_("File"), required=False)
    link = forms.URLField(label=_("Or a link"), required=False, assume_scheme="https")
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
