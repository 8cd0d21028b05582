"""How the worklist is narrowed and ordered."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Case as Switch
from django.db.models import IntegerField, QuerySet, Value, When
from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Customer, RiskClass
from cases.models import Case
from cases.selectors.choices import Choices, choices_for
from cases.selectors.due import called_back
from cases.selectors.queues import WORK_KINDS, working
from runs import clock
from runs.forms import DayInput, PlainForm
from staff.permissions import Anyone

ORDERS = {
    "priority": ("priority", _("Priority")),
    "days": ("days_past_due", _("Days past due")),
    "amount": ("overdue_amount", _("Overdue amount")),
    "bucket": ("bucket", _("Bucket")),
    "name": ("customer__name", pgettext_lazy("of a person", "Name")),
    "opened": ("opened_on", _("Opened")),
    "follow-up": ("follow_up_on", _("Follow-up")),
    "contacted": ("contacted_at", _("Last contact")),
}
DEFAULT_ORDER = "-days"
# The order of somebody's own cases: whom to call back now, what falls due today, then what matters most.
DUE_FIRST = "due"
NOBODY, ME = "nobody", "me"


def order_in_words(sort: str) -> str:
    """An order's name in the reader's language; one that there is not stands as it is."""
    if sort == DUE_FIRST:
        return gettext("What is due first")
    name = sort.removeprefix("-")
    if name not in ORDERS:
        return sort
    label = ORDERS[name][1]
    return str(label if sort == name else _descending(label))


def _descending(label: Any) -> Promise:
    return format_lazy("{order} ({way})", order=label, way=_("descending"))


class WorklistOrdering(django_filters.OrderingFilter):
    """Orders by one column, with the key behind it so that pages never overlap."""

    default = DEFAULT_ORDER

    def build_choices(self, fields: Any, labels: Any) -> list[tuple[str, Any]]:
        """Each order with its reverse; in words that are looked up when they are read, in the reader's language."""
        orders = [(name, labels[field]) for field, name in fields.items()]
        reverses = [(f"-{name}", _descending(label)) for name, label in orders]
        return [choice for pair in zip(orders, reverses, strict=True) for choice in pair]

    def filter(self, qs: QuerySet[Case], value: Any) -> QuerySet[Case]:
        chosen = value[0] if value else self.default
        if chosen == DUE_FIRST:
            due = Switch(
                When(called_back(clock.now(), clock.today()), then=Value(0)),
                When(follow_up_on__lte=clock.today(), then=Value(1)),
                default=Value(2),
                output_field=IntegerField(),
            )
            return qs.order_by(due, "-priority", "pk")
        field = ORDERS[chosen.removeprefix("-")][0]
        return qs.order_by(f"-{field}" if chosen.startswith("-") else field, "pk")


class WorklistFilter(django_filters.FilterSet):
    """What can be asked of the open cases. The querysets given must carry `days_past_due`.

    `user` is who asks: "mine" is hers, and she is offered the teams and people in her reach. `default_order` holds where
    the question names none.
    """

    q = django_filters.CharFilter(method="search", label=_("Reference"))
    work = django_filters.ChoiceFilter(choices=WORK_KINDS, method="by_work", label=_("Work"), empty_label=_("Any"))
    bucket = django_filters.MultipleChoiceFilter(label=_("Bucket"), distinct=False)
    risk_class = django_filters.ChoiceFilter(choices=RiskClass, label=_("Risk class"), empty_label=_("Any"))
    amount_min = django_filters.NumberFilter("overdue_amount", "gte", label=_("Amount from"), min_value=0)
    amount_max = django_filters.NumberFilter("overdue_amount", "lte", label=_("Amount to"), min_value=0)
    days_min = django_filters.NumberFilter("days_past_due", "gte", label=_("Days from"), min_value=0)
    days_max = django_filters.NumberFilter("days_past_due", "lte", label=_("Days to"), min_value=0)
    product = django_filters.ChoiceFilter(method="having_product", label=_("Product"), empty_label=_("Any"))
    opened_from = django_filters.DateFilter("opened_on", "gte", label=_("Opened from"), widget=DayInput())
    team = django_filters.ChoiceFilter("team_id", label=_("Team"), empty_label=_("Any"))
    assignee = django_filters.ChoiceFilter(method="by_assignee", label=_("Worked by"), empty_label=_("Anyone"))
    sort = WorklistOrdering(
        fields={field: name for name, (field, label) in ORDERS.items()},
        field_labels=dict(ORDERS.values()),
        label=_("Order"),
        empty_label=None,
    )

    class Meta:
        form = PlainForm
        model = Case
        fields: tuple[str, ...] = ()

    def __init__(
        self,
        data: QueryDict | None,
        *,
        queryset: QuerySet[Case],
        user: Anyone,
        default_order: str = DEFAULT_ORDER,
        request: HttpRequest | None = None,
    ) -> None:
        super().__init__(data, queryset=queryset, request=request)
        self.user = user
        offered = choices_for(user)
        self.choices: Choices = offered
        self.filters["bucket"].extra["choices"] = offered.buckets
        self.filters["product"].extra["choices"] = offered.products
        self.filters["team"].extra["choices"] = offered.teams
        self.filters["assignee"].extra["choices"] = [(ME, _("Me")), (NOBODY, _("Nobody")), *offered.members]
        known = default_order == DUE_FIRST or default_order.removeprefix("-") in ORDERS
        self.filters["sort"].default = default_order if known else DEFAULT_ORDER

    def search(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """By the beginning of a case's, account's or customer's reference; a name is personal and never in an address.

        Each way is a query of its own on its own index; joined by OR, none of the indexes would be used.
        """
        words = value.strip()
        found = (
            Customer.objects.order_by()
            .filter(ref__startswith=words)
            .values("pk")
            .union(
                Account.objects.order_by().filter(ref__startswith=words).values("customer_id"),
                Case.objects.order_by().filter(ref__startswith=words).values("customer_id"),
            )
        )
        return queryset.filter(customer_id__in=found)

    def by_work(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """By what is to be done with them today."""
        return working(queryset, value, clock.today(), self.user)

    def having_product(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """Cases with a late account of the product."""
        return queryset.filter(products__contains=[value])

    def by_assignee(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """Cases worked by the reader, by nobody, or by a member of her teams."""
        if value == NOBODY:
            return queryset.filter(assignee=None)
        return queryset.filter(assignee=self.user.pk if value == ME else int(value))

    def beside(self, left_out: str) -> QuerySet[Case]:
        """What all other filters leave: the numbers beside the choices of `left_out`."""
        queryset = self.queryset.all()
        for name, value in self.form.cleaned_data.items():
            if name not in (left_out, "sort"):
                queryset = self.filters[name].filter(queryset, value)
        return queryset

    def narrow(self, cases: QuerySet[Case], asked: QueryDict) -> QuerySet[Case]:
        """`cases` narrowed by another question than the filter's own; of it, what is wrong or unknown filters nothing."""
        for name in asked:
            if (field := self.form.fields.get(name)) is None or name == "sort":
                continue
            try:
                value = field.clean(field.widget.value_from_datadict(asked, {}, name))
            except ValidationError:
                continue
            cases = self.filters[name].filter(cases, value)
        return cases

    def active(self) -> list[tuple[str, str, Any]]:
        """(name, label, value) of every filter in use, for the chips that take it off again."""
        shown = []
        for name, value in self.form.cleaned_data.items():
            if name == "sort" or value in (None, "", []):
                continue
            if name == "bucket":
                value = " ".join(sorted(value))
            elif isinstance(value, date):
                value = value.isoformat()
            elif hasattr(self.form.fields[name], "choices"):
                value = dict(self.form.fields[name].choices).get(value, value)
            shown.append((name, self.filters[name].label, value))
        return shown
