"""What the forms of all pages have in common about the book: a field for money, and what they do with a refusal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from accounts.errors import BookError, Invalid
from accounts.services.posting import MOST

CENT = Decimal("0.01")


def money_field(label: Any, *, required: bool = True, least: Decimal = CENT, help_text: Any = "") -> forms.DecimalField:
    """An amount of money, of a cent (or `least`) to the most that the book holds, with two decimals: money asked for, promised
    or let off is never below nothing. `least` 0: where nothing may be entered, too."""
    return forms.DecimalField(
        label=label,
        required=required,
        min_value=least,
        max_value=MOST,
        decimal_places=2,
        help_text=help_text,
        widget=forms.NumberInput({"step": "0.01", "min": least, "inputmode": "decimal"}),
    )


def refuse(form: forms.BaseForm, error: BookError) -> None:
    """Show at the field, or above the form, what a service refused."""
    field = error.field if isinstance(error, Invalid) and error.field in form.fields else None
    form.add_error(field, str(error))
