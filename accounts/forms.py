"""What the forms of all pages do with a refusal of the book."""

from __future__ import annotations

from django import forms

from accounts.errors import BookError, Invalid


def refuse(form: forms.BaseForm, error: BookError) -> None:
    """Show at the field, or above the form, what a service refused."""
    field = error.field if isinstance(error, Invalid) and error.field in form.fields else None
    form.add_error(field, str(error))
