"""How the lists of the money desk are narrowed."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from accounts.models import PaymentFile, UnmatchedPayment, UnmatchedStatus
from runs.forms import DayInput, PlainForm


class UnmatchedFilter(django_filters.FilterSet):
    """Which payments, in which state."""

    ref = django_filters.CharFilter(label=_("Reference"))
    account_ref = django_filters.CharFilter(label=_("Account as given"))
    amount = django_filters.NumberFilter(label=_("Amount"))
    status = django_filters.ChoiceFilter(choices=UnmatchedStatus, label=_("State"), empty_label=_("Any"))
    day = django_filters.DateFilter("file__business_day", label=_("Business day"), widget=DayInput())

    class Meta:
        form = PlainForm
        model = UnmatchedPayment
        fields: tuple[str, ...] = ()


class FileFilter(django_filters.FilterSet):
    """Which files: of a business day, by who imported them."""

    day = django_filters.DateFilter("business_day", label=_("Business day"), widget=DayInput())
    source = django_filters.CharFilter("actor_name", label=_("Imported by"))

    class Meta:
        form = PlainForm
        model = PaymentFile
        fields: tuple[str, ...] = ()
