"""Days and jobs, to read: only the close of day and the jobs themselves write them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from runs.models import BusinessDay, DayClose, JobRun


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list and its pages, with no way of writing."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BusinessDay)
class BusinessDayAdmin(ReadOnlyAdmin):
    list_display = ["date", "is_opening", "opened_at", "closed_at"]
    date_hierarchy = "date"


@admin.register(DayClose)
class DayCloseAdmin(ReadOnlyAdmin):
    list_display = ["date", "step", "status", "done", "total", "started_at", "finished_at"]
    list_filter = ["status", "step"]


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "status", "done", "total", "actor_name", "finished_at"]
    list_filter = ["status", "kind"]
