"""How the lists of treatments and proposals are narrowed."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from runs.forms import DayInput, PlainForm
from strategy.models import PROPOSED, Action, Arm, Outcome, Proposal, ProposalStatus, Treatment


def _day(label: Any, lookup: str) -> django_filters.DateFilter:
    return django_filters.DateFilter(field_name="business_day", lookup_expr=lookup, label=label, widget=DayInput())


def _customers(words: str) -> QuerySet[Customer, Any]:
    """The customers whose reference begins so, or whose whole name it is."""
    customers = Customer.objects.order_by().values("pk")
    return customers.filter(ref__startswith=words).union(customers.filter(name=words))


class TreatmentFilter(django_filters.FilterSet):
    """Who was treated, when, by which rule, and what came of it."""

    q = django_filters.CharFilter(method="of_customer", label=_("Customer"))
    day_from = _day(_("From"), "gte")
    day_to = _day(_("To"), "lte")
    code = django_filters.CharFilter(label=_("Rule's code"))
    strategy = django_filters.NumberFilter(field_name="rule__version__number", label=_("Strategy"))
    arm = django_filters.ChoiceFilter(choices=Arm, label=_("Arm"), empty_label=_("Any"))
    action = django_filters.ChoiceFilter(choices=Action, label=_("Treatment"), empty_label=_("Any"))
    outcome = django_filters.ChoiceFilter(choices=Outcome, label=_("Outcome"), empty_label=_("Any"))

    class Meta:
        form = PlainForm
        model = Treatment
        fields: tuple[str, ...] = ()

    def of_customer(self, queryset: QuerySet[Treatment], name: str, value: str) -> QuerySet[Treatment]:
        return queryset.filter(customer_id__in=_customers(value.strip()))


class ProposalFilter(django_filters.FilterSet):
    """What was proposed about whom, and what became of it."""

    q = django_filters.CharFilter(method="of_customer", label=_("Customer"))
    status = django_filters.ChoiceFilter(choices=ProposalStatus, label=_("State"), empty_label=_("Any"))
    kind = django_filters.ChoiceFilter(
        choices=[(one.value, one.label) for one in PROPOSED], label=_("Kind"), empty_label=_("Any")
    )
    day_from = _day(_("From"), "gte")
    day_to = _day(_("To"), "lte")

    class Meta:
        form = PlainForm
        model = Proposal
        fields: tuple[str, ...] = ()

    def of_customer(self, queryset: QuerySet[Proposal], name: str, value: str) -> QuerySet[Proposal]:
        return queryset.filter(account__customer_id__in=_customers(value.strip()))
