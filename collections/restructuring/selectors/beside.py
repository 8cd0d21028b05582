"""What is overdue on accounts beside their live plans: bills that a plan did not take over."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from accounts.models import Standing
from restructuring.models import LIVE, Plan


def overdue_beside(plans: Iterable[Plan]) -> dict[int, Decimal]:
    """By key of those of the plans that are live, what is overdue on the account beside its instalments, as the standing tells it
    while the plan's hold of contact stands; those with nothing left out. One query, none where no plan is live."""
    live = {plan.account_id: plan.pk for plan in plans if plan.status in LIVE}
    if not live:
        return {}
    found = Standing.objects.filter(account__in=live, beside_amount__gt=0).values_list("account_id", "beside_amount")
    return {live[account]: amount for account, amount in found if amount is not None}
