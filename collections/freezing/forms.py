"""What people enter to have an account frozen or unfrozen."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from runs.forms import SaysWhatIsMissing


class AskForm(SaysWhatIsMissing, forms.Form):
    """Why; the page says what."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.Textarea({"rows": 3, "class": "form-control"})
    )
