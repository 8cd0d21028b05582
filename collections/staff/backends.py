"""What a person may do, read at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from staff.models import User


class StaffBackend(ModelBackend):
    """Django's own, which asks for a person's permissions and for those of her roles one after the other. Every page needs
    both: they are one query here."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """As Django's: "app.codename" of all she has by herself or by a role, kept on the object for the request."""
        if isinstance(user_obj, User) and user_obj.is_active and not user_obj.is_superuser and obj is None:
            if not hasattr(user_obj, "_perm_cache"):
                names = ("content_type__app_label", "codename")
                own = Permission.objects.filter(user=user_obj).order_by().values_list(*names)
                of_roles = Permission.objects.filter(group__user=user_obj).order_by().values_list(*names)
                user_obj._perm_cache = {f"{app}.{name}" for app, name in own.union(of_roles)}  # type: ignore[attr-defined]  # Django's own cache
            return user_obj._perm_cache  # type: ignore[attr-defined]  # the same
        return super().get_all_permissions(user_obj, obj)
