"""What people enter about a request. The services check what it means."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from approvals.models import Request
from approvals.services.rows import LONGEST_TEXT
from runs.forms import SaysWhatIsMissing


def _words() -> forms.Textarea:
    return forms.Textarea({"rows": 3, "class": "form-control"})


class _OfVersion(SaysWhatIsMissing, forms.Form):
    """A form on the screen of a certain version of a request."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, request_row: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = request_row.version

    def renew(self, version: int) -> None:
        """Let a form that comes back speak of the version shown beside it."""
        if self.is_bound:
            self.data = {**self.data, "seen_version": str(version)}


class DecideForm(_OfVersion):
    """What the decider says; a rejection and a sending back need it."""

    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=_words(),
        help_text=_("Needed to reject and to send back"),
    )


class AgainForm(_OfVersion):
    """Asking again for what was sent back, as it was, with a better reason."""

    reason = forms.CharField(label=_("Reason"), max_length=LONGEST_TEXT, widget=_words())

    def __init__(self, *args: Any, request_row: Request, **kwargs: Any) -> None:
        super().__init__(*args, request_row=request_row, **kwargs)
        self.fields["reason"].initial = request_row.reason


class WithdrawForm(_OfVersion):
    """Taking it back."""
