from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FreezingConfig(AppConfig):
    name = "freezing"
    verbose_name = _("Freezing")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.selectors.verify import add_check
        from approvals import kinds
        from cases.beside import add_panel
        from freezing.kinds import FreezeAccounts, UnfreezeAccounts
        from freezing.panels import freezes_of
        from freezing.verify import check_frozen

        kinds.register(FreezeAccounts())
        kinds.register(UnfreezeAccounts())
        add_panel(freezes_of)
        add_check(check_frozen)
