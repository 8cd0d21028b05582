from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = _("Cases")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.services.reactions import on_standing_moved
        from cases.services import follow_standings

        on_standing_moved(follow_standings)
