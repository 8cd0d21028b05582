"""How the list of waivers is narrowed."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Customer
from approvals.models import OPEN
from runs.forms import DayInput, PlainForm
from waivers.models import ReasonCode, Waiver, WaiverPolicy, WaiverStatus

REFUSED = "refused"
STATES = [*WaiverStatus.choices, (REFUSED, _("Not granted"))]


class WaiverFilter(django_filters.FilterSet):
    """Whose waivers, in which state, why, and asked for when."""

    q = django_filters.CharFilter(method="of_reference", label=_("Customer or account"))
    status = django_filters.ChoiceFilter(choices=STATES, method="in_state", label=_("State"), empty_label=_("Any"))
    reason_code = django_filters.ChoiceFilter(choices=ReasonCode, label=_("Reason"), empty_label=_("Any"))
    policy = django_filters.ChoiceFilter(field_name="policy__code", label=_("Policy"), empty_label=_("Any"))
    day_from = django_filters.DateFilter("asked_on", "gte", label=_("From"), widget=DayInput())
    day_to = django_filters.DateFilter("asked_on", "lte", label=_("To"), widget=DayInput())

    class Meta:
        form = PlainForm
        model = Waiver
        fields: tuple[str, ...] = ()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        rows = WaiverPolicy.objects.order_by("code", "-effective_from").distinct("code")
        self.filters["policy"].extra["choices"] = [(row.code, str(row)) for row in rows]

    def of_reference(self, queryset: QuerySet[Waiver], name: str, value: str) -> QuerySet[Waiver]:
        """By the beginning of a customer's or an account's reference: a name is personal and never in an address."""
        words = value.strip()
        accounts = Account.objects.order_by().filter(ref__startswith=words).values("customer_id")
        found = Customer.objects.order_by().filter(ref__startswith=words).values("pk").union(accounts)
        return queryset.filter(customer_id__in=found)

    def in_state(self, queryset: QuerySet[Waiver], name: str, value: str) -> QuerySet[Waiver]:
        """Of those that were asked for, what became of the request says whether they still are."""
        still_open = Q(request__status__in=OPEN)
        if value == REFUSED:
            return queryset.filter(~still_open, status=WaiverStatus.ASKED)
        return (
            queryset.filter(still_open, status=value) if value == WaiverStatus.ASKED else queryset.filter(status=value)
        )
