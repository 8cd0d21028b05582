"""How an account would stand if something were decided about it now: the same replay, of facts that are changed in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from accounts.rules import Credit, Hold, to_date
from accounts.selectors.facts import AccountFacts, read_facts
from accounts.selectors.owed import BillOwed, Owed, owed_in
from accounts.selectors.rebuilt import rebuild
from accounts.selectors.terms import read_terms
from accounts.services.opening import BookDays
from runs import clock
from runs.selectors import book_day, closed_and_begun

Change = Callable[[AccountFacts], AccountFacts]
# Keys of what is only thought of: beyond those of every row.
NOT_YET = 2**62


@dataclass(frozen=True)
class Again:
    """What is owed again where a plan falls back: the bills that it took over, as far as anything of them is left then, and by
    how much the account's late fees are more than had it stood."""

    bills: tuple[BillOwed, ...]
    late_fee: Decimal

    @property
    def principal(self) -> Decimal:
        return sum((bill.principal for bill in self.bills), Decimal("0.00"))

    @property
    def interest(self) -> Decimal:
        return sum((bill.interest for bill in self.bills), Decimal("0.00"))

    @property
    def service_fee(self) -> Decimal:
        return sum((bill.service_fee for bill in self.bills), Decimal("0.00"))

    @property
    def overdue(self) -> Decimal:
        return sum((bill.overdue for bill in self.bills), Decimal("0.00"))

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.service_fee + self.late_fee


@dataclass(frozen=True)
class Picture:
    """One account at the end of the day that its caches speak of: what is owed, how late it is, and when all of it is due."""

    owed: Owed
    bucket: str
    days_past_due: int
    risk_class: str
    final_due_on: date | None
    # What would follow of it elsewhere, as coded reasons (`runs.texts.coded`).
    follows: tuple[str, ...] = ()
    again: Again | None = None


class Follows(NamedTuple):
    """What follows of a change to an account: coded reasons, and what that changes of its facts in turn. Where something falls
    back, also what that changes then, and the bills (keys) that are owed again by it."""

    said: tuple[str, ...]
    change: Change
    falls_back: Change | None = None
    owed_again: frozenset[int] = frozenset()


class Thought(NamedTuple):
    """A relief that is only thought of: cents off a bill, or with `bill` 0 off the late fees, on a day (ordinal)."""

    bill: int
    amount: int
    on: int
    lapses: bool


# Given the account and what would be owed on it, what follows, or None. A few queries; nothing is written.
Consequence = Callable[[int, Owed], Follows | None]

_consequences: list[Consequence] = []


def add_consequence(consequence: Consequence) -> None:
    """Show in previews what an upper floor does when money moves; it registers in `AppConfig.ready`."""
    if consequence not in _consequences:
        _consequences.append(consequence)


def picture(account_id: int) -> Picture:
    """The account as it is. Three queries; no locks."""
    return _picture(_facts(account_id), _closed())


def pictures(account_id: int, change: Change, effective_on: date | None = None) -> tuple[Picture, Picture]:
    """The account as it is, and as it would be if `change` were a fact that takes effect on `effective_on` (None: no day of its
    own), recorded now, with what would follow of that. Three queries, and those of what follows; no locks, and nothing is
    written."""
    days, facts = present_days(), _facts(account_id)
    closed = days.closed
    changed = _taken_to(change(facts), days, effective_on)
    then = _picture(changed, closed)
    for consequence in _consequences:
        if (follows := consequence(account_id, then.owed)) is not None and follows.said:
            changed, then = _followed(changed, then, follows, closed)
    return _picture(facts, closed), then


def picture_fallen_back(account_id: int, follows: Follows) -> Picture:
    """The account as it would be if `follows` came about today by itself. Three queries; no locks, and nothing is written."""
    closed, facts = _closed(), _facts(account_id)
    return _followed(facts, _picture(facts, closed), follows, closed)[1]


def _followed(facts: AccountFacts, then: Picture, follows: Follows, closed: date) -> tuple[AccountFacts, Picture]:
    facts = follows.change(facts)
    found, again = _picture(facts, closed), then.again
    if follows.falls_back is not None:
        stood = found.owed
        facts = follows.falls_back(facts)
        found = _picture(facts, closed)
        bills = tuple(bill for bill in found.owed.bills if bill.bill_id in follows.owed_again)
        again = Again(bills, max(found.owed.late_fee_now - stood.late_fee_now, Decimal("0.00")))
    return facts, replace(found, follows=(*then.follows, *follows.said), again=again)


def with_reliefs(facts: AccountFacts, wanted: Sequence[Thought], without: Iterable[int] = ()) -> AccountFacts:
    """The facts with these reliefs granted last, and those of the keys `without` as if they had never been: after the other
    reliefs of their day, and before its payments."""
    gone = {-key for key in without}
    kept = [relief for relief in facts.reliefs if relief.key not in gone]
    count = len(wanted)
    reliefs = [
        *(relief._replace(ref=int(relief.ref) - count) for relief in kept),
        *(
            Credit(-NOT_YET - place, place - count, one.amount, one.on, 0, None, None, one.bill, one.lapses)
            for place, one in enumerate(wanted)
        ),
    ]
    return replace(facts, reliefs=reliefs, credits=[*reliefs, *facts.credits[len(facts.reliefs) :]])


def picture_posted(account_id: int, days: BookDays | None = None) -> Picture:
    """The account as a posting that takes effect on the open day would find it, whatever was posted on it before: a bill that
    fell due on the closed day is overdue, and of late fees the open day's own, which a month that ends with it posts, is not
    there yet. Three queries, two where the caller has the days; no locks, and nothing is written."""
    days = days or present_days()
    facts = _taken_to(_facts(account_id), days, days.open)
    today = days.open.toordinal()
    return _picture(replace(facts, holds=[*facts.holds, Hold("fees", today, today, 0)]), days.closed)


def present_days() -> BookDays:
    """The days on which the book stands; where it was never opened, those on which it would open now. One query; no locks."""
    closed, begun = closed_and_begun()
    closed = closed or clock.today() - timedelta(days=1)
    return BookDays(closed, closed + timedelta(days=1), begun=begun)


def _taken_to(facts: AccountFacts, days: BookDays, effective_on: date | None) -> AccountFacts:
    """The facts, told as of the day to which a posting that takes effect on `effective_on` takes the account."""
    state = days.state_day(facts.aged_on, effective_on)
    return replace(facts, aged_on=state, judged_on=days.judged_day(state))


def _closed() -> date:
    return book_day() or clock.today() - timedelta(days=1)


def _facts(account_id: int) -> AccountFacts:
    with connection.cursor() as cursor:
        (facts,) = read_facts(cursor, read_terms(), "a.id = %s", (account_id,), refs=True)
    return facts


def _picture(facts: AccountFacts, closed: date) -> Picture:
    found = rebuild(facts, facts.told_on(closed), facts.judged_as_of(closed))
    return Picture(
        owed=owed_in(facts, found, closed),
        bucket=found.how_late.bucket,
        days_past_due=found.how_late.days_past_due,
        risk_class=found.how_late.risk_class,
        final_due_on=to_date(facts.terms_now.final_due_on),
    )
