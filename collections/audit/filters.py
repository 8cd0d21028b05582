"""How the record is narrowed."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from audit.naming import customers_named
from runs.forms import DayInput, PlainForm


class EventFilter(django_filters.FilterSet):
    """Who, what, about whom, when, in which request; all exact, so that no filter hides what it should show."""

    actor_name = django_filters.CharFilter(label=_("Who"))
    verb = django_filters.CharFilter(lookup_expr="startswith", label=_("What"))
    subject_type = django_filters.CharFilter(label=_("Kind of thing"))
    subject_ref = django_filters.CharFilter(label=_("Its reference"))
    whose = django_filters.CharFilter(
        label=_("Whose"), method="about", help_text=_("The reference of a customer, an account or a case.")
    )
    customer_id = django_filters.NumberFilter(label=_("Customer's key"))
    account_id = django_filters.NumberFilter(label=_("Account's key"))
    since = django_filters.DateFilter("at", "date__gte", label=_("From"), widget=DayInput())
    until = django_filters.DateFilter("at", "date__lte", label=_("Until"), widget=DayInput())
    request_id = django_filters.CharFilter(label=_("Request"))

    def about(self, queryset: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        return queryset.filter(customer_id__in=customers_named(value))

    class Meta:
        form = PlainForm
        model = Event
        fields: tuple[str, ...] = ()
