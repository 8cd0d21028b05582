from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WaiversConfig(AppConfig):
    name = "waivers"
    verbose_name = _("Waivers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.selectors.verify import add_check
        from accounts.services.reactions import on_money_moved
        from approvals import kinds
        from cases.beside import add_panel
        from waivers.kinds import GrantWaiver, TakeBackWaiver
        from waivers.panels import waivers_of
        from waivers.services.judging import judge_at_once
        from waivers.verify import check_waivers

        kinds.register(GrantWaiver())
        kinds.register(TakeBackWaiver())
        on_money_moved(judge_at_once)
        add_panel(waivers_of)
        add_check(check_waivers)
