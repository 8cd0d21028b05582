"""Conditional waivers are judged by the payments: at once when money moves, and in the close of the day that was agreed.

`rules.outcome` says what becomes of them. A payment that is taken back takes its waiver along; one that is recorded late, but
counts in time, still brings it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from typing import Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from accounts.models import ReliefKind
from accounts.services import relief as reliefs
from accounts.services.locks import lock_customers
from approvals.models import OPEN
from audit.services import Actor, SystemActor, record
from runs.selectors import begun_day, book_day
from runs.services import StepRun
from runs.texts import coded
from waivers import rules
from waivers.models import Waiver, WaiverStatus
from waivers.selectors import LateFee

BATCH = 500
CLOSE = SystemActor("close of day")
JUDGED = (WaiverStatus.WAITING, WaiverStatus.GRANTED, WaiverStatus.LAPSED)
VERBS: Final = {rules.GRANTED: "waiver.granted", rules.LAPSED: "waiver.lapsed", rules.WAITING: "waiver.reopened"}

# Of the day on which it was asked for counts what was recorded since: the same money brings one waiver only.
_PAYMENTS = """
    SELECT w.id, m.effective_on, m.amount
      FROM waivers_waiver w JOIN accounts_payment m ON m.account_id = w.account_id
       AND m.effective_on BETWEEN w.asked_on AND w.condition_on
       AND (m.effective_on > w.asked_on OR m.recorded_at > w.asked_at)
     WHERE w.id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM accounts_reversal r WHERE r.payment_id = m.id)"""

# A relief is money that moves: whoever is judging goes on by himself until nothing changes any more.
_judging: ContextVar[bool] = ContextVar("judging", default=False)


def judge_at_once(actor: Actor, customer_ids: Sequence[int]) -> None:
    """React to money that came in or was taken back (registered with `accounts.services.reactions`)."""
    judge(actor=actor, customer_ids=customer_ids)


@transaction.atomic
def judge(*, actor: Actor, customer_ids: Sequence[int], on: date | None = None) -> Counter[str]:
    """Judge the conditional waivers of these customers as of the end of `on` (None: the closed day, or the one being closed).

    Those whose payment came take effect on its day, ahead of the payments of that day; those whose payment was taken back are
    taken back with it; what did not come in time lapses. Locks the customers, in order, if they have any. Calling again changes
    nothing. Returns how many came to each status.
    """
    done: Counter[str] = Counter()
    on = on or begun_day() or book_day()
    if on is None or _judging.get() or not conditional(customer_ids).exists():
        return done
    lock_customers(customer_ids)
    token = _judging.set(True)
    try:
        tried: set[int] = set()
        while (one := _next(customer_ids, on, tried)) is not None:
            done[_move(*one, actor=actor)] += 1
    finally:
        _judging.reset(token)
    return done


def judge_day(run: StepRun) -> None:
    """The close's step: judge the waivers that wait for a payment agreed by `run.day`, and those of which another that they
    need was asked for in vain."""
    in_vain = Q(needs__status=WaiverStatus.ASKED) & ~Q(needs__request__status__in=OPEN)
    due = Waiver.objects.filter(
        Q(condition_on__lte=run.day) | in_vain, status=WaiverStatus.WAITING, customer_id__gt=run.cursor
    )
    ids = list(due.order_by("customer_id").values_list("customer_id", flat=True).distinct())

    def work(batch: list[int]) -> dict[str, int]:
        counts = judge(actor=CLOSE, customer_ids=batch, on=run.day)
        return {"waivers_granted": counts[rules.GRANTED], "waivers_lapsed": counts[rules.LAPSED]}

    run.in_batches(ids, BATCH, work)


def conditional(customer_ids: Sequence[int]) -> QuerySet[Waiver]:
    """The waivers of these customers that are judged, the older first."""
    found = Waiver.objects.filter(customer__in=customer_ids, condition_on__isnull=False, status__in=JUDGED)
    return found.select_related("account", "needs__request", "relief").order_by("pk")


def came(waivers: Sequence[Waiver]) -> Mapping[int, list[rules.Came]]:
    """By waiver, the money that counts towards its agreed payment. One query."""
    found: dict[int, list[rules.Came]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PAYMENTS, ([waiver.pk for waiver in waivers],))
        for key, day, amount in cursor.fetchall():
            found.setdefault(key, []).append(rules.Came(day, amount))
    return found


def met_on(waiver: Waiver, payments: Sequence[rules.Came]) -> date | None:
    """The day on which the agreed payment of a waiver had come, if it has."""
    if waiver.condition_on is None or waiver.condition_amount is None:
        return None
    return rules.met_on(payments, waiver.condition_amount, by=waiver.condition_on)


def failed(waiver: Waiver) -> bool:
    """Whether what depends on a waiver cannot be had any more. Reads the request."""
    return waiver.status in (WaiverStatus.LAPSED, WaiverStatus.TAKEN_BACK) or waiver.is_refused


def wanted(waiver: Waiver, met: date | None, on: date) -> str:
    """What becomes of a conditional waiver at the end of `on`."""
    assert waiver.condition_on is not None
    needed = rules.GRANTED
    if waiver.needs is not None and waiver.needs.status != WaiverStatus.GRANTED:
        needed = "failed" if failed(waiver.needs) else "open"
    return rules.outcome(waiver.status, met=met is not None, is_over=waiver.condition_on <= on, needed=needed)


def _next(customer_ids: Sequence[int], on: date, tried: set[int]) -> tuple[Waiver, str, date | None] | None:
    """The oldest waiver that is not what it should be; each is tried once, for one may find no fee that it could take off."""
    waivers = list(conditional(customer_ids))
    payments = came(waivers)
    for waiver in waivers:
        met = met_on(waiver, payments.get(waiver.pk, []))
        status = wanted(waiver, met, on)
        if status != waiver.status and waiver.pk not in tried:
            tried.add(waiver.pk)
            return waiver, status, met
    return None


def _takes(waiver: Waiver, late: LateFee, met: date) -> Decimal:
    """What a waiver takes off the fee that it finds on the day of its payment: as much as was decided at most, and never a
    larger part than was decided or its policy lets pass. It was reckoned for the last day on which the payment might come."""
    found = late.found_on(met)
    share = late.shares(found).get(waiver.bill_id, Decimal(0)) if waiver.bill_id is not None else None
    part = rules.how_much(waiver.basis, found, amount=waiver.amount, percent=waiver.percent, share=share)
    most = rules.how_much(rules.PERCENT, found, percent=Decimal(waiver.policy.most_percent)) if waiver.policy else found
    return min(waiver.amount, part, most)


def _move(waiver: Waiver, status: str, met: date | None, *, actor: Actor) -> str:
    before = waiver.status
    amount = None
    if status == rules.GRANTED:
        assert met is not None
        amount = _takes(waiver, LateFee(waiver.account_id), met)
        if not amount:
            # Paid or waived otherwise by that day: there is nothing to take off.
            status = rules.LAPSED
    taken = waiver.relief
    if status == rules.GRANTED:
        assert amount is not None
        assert met is not None
        waiver.reliefs += 1
        waiver.relief = reliefs.grant(
            actor=actor,
            account_id=waiver.account_id,
            ref=f"{waiver.ref}-{waiver.reliefs}",
            kind=ReliefKind.WAIVER,
            amount=amount,
            effective_on=met,
            reason=waiver.reason_code,
        )
    else:
        waiver.relief = None
    waiver.status, waiver.granted = status, amount or None
    waiver.save(update_fields=["status", "relief", "reliefs", "granted"])
    if taken is not None:
        reliefs.take_back(actor=actor, relief_id=taken.pk, reason=coded("payment-taken-back", waiver.ref))
    if status != before:
        record(
            actor=actor,
            verb=VERBS[status],
            subject=waiver,
            customer_id=waiver.customer_id,
            account_id=waiver.account_id,
            before={"status": before},
            after={"status": status, "amount": waiver.granted or waiver.amount, "currency": waiver.currency},
        )
    return status
