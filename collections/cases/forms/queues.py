"""What is asked on the lists: a queue's name and place, and who takes cases over."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cases.filters import DUE_FIRST, ORDERS
from cases.models import Queue
from cases.selectors.choices import choices_for
from cases.services.queues import LAST_POSITION, LONGEST_NAME
from runs.forms import SaysWhatIsMissing
from staff.models import Team, User


def _order() -> forms.ChoiceField:
    """An order of the worklist, sent along with a question."""
    orders = [DUE_FIRST, *(sign + name for name in ORDERS for sign in ("", "-"))]
    choices = [(order, order) for order in orders]
    return forms.ChoiceField(label=_("Order"), choices=choices, required=False, widget=forms.HiddenInput)


class QueueForm(SaysWhatIsMissing, forms.Form):
    """The present question to the worklist, to be kept under a name: her own, a team's, or everyone's."""

    OWN, EVERYONE = "own", "everyone"

    name = forms.CharField(label=_("Name of the queue"), max_length=LONGEST_NAME)
    whose = forms.ChoiceField(label=_("For"))
    query = forms.CharField(required=False, widget=forms.HiddenInput)
    sort = _order()

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, auto_id="save_%s")
        whose: list[tuple[str, Any]] = [(self.OWN, _("Me"))]
        if user.has_perm("cases.change_queue"):
            whose += [*choices_for(user).teams, (self.EVERYONE, _("Everyone"))]
        self.fields["whose"].choices = whose  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        whose = cleaned.get("whose", "")
        cleaned["team"] = Team.objects.filter(pk=whose).first() if whose.isdecimal() else None
        return cleaned


class QueueChangeForm(SaysWhatIsMissing, forms.Form):
    """A queue's name and place. An installed queue's name is translated as long as nobody writes another."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, required=False)
    position = forms.IntegerField(label=_("Place"), min_value=0, max_value=LAST_POSITION)

    def __init__(self, queue: Queue, data: QueryDict | None = None) -> None:
        initial = {"name": "" if queue.code else queue.name, "position": queue.position}
        super().__init__(data, auto_id=f"queue{queue.pk}_%s", initial=initial)


class QueueFiltersForm(SaysWhatIsMissing, forms.Form):
    """The present question to the worklist, to be kept in a queue, and the queue's own as the page showed it."""

    query = forms.CharField(required=False, widget=forms.HiddenInput)
    sort = _order()
    seen_query = forms.CharField(required=False, widget=forms.HiddenInput)
    seen_sort = forms.CharField(required=False, widget=forms.HiddenInput)


class HandOverForm(SaysWhatIsMissing, forms.Form):
    """To whom somebody's cases go, and why."""

    to = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        label=_("To"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Nobody is chosen. Choose who takes the cases over.")},
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, data: QueryDict | None = None, *, people: QuerySet[User]) -> None:
        super().__init__(data)
        self.fields["to"].queryset = people  # type: ignore[attr-defined]  # a ModelMultipleChoiceField
