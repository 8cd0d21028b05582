"""What can be asked of the evidence of a case."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from runs.forms import DayInput, PlainForm

# The days that an import takes too; outside, the arithmetic around a day leaves the calendar.
EARLIEST, LATEST = date(1800, 1, 1), date(9000, 12, 31)


class EvidenceForm(PlainForm):
    """For which day, as known at which moment; both blank: the book's day with everything recorded."""

    as_of = forms.DateField(
        label=_("At the end of"),
        required=False,
        widget=DayInput({"min": EARLIEST.isoformat(), "max": LATEST.isoformat()}),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
    )
    known_at = forms.DateTimeField(
        label=_("As known at"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        validators=[
            MinValueValidator(datetime(EARLIEST.year, 1, 1, tzinfo=UTC)),
            MaxValueValidator(datetime(LATEST.year, 12, 31, tzinfo=UTC)),
        ],
    )
