"""Money that arrived in files, to read: it is matched or given back at the money desk."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy

from accounts.admin.base import ReadAdmin
from accounts.models import PaymentFile, UnmatchedPayment


@admin.register(PaymentFile)
class PaymentFileAdmin(ReadAdmin):
    list_display = [
        "id", "received_at", "business_day", "actor_name", "received", "received_amount", "posted_amount", "waiting_amount",
        "known_amount", "refused_amount",
    ]  # fmt: skip
    date_hierarchy = "business_day"
    search_fields = ["actor_name"]
    search_help_text = gettext_lazy("Who imported it, whole")

    def found_by(self, term: str) -> Q:
        return Q(actor_name=term)


@admin.register(UnmatchedPayment)
class UnmatchedPaymentAdmin(ReadAdmin):
    list_display = [
        "ref",
        "account_ref",
        "amount",
        "effective_on",
        "channel",
        "status",
        "decided_by_name",
        "decided_at",
    ]
    list_filter = ["status"]
    list_select_related = ["file"]
    search_help_text = gettext_lazy("The beginning of a payment's reference, or an account as it was given, whole")

    def found_by(self, term: str) -> Q:
        return Q(ref__startswith=term) | Q(account_ref=term)
