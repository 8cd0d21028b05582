"""What follows from a posting: the account is replayed, what differs is written, and upper floors react.

Once an account, however much is posted on it: what is posted `together` is replayed at the end, of all accounts in the same
statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date

from django.db import connection, transaction

from accounts.models import Account
from accounts.selectors.facts import read_facts
from accounts.selectors.rebuilt import Rebuilt, rebuild
from accounts.selectors.terms import read_terms
from accounts.services import reactions
from accounts.services.opening import BookDays, ensure_open
from accounts.services.rebuild import write_rebuilt
from audit.services import Actor

# Looks at what the replay of its account found, and refuses what does not fit it (`Conflict`).
Check = Callable[[Rebuilt], None]


@dataclass
class _Posted:
    """What was posted and is not replayed yet: by account what is to be checked, and the customers whose money moved."""

    days: BookDays
    checks: dict[int, list[Check]] = field(default_factory=dict)
    payers: set[int] = field(default_factory=set)


_posted: ContextVar[_Posted | None] = ContextVar("posted", default=None)


@contextmanager
def together(*, actor: Actor, cause: str) -> Iterator[None]:
    """Let everything posted in this block count at once, as if it had come in one posting: at its end each account is replayed
    once, what differs is written, what was posted is checked against it, and upper floors react to what moved in all.

    Until then caches, standings and cases say what they said before. One transaction; the caller holds the locks of all
    accounts, or takes them by posting on one account alone. A block within another ends with it.
    """
    if _posted.get() is not None:
        yield
        return
    with transaction.atomic():
        posted = _Posted(ensure_open())
        token = _posted.set(posted)
        try:
            yield
        finally:
            _posted.reset(token)
        _replay(posted, actor, cause)


def re_age(
    *,
    actor: Actor,
    account: Account,
    cause: str,
    effective_on: date | None,
    moves_money: bool = False,
    check: Check | None = None,
) -> None:
    """Replay a locked account after something was posted on it, and write what differs; `together` with others, at their end.

    The caches move up to `effective_on` when that is the open business day; what is dated later waits for its day.
    `moves_money`: what was posted is told to whoever waits for money, also where it meets nothing yet.
    """
    with together(actor=actor, cause=cause):
        posted = _posted.get()
        assert posted is not None
        as_of = posted.days.state_day(account.aged_on, effective_on)
        aged = as_of, posted.days.judged_day(as_of)
        if as_of > posted.days.closed and aged != (account.aged_on, account.judged_on):
            account.aged_on, account.judged_on = aged
            account.save(update_fields=["aged_on", "judged_on"])
        checks = posted.checks.setdefault(account.pk, [])
        if check:
            checks.append(check)
        if moves_money:
            posted.payers.add(account.customer_id)


def _replay(posted: _Posted, actor: Actor, cause: str) -> None:
    with connection.cursor() as cursor:
        rebuilt = [
            rebuild(facts, posted.days.state_day(facts.aged_on), facts.judged_as_of(posted.days.closed))
            for facts in read_facts(cursor, read_terms(), "a.id = ANY(%s)", (list(posted.checks),))
        ]
        for item in rebuilt:
            for check in posted.checks[item.facts.account_id]:
                check(item)
        written = write_rebuilt(cursor, actor=actor, business_day=posted.days.open, cause=cause, rebuilt=rebuilt)
    reactions.standing_moved(actor, written.moved)
    reactions.money_moved(actor, sorted(posted.payers | written.payers))
