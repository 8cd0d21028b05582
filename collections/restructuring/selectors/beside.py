"""What is overdue on accounts beside their live plans: bills that a plan did not take over."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from accounts.selectors.owed import owed_now
from restructuring.models import LIVE, Plan, PlanInstalment


def overdue_beside(plans: Iterable[Plan]) -> dict[int, Decimal]:
    """By key of those of the plans that are live, what is overdue on the account beside its instalments, as of the day that its
    case tells; those with nothing left out. Three queries, none where no plan is live."""
    live = [plan for plan in plans if plan.status in LIVE]
    if not live:
        return {}
    owed = owed_now([plan.account_id for plan in live])
    own = set(PlanInstalment.objects.filter(plan__in=live, bill__isnull=False).values_list("bill", flat=True))
    found = {}
    for plan in live:
        beside = sum((bill.overdue for bill in owed[plan.account_id].bills if bill.bill_id not in own), Decimal(0))
        if beside:
            found[plan.pk] = beside
    return found
