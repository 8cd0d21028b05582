"""What freezes show beside a case."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Account
from cases.board import Panel
from cases.models import Case
from freezing.models import CoreCommand
from freezing.permissions import VIEW
from staff.models import User
from staff.permissions import may

SHOWN = 12


def freezes_of(case: Case, user: User) -> Panel | None:
    """Each account of the customer with its status and its latest command. Two queries."""
    if not may(user, VIEW):
        return None
    accounts = list(Account.objects.filter(customer=case.customer_id).order_by("pk")[:SHOWN])
    latest = {
        row.account_id: row
        for row in CoreCommand.objects.filter(account__in=accounts).order_by("account_id", "-pk").distinct("account_id")
    }
    rows = [(account, latest.get(account.pk)) for account in accounts]
    return Panel(_("Freeze"), "freezing/_panel.html", {"rows": rows}) if rows else None
