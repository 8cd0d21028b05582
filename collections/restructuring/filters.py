"""How the list of plans is narrowed."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from restructuring.models import Plan, PlanKind, PlanStatus
from runs.forms import DayInput, PlainForm


class PlanFilter(django_filters.FilterSet):
    """Whose plans, of which kind and state, from when to when."""

    q = django_filters.CharFilter(method="of_customer", label=_("Customer, account or plan"))
    status = django_filters.ChoiceFilter(choices=PlanStatus, label=_("State"), empty_label=_("Any"))
    kind = django_filters.ChoiceFilter(choices=PlanKind, label=_("Kind"), empty_label=_("Any"))
    day_from = django_filters.DateFilter(field_name="starts_on", lookup_expr="gte", label=_("From"), widget=DayInput())
    day_to = django_filters.DateFilter(field_name="starts_on", lookup_expr="lte", label=_("To"), widget=DayInput())

    class Meta:
        form = PlainForm
        model = Plan
        fields: tuple[str, ...] = ()

    def of_customer(self, queryset: QuerySet[Plan], name: str, value: str) -> QuerySet[Plan]:
        words = value.strip()
        customers = Customer.objects.order_by().values("pk")
        of = customers.filter(ref__startswith=words).union(customers.filter(name=words))
        return queryset.filter(customer_id__in=of) | queryset.filter(account__ref=words) | queryset.filter(ref=words)
