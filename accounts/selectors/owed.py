"""What is owed on accounts now: the replay's own findings by component, for those who waive, plan, pay out or close."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from accounts.models import BillKind
from accounts.rules import BillState, Credit, HowLate, Replay, money, replay, to_date
from accounts.rules.judge import FULL, believed
from accounts.selectors.facts import AccountFacts, read_facts
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.terms import read_terms
from runs import clock
from runs.selectors import book_day


@dataclass(frozen=True)
class BillOwed:
    """What is left of one bill, by component, and what of it is overdue; `late_on` is the first day on which any can be."""

    bill_id: int
    ref: str
    kind: str
    statement_on: date
    due_on: date
    late_on: date
    principal: Decimal
    interest: Decimal
    service_fee: Decimal
    overdue: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.service_fee


@dataclass(frozen=True)
class Owed:
    """What is owed on one account at the end of `day`; overdue is what is so as of the day it is judged (`Account.judged_on`).

    `late_fee` was posted and is unpaid; `late_fee_not_posted` accrued since: a relief (or money) of the next day has it
    posted first, so that the two together are the late fee that can be taken off then. `overdue` makes the account
    current; late fees are no part of it. `waiting_credit` met nothing yet. `bills` are those with anything left, in the
    order of allocation.
    """

    day: date
    principal: Decimal
    interest: Decimal
    service_fee: Decimal
    late_fee: Decimal
    late_fee_not_posted: Decimal
    waiting_credit: Decimal
    overdue: Decimal
    bills: tuple[BillOwed, ...]

    @property
    def late_fee_now(self) -> Decimal:
        """All late fees, posted or not."""
        return self.late_fee + self.late_fee_not_posted

    @property
    def total(self) -> Decimal:
        """All that is left of the bills, and the late fees; waiting credit is not taken off (it waits only where bills ask
        for nothing)."""
        return self.principal + self.interest + self.service_fee + self.late_fee_now


def owed_now(account_ids: Iterable[int]) -> dict[int, Owed]:
    """What is owed on each account, as of the day its caches speak of. Two queries, however many there are; no locks."""
    closed = book_day() or clock.today()
    with connection.cursor() as cursor:
        return {
            facts.account_id: _owed(facts, closed)
            for facts in read_facts(cursor, read_terms(), "a.id = ANY(%s)", (list(account_ids),), refs=True)
        }


def _owed(facts: AccountFacts, closed: date) -> Owed:
    return owed_in(facts, rebuild(facts, facts.told_on(closed), facts.judged_as_of(closed)), closed)


def owed_in(facts: AccountFacts, found: Rebuilt, closed: date) -> Owed:
    """What is owed as a replay of these facts found it; `closed` is the book's day. Pure."""
    bills = _bills(found)
    replayed = found.replayed
    return Owed(
        day=date.fromordinal(found.as_of),
        principal=_sum(bill.principal for bill in bills),
        interest=_sum(bill.interest for bill in bills),
        service_fee=_sum(bill.service_fee for bill in bills),
        late_fee=money(replayed.fee_left),
        late_fee_not_posted=money(fee_to_post(facts, found.replayed, found.as_of, closed)),
        waiting_credit=money(replayed.credit),
        overdue=money(found.standing.overdue_amount if found.standing else 0),
        bills=tuple(bill for bill in bills if bill.total),
    )


def _bills(found: Rebuilt) -> list[BillOwed]:
    left: dict[int, dict[str, int]] = {}
    for state in found.replayed.bills:
        assert state.bill is not None
        left[state.key] = {name: getattr(state.bill, name) for name in ("principal", "interest", "service_fee")}
    for part in found.touched:
        if part.bill is not None:
            left[part.bill][part.component] -= part.amount
    bills = []
    for state in found.replayed.bills:
        assert state.bill is not None
        statement_on, due_on = to_date(state.bill.statement_on), to_date(state.due_on)
        assert statement_on is not None
        assert due_on is not None
        bills.append(
            BillOwed(
                bill_id=state.key,
                ref=str(state.bill.ref),
                kind=state.bill.kind or BillKind.STATEMENT.value,
                statement_on=statement_on,
                due_on=due_on,
                late_on=date.fromordinal(state.missed_on),
                overdue=money(_overdue(found.how_late, state)),
                **{name: money(cents) for name, cents in left[state.key].items()},
            )
        )
    return bills


def _overdue(how_late: HowLate, state: BillState) -> int:
    if state.key not in how_late.unmet:
        return 0
    return state.left if how_late.kind == FULL else state.short


def fee_to_post(facts: AccountFacts, replayed: Replay, as_of: int, closed: date) -> int:
    """Cents of late fee that money on the open day would have posted first; `replayed` is the account at the end of `as_of`.

    Where a posting took the account to that day already, the replay's own number holds that day as well, which nobody can
    be asked for before it is over: then the replay is asked what a touch finds. Pure.
    """
    if as_of <= closed.toordinal():
        return replayed.accrued_to_post()
    touch = Credit(0, min((int(credit.ref) for credit in facts.credits), default=0) - 1, 0, as_of, 0)
    holds = believed(facts.holds, None)
    touched = replay(facts.terms_now, facts.bills, [*facts.credits, touch], holds, as_of=as_of)
    return touched.posted - replayed.posted


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))
