from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RestructuringConfig(AppConfig):
    name = "restructuring"
    verbose_name = _("Plans")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.selectors.verify import add_check
        from accounts.selectors.what_if import add_consequence
        from accounts.services.reactions import on_money_moved
        from approvals import kinds
        from cases.beside import add_panel
        from reminders import contents
        from reminders.models import MessageKind
        from restructuring.kinds import Restructure
        from restructuring.panels import plan_of
        from restructuring.selectors.consequences import of_plans
        from restructuring.selectors.signing import told
        from restructuring.services.judging import judge_at_once
        from restructuring.verify import check_plans

        kinds.register(Restructure())
        contents.register(MessageKind.SIGNING, told)
        on_money_moved(judge_at_once)
        add_check(check_plans)
        add_consequence(of_plans)
        add_panel(plan_of)
