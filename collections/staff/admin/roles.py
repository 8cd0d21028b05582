"""Roles: what each may do, how far it reaches, and how much it decides alone."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from staff.admin.columns import GroupedRows, NamedRows
from staff.admin.recorded import RecordedAdmin
from staff.admin.rights import RightsByArea, area_of, in_words
from staff.models import AuthorityLimit, Role
from staff.roles import INSTALLED

# Rights on the machinery itself, which no page of ours asks for.
NOT_OURS = ("admin", "auth", "axes", "contenttypes", "django_rq", "otp_static", "otp_totp", "sessions")


class LimitInline(admin.TabularInline):
    """Limits are dated: a new one is a new row, and what was in force stays to be read."""

    model = AuthorityLimit
    formset = NamedRows
    extra = 0
    verbose_name_plural = _("authority limits: the newest in force counts; add a row to change one")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Role)
class RoleAdmin(RecordedAdmin):
    recorded_as = "role"
    list_display = ["__str__", "code", "scope", "member_count"]
    search_fields = ["name", "code"]
    inlines = [LimitInline]
    # The limits stand before the rights, which are many.
    change_form_template = "admin/staff/role_form.html"

    def get_inline_formsets(self, *args: Any, **values: Any) -> list[Any]:
        return [GroupedRows.of(rows) for rows in super().get_inline_formsets(*args, **values)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return super().get_queryset(request).annotate(_members=Count("user"))

    @admin.display(description=_("members"), ordering="_members")
    def member_count(self, role: Any) -> int:
        return role._members

    def get_fieldsets(self, request: HttpRequest, obj: Role | None = None) -> list[Any]:
        rights = "permissions" if self.has_change_permission(request, obj) else "rights"
        return [(None, {"fields": ["code", "name", "scope"]}), (_("Permissions"), {"fields": [rights]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> list[str]:
        return [] if obj is None else ["code", "rights"]

    @admin.display(description=_("permissions"))
    def rights(self, role: Role) -> str:
        """For who may only read them."""
        areas: dict[str, list[str]] = defaultdict(list)
        for permission in role.permissions.select_related("content_type"):
            areas[area_of(permission)].append(in_words(permission))
        rows = [(area, sorted(areas[area])) for area in sorted(areas)]
        return render_to_string("admin/staff/rights_read.html", {"areas": rows})

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.code not in INSTALLED)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **values: Any) -> Any:
        if db_field.name == "permissions":
            values |= {"form_class": RightsByArea, "widget": RightsByArea.widget, "help_text": ""}
            values["queryset"] = (
                Permission.objects.exclude(content_type__app_label__in=NOT_OURS)
                .select_related("content_type")
                .order_by("content_type__app_label", "content_type__model", "codename")
            )
        return super().formfield_for_manytomany(db_field, request, **values)

    def values_of(self, row: Role) -> dict[str, Any]:
        return {
            "code": row.code,
            "name": row.name,
            "scope": row.scope,
            "permissions": sorted(
                f"{label}.{codename}"
                for label, codename in row.permissions.values_list("content_type__app_label", "codename")
            ),
            "limits": list(
                row.limits.order_by("kind", "currency", "effective_from").values(
                    "kind", "currency", "most", "effective_from"
                )
            ),
        }
