"""People who work here: made, placed in teams, given roles, and deactivated when they leave."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, SetUnusablePasswordMixin
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.services import Values
from runs.texts import listed
from staff import services
from staff.admin.recorded import RecordedAdmin
from staff.admin.rights import RightsByArea
from staff.models import Role, User


class PasswordForm(AdminPasswordChangeForm):
    """Django's, saying what it is to disable a password in the reader's language: its own help stays in English."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "usable_password" in self.fields:
            # The page's script shows the warning, by its id, while "disabled" is chosen.
            self.fields["usable_password"].help_text = format_html(
                '{}<ul id="id_unusable_warning" class="messagelist"><li class="warning">{}</li></ul>',
                SetUnusablePasswordMixin.usable_password_help_text,
                _("If disabled, the current password for this user will be lost."),
            )


@admin.register(User)
class UserAdmin(RecordedAdmin, DjangoUserAdmin):
    """Nobody is removed: the record names them. Whoever is no superuser neither makes nor changes one.

    Rights come with roles, and no other way: what a role may do is read, changed and recorded in one place, and a right given to
    a person beside it would be seen by nobody who looks there. What a person was given so (by a script, long ago) is shown to
    superusers by its words, to be taken away.
    """

    recorded_as = "user"
    change_password_form = PasswordForm
    list_display = ["username", "display_name", "team", "role_names", "is_active", "last_login"]
    list_filter = ["is_active", "team", "groups__role"]
    search_fields = ["username", "display_name", "first_name", "last_name", "email"]
    actions = ["reset_second_factor", "lift_lockout", "end_sessions"]
    _work = ("display_name", "team", "supervises", "groups", "language")
    _entering = ("is_active", "is_staff", "must_change_password")
    add_fieldsets = (
        *DjangoUserAdmin.add_fieldsets,
        (gettext_lazy("At work"), {"fields": ("display_name", "is_staff", "team", "supervises", "groups")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        entering: tuple[str, ...] = self._entering
        if request.user.is_superuser:
            entering = (*entering, "is_superuser", *(["user_permissions"] if obj.user_permissions.exists() else []))
        return (
            (None, {"fields": ("username", "password")}),
            (gettext_lazy("At work"), {"fields": self._work}),
            (gettext_lazy("Person"), {"fields": ("first_name", "last_name", "email")}),
            (gettext_lazy("Who may come in"), {"fields": entering}),
            (gettext_lazy("Important dates"), {"fields": ("last_login", "date_joined")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        # Nobody shuts herself out, or gives herself a role: another administrator does.
        is_own = obj is not None and obj.pk == request.user.pk and not request.user.is_superuser
        return ["last_login", "date_joined", *(["is_active", "is_staff", "groups"] if is_own else [])]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        roles = Prefetch("groups", Role.objects.all(), to_attr="_roles")
        return super().get_queryset(request).select_related("team").prefetch_related(roles)

    @admin.display(description=gettext_lazy("roles"))
    def role_names(self, user: Any) -> str:
        return listed(user._roles)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **values: Any) -> Any:
        # A handful of boxes to tick, where Django has two lists with its own words between them.
        values |= {"widget": CheckboxSelectMultiple, "help_text": ""}
        if db_field.name == "groups":
            values |= {"queryset": Role.objects.all(), "label": _("Roles")}
        if db_field.name == "user_permissions":
            values |= {"form_class": RightsByArea, "widget": RightsByArea.widget}
            values["label"] = _("Rights beside the roles")
        return super().formfield_for_manytomany(db_field, request, **values)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **values: Any) -> Any:
        form = super().get_form(request, obj, change=change, **values)
        if "is_staff" in form.base_fields:
            form.base_fields["is_staff"].label = _("Works here")
            form.base_fields["is_staff"].help_text = _("Who does not cannot sign in.")
            form.base_fields["is_staff"].initial = True
        if obj is not None and "user_permissions" in form.base_fields:
            form.base_fields["user_permissions"].queryset = obj.user_permissions.select_related("content_type")  # type: ignore[attr-defined]  # a choice of rows
        return form

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.must_change_password = True
        super().save_model(request, obj, form, change)

    def values_of(self, row: User) -> dict[str, Any]:
        return {
            "username": row.username,
            "is_active": row.is_active,
            "is_staff": row.is_staff,
            "is_superuser": row.is_superuser,
            "team": str(row.team or ""),
            "supervises": sorted(map(str, row.supervises.all())),
            "roles": sorted(row.groups.exclude(role=None).values_list("role__code", flat=True)),
            "permissions": sorted(row.user_permissions.values_list("codename", flat=True)),
        }

    def changed(self, request: HttpRequest, row: User, before: Values, after: Values) -> None:
        if not (row.is_active and row.is_staff):
            services.end_sessions(actor=request.user, user=row)

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        response = super().user_change_password(request, id, form_url)
        user = self.get_object(request, id)
        if request.method == "POST" and isinstance(response, HttpResponseRedirect) and user is not None:
            services.password_was_set(actor=request.user, user=user)
        return response

    @admin.action(description=gettext_lazy("Reset the second factor"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        """Asks once more, and why: it takes the way in away from somebody who may be at work."""
        chosen, reason = self._those(request, people), request.POST.get("reason", "").strip()[:300]
        if not chosen:
            return None
        if "confirmed" not in request.POST or not reason:
            context = {**self.admin_site.each_context(request), "people": chosen, "opts": self.opts}
            context["title"] = _("Reset the second factor")
            return render(request, "admin/staff/reset_second_factor.html", context)
        for user in chosen:
            services.reset_second_factor(actor=request.user, user=user, reason=reason)
            self.message_user(
                request,
                _("%(user)s sets up a new app at the next signing in. All sessions are ended.") % {"user": user},
                messages.SUCCESS,
            )
        return None

    @admin.action(description=gettext_lazy("Lift the lock-out"), permissions=["change"])
    def lift_lockout(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in self._those(request, people):
            lifted = services.lift_lockout(actor=request.user, user=user)
            said = _("%(user)s may try again at once.") if lifted else _("%(user)s was not locked out.")
            self.message_user(request, said % {"user": user}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("End all sessions"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in self._those(request, people):
            services.end_sessions(actor=request.user, user=user, keep=request.session.session_key)
            self.message_user(request, _("All sessions of %(user)s are ended.") % {"user": user}, messages.SUCCESS)

    def _those(self, request: HttpRequest, people: QuerySet[User]) -> list[User]:
        """The chosen people whom the reader may change."""
        return [user for user in people if self.has_change_permission(request, user)]
