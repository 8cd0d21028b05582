"""The record, to read."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from runs.texts import reason_in_words


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    list_display = ["at", "actor_name", "verb", "subject_type", "subject_ref", "said_reason"]
    # Exact, by index or by key: a search through millions of texts would hold the page up.
    search_fields = ["=customer_id", "=subject_ref", "=request_id"]
    search_help_text = _("Customer key, reference or request, whole")
    list_filter = ["subject_type", "verb"]
    show_full_result_count = False
    ordering = ["-id"]

    @admin.display(description=_("reason"), ordering="reason")
    def said_reason(self, event: Event) -> str:
        return reason_in_words(event.reason)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
