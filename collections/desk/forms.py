"""What people enter at the money desk."""

from __future__ import annotations

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import UnmatchedPayment, UnmatchedStatus
from desk.kinds import ReversalCode
from runs.forms import DayInput, PlainForm, SaysWhatIsMissing


class GiveBackForm(SaysWhatIsMissing, forms.Form):
    """Why it goes back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.Textarea({"rows": 2, "class": "form-control"})
    )


class MatchForm(GiveBackForm):
    """Whose it is, and how one knows."""

    account = forms.CharField(label=_("Account"), max_length=64, help_text=_("Its reference, whole"))
    field_order = ["account", "reason"]


class UnmatchedFilter(django_filters.FilterSet):
    """Which payments, in which state."""

    ref = django_filters.CharFilter(label=_("Reference"))
    account_ref = django_filters.CharFilter(label=_("Account as given"))
    amount = django_filters.NumberFilter(label=_("Amount"))
    status = django_filters.ChoiceFilter(choices=UnmatchedStatus, label=_("State"), empty_label=_("Any"))

    class Meta:
        form = PlainForm
        model = UnmatchedPayment
        fields: tuple[str, ...] = ()


class ReversalForm(GiveBackForm):
    """Which payment, and why it came back."""

    payment_ref = forms.CharField(label=_("Payment"), max_length=64, help_text=_("Its reference, whole"))
    code = forms.ChoiceField(label=_("Why it came back"), choices=ReversalCode)
    field_order = ["payment_ref", "code", "reason"]


class RefundForm(GiveBackForm):
    """How much of the waiting credit."""

    amount = forms.DecimalField(label=_("Amount"), max_digits=14, decimal_places=2)
    field_order = ["amount", "reason"]


class AccelerationForm(GiveBackForm):
    """When the debtor was notified, and when everything is due."""

    notified_on = forms.DateField(label=_("Debtor notified on"), widget=DayInput())
    due_on = forms.DateField(label=_("All due on"), widget=DayInput())
    field_order = ["notified_on", "due_on", "reason"]
