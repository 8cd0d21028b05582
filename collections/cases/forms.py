"""What can be asked on the pages of a case."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class EvidenceForm(forms.Form):
    """For which day, as known at which moment; both blank: the book's day with everything recorded."""

    as_of = forms.DateField(label=_("At the end of"), required=False, widget=forms.DateInput({"type": "date"}))
    known_at = forms.DateTimeField(
        label=_("As known at"), required=False, widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )
