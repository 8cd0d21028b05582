"""The terms of working cases and of disputes: dated rows, to add to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms.models import model_to_dict
from django.http import HttpRequest

from cases.models import DisputeTerms, WorkTerms
from staff.admin.recorded import RecordedAdmin


class DatedAdmin(RecordedAdmin):
    """What is in force from a date on. A change is a new row: what was in force stays to be read."""

    def values_of(self, row: Any) -> dict[str, Any]:
        return model_to_dict(row, exclude=["id"])

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(WorkTerms)
class WorkTermsAdmin(DatedAdmin):
    recorded_as = "work-terms"
    list_display = ["effective_from", "promise_grace_days", "promise_most_instalments", "exact_searches", "source"]


@admin.register(DisputeTerms)
class DisputeTermsAdmin(DatedAdmin):
    recorded_as = "dispute-terms"
    list_display = ["reason", "pauses", "answer_days", "effective_from", "source"]
    list_filter = ["reason"]
