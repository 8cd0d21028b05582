"""What people enter at the money desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import money_field
from accounts.models import Account, Payment
from approvals.forms import AskForm
from desk.kinds import ReversalCode
from desk.selectors import reversible
from runs.forms import DayInput, SaysWhatIsMissing


class GiveBackForm(SaysWhatIsMissing, forms.Form):
    """Why it goes back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.Textarea({"rows": 2, "class": "form-control"})
    )


class MatchForm(GiveBackForm):
    """Whose it is, and how one knows."""

    account = forms.CharField(label=_("Account"), max_length=64, help_text=_("Its reference, whole"))
    field_order = ["account", "reason"]


class MoneyForm(AskForm):
    """What is asked for on one account, and why: all there is to enter for a write-off, and for the end of an acceleration."""

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        self.account = account
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Make what depends on the account."""

    def first(self) -> dict[str, Any] | None:
        """What the form holds as it is first shown, as `values` says it; None: something must be entered."""
        return {}

    def values(self) -> dict[str, Any] | None:
        """What `desk.asking` needs besides the reason; None where some of it is missing or wrong."""
        if not self.is_bound:
            return self.first()
        if set(self.errors) - {"reason", "documents"}:
            return None
        return {name: value for name, value in self.cleaned_data.items() if name not in ("reason", "documents")}


class ReversalForm(MoneyForm):
    """Which payment, chosen or by its reference, and why it came back."""

    payment = forms.ChoiceField(label=_("Payment"), required=False)
    payment_ref = forms.CharField(
        label=_("Or another one"), max_length=64, required=False, help_text=_("The payment’s reference, whole")
    )
    code = forms.ChoiceField(label=_("Why it came back"), choices=ReversalCode)
    field_order = ["payment", "payment_ref", "code", "reason", "documents"]

    def prepare(self) -> None:
        self.recent = {str(payment.pk): payment for payment in reversible(self.account)}
        choices = [("", "–"), *((key, _described(payment)) for key, payment in self.recent.items())]
        self.fields["payment"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        chosen, typed = self.recent.get(values.get("payment") or ""), (values.get("payment_ref") or "").strip()
        if chosen and typed and typed != chosen.ref:
            self.add_error(
                "payment_ref",
                gettext("Payment %(chosen)s is chosen, and “%(typed)s” entered: choose one, or enter one.")
                % {"chosen": chosen.ref, "typed": typed},
            )
        elif not (chosen or typed) and "payment" not in self.errors:
            missing = gettext("Choose a payment, or enter the reference of one.")
            self.add_error("payment", forms.ValidationError(missing, code="required"))
        return values

    def first(self) -> dict[str, Any] | None:
        chosen = self.recent.get(str(self.initial.get("payment", "")))
        return {"payment_ref": chosen.ref, "code": ReversalCode.BOUNCED.value} if chosen else None

    def values(self) -> dict[str, Any] | None:
        values = super().values()
        if not self.is_bound or values is None:
            return values
        chosen = self.recent.get(values["payment"])
        return {"payment_ref": chosen.ref if chosen else values["payment_ref"], "code": values["code"]}


def _described(payment: Payment) -> str:
    parts = [payment.ref, number_format(payment.amount, 2, force_grouping=True), payment.effective_on.isoformat()]
    return " · ".join([*parts, payment.channel] if payment.channel else parts)


class RefundForm(MoneyForm):
    """How much of the waiting credit."""

    amount = money_field(_("Amount"))
    field_order = ["amount", "reason", "documents"]

    def first(self) -> dict[str, Any] | None:
        return {"amount": self.initial["amount"]} if self.initial.get("amount") else None


class AccelerationForm(MoneyForm):
    """When the debtor was notified, and when everything is due."""

    notified_on = forms.DateField(label=_("Debtor notified on"), widget=DayInput())
    due_on = forms.DateField(label=_("All due on"), widget=DayInput())
    field_order = ["notified_on", "due_on", "reason", "documents"]

    def first(self) -> dict[str, Any] | None:
        return None


class FinalDateForm(MoneyForm):
    """Which day, or none."""

    final_due_on = forms.DateField(
        label=_("All due on"), required=False, widget=DayInput(), help_text=_("Blank: no final due date")
    )
    field_order = ["final_due_on", "reason", "documents"]

    def first(self) -> dict[str, Any] | None:
        return None


class DaysForm(SaysWhatIsMissing, forms.Form):
    """Which days' totals."""

    since = forms.DateField(label=_("From"), required=False, widget=DayInput())
    until = forms.DateField(label=_("Until"), required=False, widget=DayInput())
    source = forms.CharField(label=_("Imported by"), required=False, max_length=150)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        since, until = values.get("since"), values.get("until")
        if since and until and until < since:
            self.add_error(
                "until",
                gettext("%(until)s lies before %(since)s: expected that day or a later one.")
                % {"until": until, "since": since},
            )
        return values
