"""The way from a case to the money desk."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Account
from cases.board import Panel
from cases.models import Case
from desk.kinds import ASK
from staff.models import User
from staff.permissions import may


def money_of(case: Case, user: User) -> Panel | None:
    """The customer's accounts, for who may ask for reversals, refunds, write-offs or acceleration. One query."""
    if not may(user, ASK):
        return None
    rows = list(Account.objects.filter(customer=case.customer_id).order_by("pk")[:12])
    return Panel(_("Money desk"), "desk/_panel.html", {"rows": rows}) if rows else None
