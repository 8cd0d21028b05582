"""Promises, disputes and holds."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import CENT, money_field
from accounts.models import HoldKind
from accounts.rules import money
from accounts.services.holds import FURTHEST
from cases.forms.base import (
    ActionForm,
    account_choices,
    choices_field,
    date_field,
    reason_field,
    text_field,
)
from cases.models import DisputeReason, DisputeStatus
from cases.selectors.debts import AccountView
from cases.selectors.terms import pauses_by_reason
from runs import clock
from staff.limits import limit_of
from staff.models import LimitKind
from staff.permissions import may

MOST_ROWS = 60
MONTHLY = "month"
FITTING = "fit"  # weekly, or closer where her limit asks it
INTERVALS = (
    (FITTING, _("as your limit allows")),
    ("7", _("every week")),
    ("14", _("every two weeks")),
    (MONTHLY, _("every month")),
)


def split(total: Decimal, parts: int, first: date, interval: str) -> list[tuple[date, Decimal]]:
    """`total` in `parts` equal instalments from `first` on; what does not divide is in the last."""
    each = (total / parts).quantize(CENT, ROUND_DOWN)
    days = [_later(first, number, interval) for number in range(parts)]
    return [*((day, each) for day in days[:-1]), (days[-1], total - each * (parts - 1))]


def _later(first: date, number: int, interval: str) -> date:
    if interval != MONTHLY:
        return first + timedelta(days=int(interval) * number)
    month = first.month - 1 + number
    year, month = first.year + month // 12, month % 12 + 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


class PromiseForm(ActionForm):
    """A promise to pay: one date and amount, or several after a split. `rows` says how many the form has."""

    rows = forms.IntegerField(widget=forms.HiddenInput, initial=1, min_value=1, max_value=MOST_ROWS)
    parts = forms.IntegerField(
        label=_("Instalments"), initial=1, required=False, min_value=1, max_value=MOST_ROWS,
    )  # fmt: skip
    interval = forms.ChoiceField(label=_("Spaced"), choices=INTERVALS, initial=FITTING, required=False)
    account = forms.ChoiceField(label=_("On which debt"), required=False)
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    # The button that asks another person, where a date is beyond one's own limit.
    beyond = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def prepare(self) -> None:
        (_all, every), *each = account_choices(self.desk)
        if self.desk.in_other_currencies:
            every = gettext("All late accounts in %(currency)s") % {"currency": self.desk.case.currency}
        self.fields["account"].choices = [("", every), *each]  # type: ignore[attr-defined]  # a ChoiceField
        for number in range(1, self._row_count() + 1):
            self.fields[f"amount_{number}"] = money_field(_("Amount"))
            self.fields[f"on_{number}"] = date_field(_("By"))
        self.initial.setdefault("amount_1", self.desk.case.overdue_amount)
        if not self.is_bound:
            self.initial.setdefault("on_1", min(clock.today() + timedelta(days=7), self.desk.promises_until))

    @property
    def is_to_split(self) -> bool:
        """Whether more or fewer instalments are asked for than the reader has seen."""
        parts = self.cleaned_data.get("parts")
        return parts is not None and parts != self._row_count()

    def instalment_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"amount_{n}"], self[f"on_{n}"]) for n in range(1, self._row_count() + 1)]

    @property
    def instalments(self) -> list[tuple[date, Decimal]]:
        data = self.cleaned_data
        return sorted((data[f"on_{n}"], data[f"amount_{n}"]) for n in range(1, self._row_count() + 1))

    @property
    def last_beyond(self) -> date | None:
        """The last date, as far as the dates can be read, where it is beyond what she may promise alone; else None."""
        days = [day for number in range(1, self._row_count() + 1) if (day := self._day(number))]
        last = max(days, default=None)
        return last if last is not None and last > self.desk.promises_until else None

    @property
    def overdue(self) -> Decimal:
        """What there is to promise: of the chosen debt, else of the case."""
        chosen = self._chosen
        return self.desk.case.overdue_amount if chosen is None else money(chosen.how_late.overdue_amount)

    @property
    def currency(self) -> str:
        """In what it is promised: as the chosen debt, else as the case."""
        chosen = self._chosen
        currency: str = (self.desk.case if chosen is None else chosen.account).currency
        return currency

    @property
    def _chosen(self) -> AccountView | None:
        chosen = str(self["account"].value() or "")
        return next((one for one in self.desk.late if str(one.account.pk) == chosen), None)

    @property
    def left(self) -> Decimal:
        """What of that the amounts, as far as they can be read, leave to be divided; below 0: they come to more."""
        return self.overdue - sum((self._amount(number) for number in range(1, self._row_count() + 1)), Decimal(0))

    @property
    def over(self) -> Decimal:
        return -self.left

    def _day(self, number: int) -> date | None:
        try:
            return self.fields[f"on_{number}"].clean(self[f"on_{number}"].value())
        except forms.ValidationError:
            return None

    def _amount(self, number: int) -> Decimal:
        try:
            return self.fields[f"amount_{number}"].clean(self[f"amount_{number}"].value())
        except forms.ValidationError:
            return Decimal(0)

    def divided(self) -> dict[str, Any] | None:
        """What the form shows after "Split": its total in equal parts from its first date on. None: a value is wrong."""
        self.is_valid()
        data = self.cleaned_data
        amounts: list[Decimal | None] = [data.get(f"amount_{n}") for n in range(1, self._row_count() + 1)]
        first, parts = data.get("on_1"), data.get("parts")
        known = [amount for amount in amounts if amount is not None]
        if len(known) < len(amounts) or not first or not parts:
            return None
        try:
            rows = split(sum(known, Decimal(0)), parts, first, self._interval(first, parts))
        except (OverflowError, ValueError):
            return None
        shown: dict[str, Any] = {"rows": parts}
        for number, (day, amount) in enumerate(rows, 1):
            shown |= {f"on_{number}": day, f"amount_{number}": amount}
        return shown

    def _interval(self, first: date, parts: int) -> str:
        chosen: str = self.cleaned_data.get("interval") or FITTING
        if chosen != FITTING:
            return chosen
        room = (self.desk.promises_until - first).days // max(parts - 1, 1)
        return str(max(1, min(7, room)))

    def _row_count(self) -> int:
        given = self.data.get(self.add_prefix("rows")) if self.is_bound else self.initial.get("rows", 1)
        try:
            return max(1, min(int(given or 1), MOST_ROWS))
        except ValueError:
            return 1


class DisputeForm(ActionForm):
    """A dispute; each reason says what it pauses."""

    reason = forms.ChoiceField(label=_("What is disputed"))
    account = forms.ChoiceField(label=_("Which debt"), required=False)
    statement = text_field(_("What the debtor says"))

    def prepare(self) -> None:
        self.fields["account"].choices = account_choices(self.desk)  # type: ignore[attr-defined]  # a ChoiceField
        pauses = pauses_by_reason(clock.today())
        self.fields["reason"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", "–"),
            *((reason.value, _reason_with(reason, pauses[reason.value])) for reason in DisputeReason),
        ]


def _reason_with(reason: DisputeReason, pauses: list[str]) -> str:
    if not pauses:
        return gettext("%(reason)s – pauses nothing") % {"reason": reason.label}
    kinds = gettext(", ").join(str(HoldKind(kind).label) for kind in pauses)
    return gettext("%(reason)s – pauses: %(kinds)s") % {"reason": reason.label, "kinds": kinds}


class CloseDisputeForm(ActionForm):
    status = choices_field(
        _("Decision"), [choice for choice in DisputeStatus.choices if choice[0] != DisputeStatus.OPEN]
    )
    answer = text_field(_("Answer"), rows=3)


class HoldForm(ActionForm):
    kind = choices_field(_("What is stopped"))
    account = forms.ChoiceField(label=_("On which debt"), required=False)
    starts_on = date_field(_("From"), help_text=_("A past day is ordinary."))
    ends_on = date_field(_("Last day"), required=False, help_text=_("Blank: until further notice."))
    reason = reason_field()

    def prepare(self) -> None:
        deferral = may(self.desk.user, "accounts.place_deferral")
        kinds = [choice for choice in HoldKind.choices if choice[0] != HoldKind.DEFERRAL]
        kinds += [(HoldKind.DEFERRAL.value, HoldKind.DEFERRAL.label)] if deferral else []
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["account"].choices = account_choices(self.desk)  # type: ignore[attr-defined]  # a ChoiceField
        self.initial.setdefault("starts_on", clock.today())
        limit = limit_of(self.desk.user, LimitKind.HOLD_DAYS, clock.today())
        if isinstance(limit, Decimal):
            self.fields["ends_on"].help_text = gettext("You may hold for %(days)s days: give a last day.") % {
                "days": int(limit)
            }
        for name in ("starts_on", "ends_on"):
            first, last = clock.today() - FURTHEST, clock.today() + FURTHEST
            self.fields[name].widget.attrs |= {"min": first.isoformat(), "max": last.isoformat()}


class LiftForm(ActionForm):
    last_day = date_field(_("Last day"), required=False, help_text=_("Blank: it never was in force."))
    reason = reason_field()

    def prepare(self) -> None:
        today = clock.today()
        if self.target.starts_on <= today <= (self.target.ends_on or date.max):
            self.initial.setdefault("last_day", today)
