"""What the forms of the action panel share."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from cases.forms.evidence import EARLIEST, LATEST
from cases.selectors.desk import CaseDesk
from runs.forms import DayInput, SaysWhatIsMissing


class ActionForm(SaysWhatIsMissing, forms.Form):
    """One action on the case that `desk` has before it; `target` is what it acts on, where that is not the case itself."""

    use_required_attribute = False  # the server says what is missing, at the field and in the reader's language

    def __init__(self, *args: Any, desk: CaseDesk, target: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.desk = desk
        self.target = target
        self.prepare()

    def prepare(self) -> None:
        """Fill choices and first values from the case."""


def date_field(
    label: Any, *, required: bool = True, initial: date | None = None, help_text: Any = ""
) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        initial=initial,
        help_text=help_text,
        widget=DayInput({"min": EARLIEST.isoformat(), "max": LATEST.isoformat()}),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
    )


def text_field(
    label: Any, *, required: bool = True, rows: int = 2, most: int | None = 2000, help_text: Any = ""
) -> forms.CharField:
    field = forms.CharField(
        label=label,
        required=required,
        max_length=most,
        help_text=help_text,
        widget=forms.Textarea({"rows": rows}),
    )
    # A browser would cut what is pasted without a word; what is too long is said instead.
    field.widget.attrs.pop("maxlength", None)
    return field


def choices_field(label: Any, choices: Any = (), *, required: bool = True, initial: Any = None) -> forms.ChoiceField:
    """A few choices as chips, side by side."""
    return forms.ChoiceField(label=label, choices=choices, required=required, initial=initial, widget=forms.RadioSelect)


def reason_field(label: Any = None) -> forms.CharField:
    return forms.CharField(label=label or _("Reason"), max_length=300)


class ReasonForm(ActionForm):
    """For an action that asks for nothing but why."""

    reason = reason_field()


def account_choices(desk: CaseDesk) -> list[tuple[str, Any]]:
    """Every late account of the case together, or one of them."""
    several = len({one.account.currency for one in desk.late}) > 1
    late = [
        (str(one.account.pk), f"{one.account.ref} ({one.account.currency})" if several else one.account.ref)
        for one in desk.late
    ]
    return [("", _("All late accounts")), *late] if len(late) != 1 else [("", late[0][1])]
