"""What a plan that falls back does to the book: one definition for what is posted, and for the previews of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from accounts.models import ReliefKind
from accounts.rules import cents, ordinal, to_date
from accounts.selectors.facts import AccountFacts
from accounts.selectors.what_if import Thought, with_reliefs
from accounts.services.relief import Grant
from restructuring.models import Plan


def voids(plan: Plan) -> Iterator[Grant]:
    """What closes the plan's bills, from its first day on, as if they had never been."""
    assert plan.running_on is not None
    for one in plan.instalments.all():
        yield Grant(
            plan.account_id, f"{one.bill_ref}-V", ReliefKind.VOID, one.total, plan.running_on, one.bill_id, plan.ref
        )


def taken_back(plan: Plan) -> Iterator[int]:
    """The reliefs that closed what the plan took over: taken back, that is owed again."""
    for target in plan.targets.all():
        yield from (key for key in (target.closure_id, target.let_off_id) if key is not None)


def final_date_back(plan: Plan, final_due_on: date | None) -> date | None:
    """The final due date to which the account goes back; None where the plan did not move it, or somebody has since."""
    if plan.final_due_before is None or final_due_on != max(one.due_on for one in plan.instalments.all()):
        return None
    return plan.final_due_before


def fallen_back(facts: AccountFacts, plans: Sequence[Plan]) -> AccountFacts:
    """The facts of an account as if these plans of it had fallen back. Pure, where targets and instalments are read already."""
    for plan in plans:
        wanted = [
            Thought(one.bill_id or 0, cents(one.amount), one.effective_on.toordinal(), lapses=False)
            for one in voids(plan)
        ]
        facts = with_reliefs(facts, wanted, without=taken_back(plan))
        if (back := final_date_back(plan, to_date(facts.terms.final_due_on))) is not None:
            facts = replace(facts, terms=replace(facts.terms, final_due_on=ordinal(back)))
    return facts
