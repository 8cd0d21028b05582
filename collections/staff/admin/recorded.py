"""Admin pages whose changes are recorded: what it was, what it is, who did it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from audit.services import Values, record


class RecordedAdmin(admin.ModelAdmin):
    """Records one event for everything that one form changed, rows of other tables included (`values_of`)."""

    # "team" records team.added, team.changed and team.removed.
    recorded_as: str

    def values_of(self, row: Any) -> dict[str, Any]:
        """What is recorded of a row, as plain values; no personal data and no secrets."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        before = self.values_of(type(obj)._default_manager.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        request._before = before  # type: ignore[attr-defined]  # until save_related

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        row = type(form.instance)._default_manager.get(pk=form.instance.pk)
        before: Values = request._before  # type: ignore[attr-defined]  # set by this class
        after = self.values_of(row)
        if before is None:
            record(actor=request.user, verb=f"{self.recorded_as}.added", subject=row, after=after)
        else:
            old = {name: value for name, value in before.items() if value != after[name]}
            if not old:
                return
            new = {name: after[name] for name in old}
            record(actor=request.user, verb=f"{self.recorded_as}.changed", subject=row, before=old, after=new)
        self.changed(request, row, before or {}, after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        before = self.values_of(obj)
        record(actor=request.user, verb=f"{self.recorded_as}.removed", subject=obj, before=before)
        super().delete_model(request, obj)
        self.changed(request, obj, before, {})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without the removal of many at once, which would pass `delete_model` by."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changed(self, request: HttpRequest, row: Any, before: Values, after: Values) -> None:
        """What must follow a change; nothing, unless a page says so."""
