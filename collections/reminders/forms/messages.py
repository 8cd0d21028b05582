"""What people enter about messages and channels. The services check what it means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reminders.models import ChannelControl, ChannelState
from reminders.services.reviewing import LONGEST_NUMBER, LONGEST_REASON
from runs.forms import SaysWhatIsMissing


class ReasonForm(SaysWhatIsMissing, forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, widget=forms.Textarea({"rows": 2, "class": "form-control"})
    )


class MarkSentForm(ReasonForm):
    """That a message did go, and how one knows."""

    provider_id = forms.CharField(
        label=_("The provider's number"),
        required=False,
        max_length=LONGEST_NUMBER,
        help_text=_("As its console shows it; receipts find the message by it"),
    )
    field_order = ("provider_id", "reason")


class UndoForm(ReasonForm):
    """Why what was entered for a print batch is taken back, and what the screen showed of it."""

    seen_state = forms.CharField(widget=forms.HiddenInput)


class AttachForm(ReasonForm):
    """Which message a receipt is about."""

    message_id = forms.IntegerField(
        label=_("Message"),
        min_value=1,
        max_value=2**63 - 1,
        help_text=_("The number in the address of its page"),
    )
    field_order = ("message_id", "reason")


class KeepWithForm(ReasonForm):
    """Whom a receipt is about."""

    customer_ref = forms.CharField(label=_("A customer's, an account's or a case's reference"), max_length=64)
    field_order = ("customer_ref", "reason")


class ChannelForm(ReasonForm):
    """What is changed about a channel, as it stood on the screen."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, control: ChannelControl, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = control.mark

    def renew(self, control: ChannelControl) -> None:
        """Let the next try speak of the channel as it is shown now."""
        if self.is_bound:
            self.data = {**self.data, "seen": control.mark}


class StateForm(ChannelForm):
    """What a channel shall do from now on; what it does already is not offered."""

    state = forms.ChoiceField(label=_("From now on"), choices=ChannelState)
    field_order = ("state", "reason")

    def __init__(self, *args: Any, control: ChannelControl, **kwargs: Any) -> None:
        super().__init__(*args, control=control, **kwargs)
        if not self.is_bound:
            others = [choice for choice in ChannelState.choices if choice[0] != control.state]
            self.fields["state"].choices = others  # type: ignore[attr-defined]  # a choice field


class BoundsForm(ChannelForm):
    """How fast and how wide a channel sends."""

    per_second = forms.DecimalField(
        label=_("Messages a second, at most"),
        required=False,
        max_digits=7,
        decimal_places=2,
        help_text=_("Of all workers together. Blank: as fast as it goes"),
    )
    concurrency = forms.IntegerField(label=_("Batches at once, at most"))
    field_order = ("per_second", "concurrency", "reason")

    def __init__(self, *args: Any, control: ChannelControl, **kwargs: Any) -> None:
        super().__init__(*args, control=control, **kwargs)
        self.fields["per_second"].initial = control.per_second
        self.fields["concurrency"].initial = control.concurrency
