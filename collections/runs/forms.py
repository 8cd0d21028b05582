"""What every form of ours says the same way."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# A field that has words of its own keeps them.
_DJANGOS = forms.Field.default_error_messages["required"]


class SaysWhatIsMissing:
    """Mixed into a form: a field that was left out is named in its error, with what to do."""

    def add_error(self: Any, field: str | None, error: Any) -> None:
        if field in self.fields and getattr(error, "message", None) == _DJANGOS:
            error = ValidationError(_missing(self.fields[field], str(self[field].label)), code="required")
        super().add_error(field, error)  # type: ignore[misc]  # the form's, behind this in its bases


def _missing(field: forms.Field, label: str) -> str:
    if isinstance(field, forms.FileField):
        return _("“%(field)s”: no file was chosen. Choose one.") % {"field": label}
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return _("“%(field)s”: nothing is chosen. Choose one.") % {"field": label}
    return _("“%(field)s” is empty. Fill it in.") % {"field": label}
