"""How the lists of promises and of disputes are narrowed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cases.filters import ME
from cases.models import Dispute, DisputeReason
from cases.selectors.choices import choices_for
from cases.selectors.plans import DISPUTES_SHOWN, PROMISES_SHOWN
from runs.forms import PlainForm
from staff.models import User


class PlansForm(PlainForm):
    """Which ones, on cases that whom works. A wrong value is named beside its field, and filters nothing."""

    kinds: list[tuple[str, Any]]
    show = forms.ChoiceField(label=_("Show"), required=False)
    assignee = forms.ChoiceField(label=_("Worked by"), required=False)

    def __init__(self, data: QueryDict, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.fields["show"].choices = [("", ""), *self.kinds]  # type: ignore[attr-defined]  # choice fields
        self.fields["assignee"].choices = [("", _("Anyone")), (ME, _("Me")), *choices_for(user).members]  # type: ignore[attr-defined]
        self.full_clean()

    @property
    def kind(self) -> str:
        """The kind asked for, else the first."""
        return self.cleaned_data.get("show") or self.kinds[0][0]

    def of_whom(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those on cases that the reader works, or that a chosen member of her teams does."""
        whose = self.cleaned_data.get("assignee")
        return rows.filter(case__assignee=self.user.pk if whose == ME else int(whose)) if whose else rows


class PromisesForm(PlansForm):
    """Which promises."""

    kinds = PROMISES_SHOWN


class DisputesForm(PlansForm):
    """Which disputes."""

    kinds = DISPUTES_SHOWN
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=[("", _("Any")), *DisputeReason.choices])

    def of_reason(self, rows: QuerySet[Dispute]) -> QuerySet[Dispute]:
        """Those for the chosen reason."""
        reason = self.cleaned_data.get("reason")
        return rows.filter(reason=reason) if reason else rows
