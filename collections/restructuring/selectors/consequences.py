"""What would become of an account's plans if money moved, for the previews of reversals and write-offs; and what is owed again
should a plan be breached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from accounts.models import HoldKind
from accounts.rules import Hold
from accounts.selectors.facts import AccountFacts
from accounts.selectors.owed import Owed
from accounts.selectors.what_if import Again, Follows, picture_fallen_back
from restructuring.models import LIVE, SETTLED, BreachTerms, Plan
from restructuring.selectors.falling_back import fallen_back
from runs import clock
from runs.selectors import begun_day, book_day
from runs.texts import coded


def of_plans(account_id: int, then: Owed) -> Follows | None:
    """Which of the account's plans such money ends, breaches or opens again (registered with `accounts.selectors.what_if`), by
    the rules of `services.judging`, and what is owed again where one falls back, by those of `services.ending`. One that opens
    again stops late fees from the day on which it ended. One query, four with plans."""
    plans = list(
        Plan.objects.filter(account=account_id, status__in=[*LIVE, *SETTLED])
        .prefetch_related("instalments", "targets")
        .order_by("pk")
    )
    if not plans:
        return None
    on = begun_day() or book_day() or clock.today()
    left = {bill.bill_id for bill in then.bills}
    due_of = {plan.pk: [one.due_on for one in plan.instalments.all() if one.bill_id in left] for plan in plans}
    is_in_a_plan = any(plan.status in LIVE and due_of[plan.pk] for plan in plans)
    said, held = [], []
    restored: list[Plan] = []
    for plan in plans:
        due = due_of[plan.pk]
        if plan.status in SETTLED:
            if not due:
                continue
            if is_in_a_plan:
                said.append(coded("plan-is-breached", plan.ref))
                continue
            assert plan.ended_on is not None
            is_in_a_plan = True
            said.append(coded("plan-reopens", plan.ref))
            held.append(Hold(HoldKind.FEES.value, plan.ended_on.toordinal(), None, 0))
        elif not due:
            said.append(coded("plan-ends", plan.ref))
        if sum(day + timedelta(days=plan.grace_days) < on for day in due) >= plan.breach_after:
            falls_back = plan.breach_terms == BreachTerms.RESTORE
            said.append(coded("plan-restores" if falls_back else "plan-is-breached", plan.ref))
            restored += [plan] if falls_back else []

    def change(facts: AccountFacts) -> AccountFacts:
        return replace(facts, holds=sorted([*facts.holds, *held], key=lambda hold: hold.starts_on))

    return _falling_back(Follows(tuple(said), change), restored)


def if_breached(plan: Plan) -> Again | None:
    """What would be owed again if this plan were breached today; None where its terms let its bills stand, or it is not live.
    Five queries; no locks."""
    if plan.status not in LIVE or plan.breach_terms != BreachTerms.RESTORE:
        return None
    return picture_fallen_back(plan.account_id, _falling_back(Follows((), lambda facts: facts), [plan])).again


def _falling_back(follows: Follows, plans: Sequence[Plan]) -> Follows:
    if not plans:
        return follows
    bills = frozenset(one.bill_id for plan in plans for one in plan.targets.all() if one.bill_id is not None)
    return follows._replace(falls_back=lambda facts: fallen_back(facts, plans), owed_again=bills)
