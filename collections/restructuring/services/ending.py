"""How plans end: kept, or written off; breached, falling back as their terms say; and opened again when that is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from accounts.models import HoldKind, ReliefReversal
from accounts.services import watches
from accounts.services.holds import place_hold
from accounts.services.posting import change_account
from accounts.services.re_aging import together
from accounts.services.relief import TakingBack, grant_many, take_back_many
from audit.services import Actor
from restructuring.models import LIVE, SETTLED, BreachTerms, Plan, PlanStatus
from restructuring.selectors.falling_back import final_date_back, taken_back, voids
from restructuring.selectors.position import open_day
from restructuring.services.rows import lift, move
from restructuring.services.taking_over import bills_of, watched_until
from runs import clock


def settle(*, actor: Actor, plan: Plan, status: PlanStatus, late: int, missed: int) -> None:
    """Nothing is left of what the plan asks for: paid (kept), or given up (written off). What it held back beside the debt ends
    today; its watch runs on. One that is over already is merely told otherwise. The caller holds the customer."""
    is_over = plan.status in SETTLED
    day = plan.ended_on if is_over else open_day()
    move(plan, actor=actor, verb=f"plan.{status}", status=status, ended_on=day, late=late, missed=missed)
    if not is_over and day is not None:
        _lift_holds(actor, plan, day)


def breach(*, actor: Actor, plan: Plan, late: int, missed: int) -> None:
    """Instalments were missed beyond grace: the plan is over and its watch begins anew; `fall_back` does what its terms say.
    Collection goes on the day after. The caller holds the customer.

    The state is written first, where it is not yet: what the book does meanwhile asks for plans to be judged, and this one is.
    """
    day = open_day()
    if plan.status != PlanStatus.BREACHED:
        move(
            plan, actor=actor, verb="plan.breached", status=PlanStatus.BREACHED, ended_on=day, late=late, missed=missed
        )
    restart_watch(actor=actor, plan=plan, on=day)
    _lift_holds(actor, plan, day)


def fall_back(*, actor: Actor, plans: Sequence[Plan]) -> None:
    """What the terms of breached plans say: those that restore have their bills closed from their first day on, and what they
    took over is owed again, as if they had never been; the replay then meets it with all that was paid. The caller holds the
    customers."""
    restored = [plan for plan in plans if plan.breach_terms == BreachTerms.RESTORE]
    if not restored:
        return
    with together(actor=actor, cause="relief"):
        grant_many(actor=actor, grants=[void for plan in restored for void in voids(plan)])
        wanted = [TakingBack(relief_id, plan.ref) for plan in restored for relief_id in taken_back(plan)]
        done = ReliefReversal.objects.filter(relief__in=[one.relief_id for one in wanted]).values_list("relief_id")
        before = {relief_id for (relief_id,) in done}
        take_back_many(actor=actor, wanted=[one for one in wanted if one.relief_id not in before])
        for plan in restored:
            _move_final_date_back(actor, plan)


def reopen(*, actor: Actor, plan: Plan, late: int, missed: int) -> bool:
    """Money that kept a plan, or the write-off that ended it, was taken back: it is live again, with its holds: of late fees from
    the day on which they were lifted, as if they had never been; of contact from now on. The caller holds the customer.

    Not where the account has another live plan by now: then this one is breached, and its bills stay due beside the other's.
    """
    if Plan.objects.filter(account=plan.account_id, status__in=LIVE).exclude(pk=plan.pk).exists():
        move(plan, actor=actor, verb="plan.breached", status=PlanStatus.BREACHED, late=late, missed=missed)
        return False
    assert plan.ended_on is not None
    held: dict[str, Any] = {
        name: place_hold(
            actor=actor, account_id=plan.account_id, kind=kind, starts_on=starts_on, reason=plan.ref, covers=covers
        )
        for name, kind, starts_on, covers in (
            ("fee_hold", HoldKind.FEES, plan.ended_on, None),
            ("contact_hold", HoldKind.CONTACT, clock.today(), bills_of(plan)),
        )
    }
    status = PlanStatus.AT_RISK if late else PlanStatus.RUNNING
    move(plan, actor=actor, verb="plan.reopened", status=status, ended_on=None, late=late, missed=missed, **held)
    return True


def restart_watch(*, actor: Actor, plan: Plan, on: date) -> None:
    """Let the plan's watch run its whole time from `on`; one that somebody withdrew stays withdrawn."""
    if plan.watch is None:
        return
    until = watched_until(plan, on)
    if plan.watch.withdrawn_at is None and plan.watch.ends_on is not None and plan.watch.ends_on < until:
        plan.watch = watches.restart(
            actor=actor,
            watch_id=plan.watch.pk,
            ends_on=until,
            reason=plan.ref,
        )
        plan.save(update_fields=["watch"])


def _lift_holds(actor: Actor, plan: Plan, day: date) -> None:
    for hold in (plan.contact_hold, plan.fee_hold):
        lift(actor, hold, day, plan.ref)


def _move_final_date_back(actor: Actor, plan: Plan) -> None:
    account = plan.account
    if (final_due_on := final_date_back(plan, account.final_due_on)) is not None:
        change_account(
            actor=actor,
            account_id=account.pk,
            seen_version=account.version,
            credit_limit=account.credit_limit,
            final_due_on=final_due_on,
            reason=plan.ref,
        )
