"""What would become of an account's plans if money moved, for the previews of reversals and write-offs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from accounts.models import HoldKind
from accounts.rules import Hold
from accounts.selectors.facts import AccountFacts
from accounts.selectors.owed import Owed
from accounts.selectors.what_if import Follows
from restructuring.models import LIVE, SETTLED, BreachTerms, Plan
from runs import clock
from runs.selectors import begun_day, book_day
from runs.texts import coded


def of_plans(account_id: int, then: Owed) -> Follows | None:
    """Which of the account's plans such money ends, breaches or opens again (registered with `accounts.selectors.what_if`), by
    the rules of `services.judging`. One that opens again stops late fees from the day on which it ended. One query,
    three with plans."""
    plans = list(
        Plan.objects.filter(account=account_id, status__in=[*LIVE, *SETTLED])
        .prefetch_related("instalments")
        .order_by("pk")
    )
    if not plans:
        return None
    on = begun_day() or book_day() or clock.today()
    left = {bill.bill_id for bill in then.bills}
    is_in_a_plan = any(plan.status in LIVE for plan in plans)
    said, held = [], []
    for plan in plans:
        due = [one.due_on for one in plan.instalments.all() if one.bill_id in left]
        if plan.status in SETTLED:
            if not due or is_in_a_plan:
                continue
            assert plan.ended_on is not None
            is_in_a_plan = True
            said.append(coded("plan-reopens", plan.ref))
            held.append(Hold(HoldKind.FEES.value, plan.ended_on.toordinal(), None, 0))
        elif not due:
            said.append(coded("plan-ends", plan.ref))
        if sum(day + timedelta(days=plan.grace_days) < on for day in due) >= plan.breach_after:
            falls_back = plan.breach_terms == BreachTerms.RESTORE
            said.append(coded("plan-falls-back" if falls_back else "plan-is-breached", plan.ref))

    def change(facts: AccountFacts) -> AccountFacts:
        return replace(facts, holds=sorted([*facts.holds, *held], key=lambda hold: hold.starts_on))

    return Follows(tuple(said), change)
