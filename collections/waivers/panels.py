"""What waivers show beside a case."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cases.board import Panel
from cases.models import Case, CaseStatus
from staff.models import User
from staff.permissions import may
from waivers.models import Waiver
from waivers.permissions import ASK, VIEW

SHOWN = 5


def waivers_of(case: Case, user: User) -> Panel | None:
    """The customer's latest waivers, and the way to ask for one. One query."""
    if not may(user, VIEW):
        return None
    rows = list(Waiver.objects.filter(customer=case.customer_id).select_related("request", "account")[:SHOWN])
    asks = may(user, ASK) and case.status == CaseStatus.OPEN
    if not rows and not asks:
        return None
    return Panel(_("Late-fee waivers"), "waivers/_panel.html", {"rows": rows, "asks": asks, "case": case})
