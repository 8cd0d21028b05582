"""How the worklist is narrowed and ordered."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, BucketRow, Customer, Product, RiskClass
from cases.models import Case

# A single character is the surname of a tenth of the book: that is no search.
SHORTEST_NAME = 2
ORDERS = {
    "days": ("days_past_due", _("Days past due")),
    "amount": ("overdue_amount", _("Overdue amount")),
    "bucket": ("bucket", _("Bucket")),
    "name": ("customer__name", _("Name")),
    "opened": ("opened_on", _("Opened")),
}
DEFAULT_ORDER = "-days"


def bucket_codes() -> list[tuple[str, str]]:
    """The buckets of every table, in the order of their days."""
    codes = BucketRow.objects.order_by("from_days").values_list("code", flat=True)
    return [(code, code) for code in dict.fromkeys(codes)]


class WorklistOrdering(django_filters.OrderingFilter):
    """Orders by one column, with the key behind it so that pages never overlap."""

    def filter(self, qs: QuerySet[Case], value: Any) -> QuerySet[Case]:
        chosen = value[0] if value else DEFAULT_ORDER
        field = ORDERS[chosen.removeprefix("-")][0]
        descending = chosen.startswith("-")
        return qs.order_by(f"-{field}" if descending else field, "pk")


class WorklistFilter(django_filters.FilterSet):
    """What a collector can ask of the open cases. The querysets given must carry `days_past_due`."""

    q = django_filters.CharFilter(method="search", label=_("Search"))
    bucket = django_filters.MultipleChoiceFilter(choices=bucket_codes, label=_("Bucket"), distinct=False)
    risk_class = django_filters.ChoiceFilter(choices=RiskClass, label=_("Risk class"), empty_label=_("Any"))
    amount_min = django_filters.NumberFilter("overdue_amount", "gte", label=_("Amount from"), min_value=0)
    amount_max = django_filters.NumberFilter("overdue_amount", "lte", label=_("Amount to"), min_value=0)
    days_min = django_filters.NumberFilter("days_past_due", "gte", label=_("Days from"), min_value=0)
    days_max = django_filters.NumberFilter("days_past_due", "lte", label=_("Days to"), min_value=0)
    product = django_filters.ModelChoiceFilter(
        queryset=lambda request: Product.objects.order_by("code"),
        to_field_name="code",
        method="having_product",
        label=_("Product"),
        empty_label=_("Any"),
    )
    opened_from = django_filters.DateFilter(
        "opened_on", "gte", label=_("Opened from"), widget=forms.DateInput(attrs={"type": "date"})
    )
    sort = WorklistOrdering(
        fields={field: name for name, (field, label) in ORDERS.items()},
        field_labels=dict(ORDERS.values()),
        label=_("Order"),
        empty_label=None,
    )

    class Meta:
        model = Case
        fields: tuple[str, ...] = ()

    def search(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """By the beginning of a case's, account's or customer's reference, or of a name.

        Each way is a query of its own on its own index; joined by OR, none of the indexes would be used.
        """
        words = value.strip()
        customers = Customer.objects.order_by().values("pk")
        found = customers.filter(ref__startswith=words).union(
            Account.objects.order_by().filter(ref__startswith=words).values("customer_id"),
            Case.objects.order_by().filter(ref__startswith=words).values("customer_id"),
            customers.filter(name__startswith=words) if len(words) >= SHORTEST_NAME else customers.filter(name=words),
        )
        return queryset.filter(customer_id__in=found)

    def having_product(self, queryset: QuerySet[Case], name: str, value: Product) -> QuerySet[Case]:
        """Cases with a late account of the product."""
        return queryset.filter(products__contains=[value.code])

    def beside(self, left_out: str) -> QuerySet[Case]:
        """What all other filters leave: the numbers beside the choices of `left_out`."""
        queryset = self.queryset.all()
        for name, value in self.form.cleaned_data.items():
            if name not in (left_out, "sort"):
                queryset = self.filters[name].filter(queryset, value)
        return queryset

    def active(self) -> list[tuple[str, str, Any]]:
        """(name, label, value) of every filter in use, for the chips that take it off again."""
        shown = []
        for name, value in self.form.cleaned_data.items():
            if name == "sort" or value in (None, "", []):
                continue
            label = self.filters[name].label
            if name == "bucket":
                value = " ".join(value)
            elif name == "risk_class":
                value = RiskClass(value).label
            shown.append((name, label, value))
        return shown
