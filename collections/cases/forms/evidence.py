"""What can be asked of the evidence of a case."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from cases.models import Queue
from cases.selectors.choices import choices_for
from cases.services.queues import LAST_POSITION, LONGEST_NAME
from staff.models import Team, User

# The days that an import takes too; outside, the arithmetic around a day leaves the calendar.
EARLIEST, LATEST = date(1800, 1, 1), date(9000, 12, 31)


class EvidenceForm(forms.Form):
    """For which day, as known at which moment; both blank: the book's day with everything recorded."""

    as_of = forms.DateField(
        label=_("At the end of"),
        required=False,
        widget=forms.DateInput({"type": "date", "min": EARLIEST.isoformat(), "max": LATEST.isoformat()}),
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


class QueueForm(forms.Form):
    """The present question to the worklist, to be kept under a name: her own, a team's, or everyone's."""

    OWN, EVERYONE = "own", "everyone"

    name = forms.CharField(label=_("Name of the queue"), max_length=LONGEST_NAME)
    whose = forms.ChoiceField(label=_("For"))
    query = forms.CharField(required=False, widget=forms.HiddenInput)
    sort = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **values: Any) -> None:
        super().__init__(*args, auto_id="save_%s", **values)
        whose: list[tuple[str, Any]] = [(self.OWN, _("Me"))]
        if user.has_perm("cases.change_queue"):
            whose += [*choices_for(user).teams, (self.EVERYONE, _("Everyone"))]
        self.fields["whose"].choices = whose  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        whose = cleaned.get("whose", "")
        cleaned["team"] = Team.objects.filter(pk=whose).first() if whose.isdecimal() else None
        return cleaned


class QueueChangeForm(forms.Form):
    """A queue's name and place. An installed queue's name is translated as long as nobody writes another."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, required=False)
    position = forms.IntegerField(label=_("Place"), min_value=0, max_value=LAST_POSITION)

    def __init__(self, queue: Queue, *args: Any, **values: Any) -> None:
        initial = {"name": "" if queue.code else queue.name, "position": queue.position}
        super().__init__(*args, auto_id=f"queue{queue.pk}_%s", initial=initial, **values)
