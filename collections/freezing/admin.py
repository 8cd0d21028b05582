"""The policies of freezing, to add to, and what the core system was told, to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from accounts.admin.base import EntryAdmin
from accounts.admin.ledger import OfAccount
from cases.admin import DatedForm
from freezing.models import CoreCommand, FreezePolicy
from freezing.services.policies import SAYS, add_policy


@admin.register(FreezePolicy)
class FreezePolicyAdmin(EntryAdmin):
    form = DatedForm
    entered = shown = ["effective_from", *SAYS]
    list_display = ["effective_from", *SAYS]
    search_fields = ["source"]

    def found_by(self, term: str) -> Q:
        return Q(source__icontains=term)

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> FreezePolicy:
        return add_policy(actor=request.user, **values)


@admin.register(CoreCommand)
class CoreCommandAdmin(OfAccount):
    list_display = [
        "account", "verb", "status", "asked_at", "asked_by_name", "attempts", "sent_at", "answered_at", "answer",
    ]  # fmt: skip
    list_filter = ["verb", "status"]
    list_select_related = ["account", "request"]
    date_hierarchy = "asked_at"
