"""How the message log is narrowed."""

from __future__ import annotations

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from compliance.models import Channel, Purpose
from reminders.models import Delivery, Message, MessageKind, MessageStatus, Template
from reminders.sentences import HELD_BY
from runs.forms import DayInput, PlainForm


def _templates() -> list[tuple[str, str]]:
    return [(name, name) for name in Template.objects.order_by("name").values_list("name", flat=True)]


class MessageFilter(django_filters.FilterSet):
    """What went out, to whom, when, how it ended."""

    q = django_filters.CharFilter(method="to_customer", label=_("Customer"))
    status = django_filters.ChoiceFilter(choices=MessageStatus, label=_("State"), empty_label=_("Any"))
    delivery = django_filters.ChoiceFilter(
        choices=[(value, label) for value, label in Delivery.choices if value],
        label=_("Delivery"),
        empty_label=_("Any"),
    )
    kind = django_filters.ChoiceFilter(choices=MessageKind, label=_("Kind"), empty_label=_("Any"))
    template = django_filters.ChoiceFilter(choices=_templates, label=_("Template"), empty_label=_("Any"))
    provider = django_filters.CharFilter(label=_("Provider"))
    channel = django_filters.ChoiceFilter(choices=Channel, label=_("Channel"), empty_label=_("Any"))
    purpose = django_filters.ChoiceFilter(choices=Purpose, label=_("Purpose"), empty_label=_("Any"))
    language = django_filters.ChoiceFilter(choices=settings.LANGUAGES, label=_("Language"), empty_label=_("Any"))
    held_by = django_filters.ChoiceFilter(
        choices=lambda: HELD_BY.items(), label=_("Withheld or postponed by"), empty_label=_("Any")
    )
    day_from = django_filters.DateFilter(
        field_name="business_day", lookup_expr="gte", label=_("Business day from"), widget=DayInput()
    )
    day_to = django_filters.DateFilter(
        field_name="business_day", lookup_expr="lte", label=_("Business day to"), widget=DayInput()
    )

    class Meta:
        form = PlainForm
        model = Message
        fields: tuple[str, ...] = ()

    def to_customer(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        """To the customers whose reference begins so, or whose whole name it is."""
        words = value.strip()
        customers = Customer.objects.order_by().values("pk")
        return queryset.filter(
            customer_id__in=customers.filter(ref__startswith=words).union(customers.filter(name=words))
        )
