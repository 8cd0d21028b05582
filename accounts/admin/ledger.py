"""The ledger and what follows from it, to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.admin.base import ReadAdmin, of_account
from accounts.models import Allocation, BucketRow, LedgerEntry, Payment, Reversal, Standing, StandingChange


class OfAccount(ReadAdmin):
    """Rows found by their account."""

    list_select_related = ["account"]
    search_help_text = gettext_lazy("A whole account reference")

    def found_by(self, term: str) -> Q:
        return of_account(term)


class InBucket(admin.SimpleListFilter):
    """By the buckets that any table names: asking the rows themselves would read all of them."""

    title = gettext_lazy("bucket")
    parameter_name = "bucket"
    column = "bucket"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = BucketRow.objects.order_by("from_days", "code").values_list("code", flat=True)
        return [(code, code) for code in dict.fromkeys(codes)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ToBucket(InBucket):
    title = gettext_lazy("to bucket")
    column = "to_bucket"


@admin.register(LedgerEntry)
class LedgerEntryAdmin(OfAccount):
    list_display = ["id", "account", "kind", "amount", "effective_on", "recorded_at", "bill", "payment", "relief"]
    list_filter = ["kind"]
    list_select_related = ["account", "bill", "payment", "relief"]


@admin.register(Allocation)
class AllocationAdmin(OfAccount):
    list_display = ["id", "account", "entry", "bill", "component", "amount", "rule_version"]
    list_filter = ["component"]
    list_select_related = ["account", "bill", "entry"]


@admin.register(Reversal)
class ReversalAdmin(ReadAdmin):
    """To read; a reversal is asked for at the money desk, or comes in a file."""

    list_display = ["payment", "account", "effective_on", "recorded_at", "reason"]
    list_select_related = ["payment__account"]
    date_hierarchy = "effective_on"
    search_help_text = gettext_lazy("A whole payment or account reference")

    @admin.display(description=gettext_lazy("Account"))
    def account(self, reversal: Reversal) -> Any:
        return reversal.payment.account

    def found_by(self, term: str) -> Q:
        payments = Payment.objects.filter(Q(ref=term) | of_account(term)).values_list("pk", flat=True)
        return Q(payment__in=payments)


@admin.register(Standing)
class StandingAdmin(OfAccount):
    list_display = ["account", "overdue_since", "bucket", "kind", "risk_class", "overdue_amount", "next_transition_on"]
    list_filter = [InBucket, "kind", "risk_class"]
    ordering = ["-account"]


@admin.register(StandingChange)
class StandingChangeAdmin(OfAccount):
    list_display = [
        "business_day", "account", "cause", "from_bucket", "to_bucket", "to_kind", "to_risk_class", "to_overdue_amount",
    ]  # fmt: skip
    list_filter = [ToBucket, "business_day"]
