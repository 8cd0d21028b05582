from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StrategyConfig(AppConfig):
    name = "strategy"
    verbose_name = _("Strategy")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from approvals import kinds
        from cases.beside import add_panel
        from strategy.kinds import ActivateStrategy
        from strategy.panels import treatments_of

        kinds.register(ActivateStrategy())
        add_panel(treatments_of)
