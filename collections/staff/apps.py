from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = _("Staff")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from axes.signals import user_locked_out

        user_locked_out.connect(_on_lockout)


def _on_lockout(sender: object, request: Any, username: str, **values: object) -> None:
    """django-axes says it at every failure while locked; only the one that locks has counted failures."""
    from staff.services import record_lockout

    if username and request.axes_failures_since_start is not None:
        record_lockout(username=username)
