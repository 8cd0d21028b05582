"""What plans show beside a case."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cases.board import Panel
from cases.models import Case
from restructuring.models import Plan
from restructuring.selectors.beside import overdue_beside
from restructuring.services.asking import ASK
from runs import clock
from staff.models import User
from staff.permissions import may

SHOWN = 5


def plan_of(case: Case, user: User) -> Panel | None:
    """The latest plans of the person's accounts, what is overdue beside them, and where one may be asked for. One query, two
    with the accounts, and three for live plans."""
    if not may(user, "restructuring.view_plan"):
        return None
    rows = list(Plan.objects.filter(customer=case.customer_id).select_related("account", "watch")[:SHOWN])
    accounts = []
    if may(user, ASK):
        accounts = list(case.customer.accounts.filter(standing__isnull=False).order_by("ref"))
    if not rows and not accounts:
        return None
    beside = overdue_beside(rows)
    shown = {"rows": [(plan, beside.get(plan.pk)) for plan in rows], "accounts": accounts, "today": clock.today()}
    return Panel(_("Plans"), "restructuring/_panel.html", shown)
