"""How the list of what the gate refused is narrowed."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cases.selectors.people import on_the_board
from cases.selectors.refusals import refusals
from compliance.models import ContactDecision
from compliance.sentences import RULE_NAMES
from runs import clock
from runs.forms import DayInput, PlainForm
from staff.models import User

# No decision is older: an earlier day is mistyped.
FIRST = date(2000, 1, 1)


class RefusalsForm(PlainForm):
    """Of which day, to whom, by which rule. A wrong value is named beside its field, and filters nothing; without a day it is
    today's, so that no list is longer than one day's."""

    day = forms.DateField(label=_("Day"), required=False, widget=DayInput())
    person = forms.ModelChoiceField(User.objects.none(), label=_("Who"), required=False, empty_label=_("Anybody"))
    rule = forms.ChoiceField(label=_("Rule"), required=False, choices=[("", _("Any")), *RULE_NAMES.items()])

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data if data.get("day") else data.dict() | {"day": clock.today().isoformat()})
        self.user = user
        people = on_the_board(user).order_by("display_name", "username")
        self.fields["person"].queryset = people  # type: ignore[attr-defined]  # a choice field
        self.fields["day"].validators = [MinValueValidator(FIRST), MaxValueValidator(clock.today())]
        self.full_clean()

    @property
    def of_day(self) -> date:
        day: date | None = self.cleaned_data.get("day")
        return day or clock.today()

    @property
    def found(self) -> QuerySet[ContactDecision]:
        """The refusals that were asked for, within the reader's reach."""
        asked = self.cleaned_data
        return refusals(self.user, self.of_day, person=asked.get("person"), rule=asked.get("rule", ""))
