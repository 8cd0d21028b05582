from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = _("Cases")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.permissions import on_reach, on_reached
        from accounts.references import on_reference
        from accounts.selectors.verify import add_check
        from accounts.services.reactions import on_money_moved, on_standing_moved, on_status_changed
        from approvals import kinds
        from cases.board import add_panel
        from cases.kinds import Deferral, EndDeferral, PromiseBeyond
        from cases.panels import approvals_waiting, complaints_open
        from cases.permissions import customers_named, customers_of, who_see_customer
        from cases.selectors.promised import promised
        from cases.services.concluding import follow_statuses
        from cases.services.contacts import follow_persons
        from cases.services.follow import follow_standings
        from cases.services.judging import judge_at_once
        from cases.services.routing import reroute
        from cases.verify import check_cases
        from cases.verify_promises import check_promises
        from compliance.services.reactions import on_person_changed
        from reminders import contents
        from reminders.models import MessageKind
        from staff.reactions import on_portfolios_changed

        kinds.register(Deferral())
        kinds.register(EndDeferral())
        kinds.register(PromiseBeyond())
        contents.register(MessageKind.PROMISE, promised)
        on_standing_moved(follow_standings)
        on_status_changed(follow_statuses)
        on_person_changed(follow_persons)
        on_money_moved(judge_at_once)
        on_portfolios_changed(reroute)
        add_panel(approvals_waiting)
        add_panel(complaints_open)
        on_reach(customers_of)
        on_reached(who_see_customer)
        on_reference(customers_named)
        add_check(check_cases)
        add_check(check_promises)
