"""Plans are judged by the book: at once when money moves, and in the close of every day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.services.locks import lock_accounts, lock_customers
from accounts.services.re_aging import together
from audit.services import Actor, SystemActor, record_many
from restructuring.models import LIVE, SETTLED, Plan, PlanStatus
from restructuring.selectors.paid import Stands, customers_tonight, stands_of
from restructuring.selectors.position import open_day
from restructuring.services.ending import breach, fall_back, reopen, restart_watch, settle
from runs.selectors import begun_day, book_day
from runs.services import StepRun

BATCH = 500
CLOSE = SystemActor("close of day")
VERBS = {
    PlanStatus.AT_RISK: "plan.at-risk",
    PlanStatus.RUNNING: "plan.on-track",
    PlanStatus.BREACHED: "plan.breached",
}


def judge_at_once(actor: Actor, customer_ids: Sequence[int]) -> None:
    """React to money that came in or was taken back (registered with `accounts.services.reactions`)."""
    judge(actor=actor, customer_ids=customer_ids)


@transaction.atomic
def judge(*, actor: Actor, customer_ids: Sequence[int], on: date | None = None) -> Counter[str]:
    """Judge the plans of these customers as of the end of `on` (None: the closed day, or the one being closed).

    Kept and written-off ones too: what ended them may be taken back, and opens them again. What was breached stays so; what
    came is credited in the book. Locks the customers, in order, then the accounts and plans that change. Calling again
    changes nothing. Returns how many plans came to each state.
    """
    on = on or begun_day() or book_day()
    ids = sorted(set(customer_ids))
    if on is None or not Plan.objects.filter(customer__in=ids, running_on__isnull=False).exists():
        return Counter()
    moved: Counter[str] = Counter()
    with connection.cursor() as cursor:
        lock_customers(ids)
        found = [one for one in stands_of(cursor, ids, on) if one.moves]
        _write(cursor, actor, _lived(found))
    _follow(actor, [one for one in found if not one.is_plain], on)
    moved.update(one.becomes for one in found if one.becomes != one.status)
    return moved


def judge_day(run: StepRun) -> None:
    """The close's step: judge the live plans that `run.day` moves, in batches of customers."""
    with connection.cursor() as cursor:
        ids = customers_tonight(cursor, run.day, run.cursor)

    def work(batch: list[int]) -> dict[str, int]:
        counts = judge(actor=CLOSE, customer_ids=batch, on=run.day)
        return {
            "plans_at_risk": counts[PlanStatus.AT_RISK],
            "plans_breached": counts[PlanStatus.BREACHED],
            "plans_kept": counts[PlanStatus.KEPT],
        }

    run.in_batches(ids, BATCH, work)


def _lived(found: Sequence[Stands]) -> list[Stands]:
    """The live plans that go on or are breached. One beside a plan that was over and moves too is breached after it, in its
    `_turn`: that one must find it live, and stays over (`reopen`)."""
    beside = {one.account_id for one in found if one.status in SETTLED}
    return [
        one
        for one in found
        if one.status in LIVE
        and (one.becomes in LIVE or (one.becomes == PlanStatus.BREACHED and one.account_id not in beside))
    ]


def _write(cursor: CursorWrapper, actor: Actor, lived: Sequence[Stands]) -> None:
    """Write how live plans stand that go on or are breached: nearly all of a night's, in one statement."""
    if not lived:
        return
    ended_on = {PlanStatus.BREACHED.value: open_day()}
    cursor.execute(
        """UPDATE restructuring_plan p
              SET status = v.status, late = v.late, missed = v.missed, ended_on = v.ended_on, version = p.version + 1
             FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::int[], %s::date[])
                  AS v (id, status, late, missed, ended_on) WHERE v.id = p.id""",
        (
            [one.plan_id for one in lived],
            [one.becomes for one in lived],
            [one.is_late for one in lived],
            [one.is_missed for one in lived],
            [ended_on.get(one.becomes) for one in lived],
        ),
    )
    told: dict[str, list[Stands]] = {}
    for one in lived:
        told.setdefault(_verb(one), []).append(one)
    for verb, rows in told.items():
        record_many(
            actor=actor,
            verb=verb,
            subject_type="plan",
            rows=(
                (
                    *(one.plan_id, one.ref, one.customer_id, one.account_id),
                    {"status": one.status},
                    {
                        "status": one.becomes,
                        "late": one.is_late,
                        "missed": one.is_missed,
                        **({"ended_on": ended_on[one.becomes]} if one.becomes in ended_on else {}),
                    },
                    "",
                )
                for one in rows
            ),
        )


def _verb(one: Stands) -> str:
    return VERBS[PlanStatus(one.becomes)] if one.status != one.becomes else "plan.judged"


def _follow(actor: Actor, moving: Sequence[Stands], on: date) -> None:
    """Do what follows from how plans stand now, each in its `_turn`; all their accounts are replayed at the end."""
    if not moving:
        return
    lock_accounts(one.account_id for one in moving)
    plans = (
        Plan.objects.select_related("account", "rule", "watch", "contact_hold", "fee_hold")
        .prefetch_related("instalments", "targets")
        .in_bulk([one.plan_id for one in moving])
    )
    with together(actor=actor, cause="relief"):
        breached = [
            plans[one.plan_id] for one in sorted(moving, key=_turn) if _breaches(actor, plans[one.plan_id], one, on)
        ]
        fall_back(actor=actor, plans=breached)


def _turn(one: Stands) -> tuple[bool, bool]:
    """Who is over is settled first: another of the account that opens again must not find it live. One that is breached comes
    last: that other must find it live."""
    return one.becomes not in SETTLED, one.status in LIVE


def _breaches(actor: Actor, plan: Plan, one: Stands, on: date) -> bool:
    """Do what follows from how a plan stands now; whether it is breached by that, so that it falls back."""
    counted: dict[str, Any] = {"late": one.is_late, "missed": one.is_missed}
    if one.becomes in SETTLED:
        settle(actor=actor, plan=plan, status=PlanStatus(one.becomes), **counted)
        return False
    if plan.status in SETTLED and not reopen(actor=actor, plan=plan, **counted):
        return False
    if one.becomes == PlanStatus.BREACHED:
        breach(actor=actor, plan=plan, **counted)
        return True
    if one.is_missed > one.missed:
        restart_watch(actor=actor, plan=plan, on=on)
    return False
