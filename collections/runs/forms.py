"""What every form of ours says the same way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# A field that has words of its own keeps them.
_DJANGOS = forms.Field.default_error_messages["required"]


class DayInput(forms.DateInput):
    """A browser's own field for a day. It takes the day as ISO 8601 alone: written as the reader's language does, it would stay
    empty."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class SaysWhatIsMissing:
    """Mixed into a form: what is wrong with a field is said with the value, what was expected and what to do, where Django
    has words of its own for it."""

    def add_error(self: Any, field: str | None, error: Any) -> None:
        if field in self.fields and isinstance(error, ValidationError) and not hasattr(error, "error_dict"):
            bound = self[field]
            error = ValidationError([_ours(bound, one) for one in error.error_list])
        super().add_error(field, error)  # type: ignore[misc]  # the form's, behind this in its bases

    def _clean_fields(self: Any) -> None:
        """A text of which nothing is seen is none: a reason that somebody has to give is to be read."""
        super()._clean_fields()  # type: ignore[misc]  # the form's, behind this in its bases
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, str) and value and not any(one.isprintable() and not one.isspace() for one in value):
                self.cleaned_data[name] = ""
                if self.fields[name].required:
                    self.add_error(name, ValidationError(self.fields[name].error_messages["required"], "required"))

    def faults(self: Any) -> list[str]:
        """What is wrong with what was entered, for who previews it; what is only not entered yet is not."""
        every = [error for errors in self.errors.as_data().values() for error in errors if error.code != "required"]
        return [text for error in every for text in error.messages]


class PlainForm(SaysWhatIsMissing, forms.Form):
    """A form with nothing of its own, for what makes its fields itself (filters)."""


def _ours(bound: forms.BoundField, error: ValidationError) -> ValidationError:
    """An error of Django's in our words; any other as it is."""
    text = _words(bound, error)
    return ValidationError(text, code=error.code) if text else error


def _words(bound: forms.BoundField, error: ValidationError) -> str:
    field, label = bound.field, str(bound.label)
    params = error.params or {}
    value = ", ".join(map(str, bound.data)) if isinstance(bound.data, list) else bound.data
    limit = params.get("limit_value")
    names = {"field": label, "value": value, "limit": limit.date() if isinstance(limit, datetime) else limit}
    if error.message == _DJANGOS:
        return _missing(field, label)
    if error.code == "invalid_choice" and isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return _("“%(field)s”: “%(value)s” is not on the list. Choose one that is.") % names
    if error.code == "max_length":
        return _("“%(field)s” has %(length)s characters: expected at most %(limit)s. Shorten it.") % (
            names | {"length": params.get("show_value")}
        )
    dated = isinstance(field, forms.DateField | forms.DateTimeField)
    if error.code == "max_value" and dated:
        return _("“%(field)s”: “%(value)s” is too late: expected %(limit)s or earlier.") % names
    if error.code == "min_value" and dated:
        return _("“%(field)s”: “%(value)s” is too early: expected %(limit)s or later.") % names
    if error.code == "max_value":
        return _("“%(field)s”: “%(value)s” is too much: expected at most %(limit)s.") % names
    if error.code == "min_value":
        return _("“%(field)s”: “%(value)s” is too little: expected at least %(limit)s.") % names
    if error.code in ("max_digits", "max_whole_digits"):
        return _("“%(field)s”: “%(value)s” has too many digits: expected at most %(most)s.") % (
            names | {"most": params.get("max")}
        )
    if error.code == "max_decimal_places":
        return _("“%(field)s”: “%(value)s” has too many decimal places: expected at most %(most)s.") % (
            names | {"most": params.get("max")}
        )
    if error.code == "invalid" and error.message == field.default_error_messages.get("invalid"):
        return _unread(field) % names if _unread(field) else ""
    return ""


def _unread(field: forms.Field) -> str:
    """What was expected of a value that could not be read."""
    if isinstance(field, forms.DateField):
        return _("“%(field)s”: “%(value)s” is no date: expected one that exists, such as 2026-03-02.")
    if isinstance(field, forms.DateTimeField):
        return _("“%(field)s”: “%(value)s” is no moment: expected one such as 2026-03-02T09:30.")
    if isinstance(field, forms.TimeField):
        return _("“%(field)s”: “%(value)s” is no time of day: expected one such as 09:30.")
    if isinstance(field, forms.DecimalField):
        return _("“%(field)s”: “%(value)s” is no number: expected one such as 1234.50.")
    if isinstance(field, forms.IntegerField):
        return _("“%(field)s”: “%(value)s” is no whole number: expected one such as 3.")
    return ""


def _missing(field: forms.Field, label: str) -> str:
    if isinstance(field, forms.FileField):
        return _("“%(field)s”: no file was chosen. Choose one.") % {"field": label}
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return _("“%(field)s”: nothing is chosen. Choose one.") % {"field": label}
    return _("“%(field)s” is empty. Fill it in.") % {"field": label}
