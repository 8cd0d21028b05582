from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "desk"
    verbose_name = _("Money desk")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.models import Account, Payment
        from accounts.tools import add_tool
        from approvals import kinds
        from cases.beside import add_panel
        from desk import tools
        from desk.giving_back import GiveBack
        from desk.kinds import KINDS
        from desk.panels import money_of

        for kind in (*KINDS, GiveBack()):
            kinds.register(kind)
        add_panel(money_of)
        add_tool(Account, tools.money_of)
        add_tool(Payment, tools.ask_to_reverse)
