"""How an account would stand if something were decided about it now: the same replay, of facts that are changed in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection

from accounts.rules import to_date
from accounts.selectors.facts import AccountFacts, read_facts
from accounts.selectors.owed import Owed, owed_in
from accounts.selectors.rebuilt import rebuild
from accounts.selectors.terms import read_terms
from accounts.services.opening import BookDays
from runs import clock
from runs.selectors import begun_day, book_day

Change = Callable[[AccountFacts], AccountFacts]


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


class Follows(NamedTuple):
    """What follows of a change to an account: coded reasons, and what that changes of its facts in turn."""

    said: tuple[str, ...]
    change: Change


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
    own), recorded now, with what would follow of that. Four queries, and those of what follows; no locks, and nothing is
    written."""
    closed, facts = _closed(), _facts(account_id)
    changed = _taken_to(change(facts), closed, effective_on)
    then = _picture(changed, closed)
    said: list[str] = []
    for consequence in _consequences:
        if (follows := consequence(account_id, then.owed)) is not None:
            changed = follows.change(changed)
            said += follows.said
    if said:
        then = replace(_picture(changed, closed), follows=tuple(said))
    return _picture(facts, closed), then


def picture_posted(account_id: int) -> Picture:
    """The account as a posting that takes effect on the open day would find it, whatever was posted on it before: a bill that
    fell due on the closed day is overdue. Four queries; no locks, and nothing is written."""
    closed = _closed()
    return _picture(_taken_to(_facts(account_id), closed, closed + timedelta(days=1)), closed)


def _taken_to(facts: AccountFacts, closed: date, effective_on: date | None) -> AccountFacts:
    """The facts, told as of the day to which a posting that takes effect on `effective_on` takes the account."""
    days = BookDays(closed, closed + timedelta(days=1), begun=begun_day() is not None)
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
