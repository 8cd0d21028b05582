"""Replay one account from its facts: what its rows should be. Writes nothing; `accounts.services.rebuild` does."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from accounts.models import EntryKind
from accounts.rules import Bill, Replay, Terms, Touched, judge, replay, split
from accounts.rules.judge import believed
from accounts.rules.replay import minimum_due
from accounts.selectors.facts import AccountFacts, CachedBill
from accounts.selectors.stored import StoredStanding


class DerivedEntry(NamedTuple):
    """A ledger entry that the replay asks for: a late fee of a day, or what rolled into a bill."""

    kind: str
    amount: int
    effective_on: int
    bill: int | None


@dataclass
class Rebuilt:
    """What the replay of one account found, as its rows should be."""

    facts: AccountFacts
    as_of: int
    touched: list[Touched]
    fees: dict[int, int]
    rolls: dict[int, DerivedEntry]
    standing: StoredStanding | None
    wakes_on: int | None
    replayed: Replay = field(repr=False)

    @cached_property
    def bills(self) -> dict[int, CachedBill]:
        """By bill, what its cache columns should say."""
        caches = {
            state.key: CachedBill(state.minimum, state.rolled_in, state.rolled_out, state.allocated, state.missed)
            for state in self.replayed.bills
        }
        for bill in self.facts.bills:
            if bill.key not in caches:
                caches[bill.key] = _to_come(self.facts.terms, bill)
        return caches


def rebuild(facts: AccountFacts, as_of: int) -> Rebuilt:
    """Replay one account to the end of `as_of`; pure but for its name."""
    holds = believed(facts.holds, None)
    found = replay(facts.terms, facts.bills, facts.credits, holds, as_of=as_of)
    rolls: dict[int, DerivedEntry] = {}
    touched = split(facts.terms, found)
    for item in touched:
        if item.into is not None and item.bill != item.into:
            before = rolls.get(item.into)
            # What rolls over does so on the statement day of the bill that takes it.
            rolls[item.into] = DerivedEntry(
                EntryKind.ROLL_OVER, item.amount + (before.amount if before else 0), item.day, item.into
            )
    fees: dict[int, int] = {}
    for posted in found.fees:
        fees[posted.day] = fees.get(posted.day, 0) + posted.amount
    return Rebuilt(
        facts=facts,
        as_of=as_of,
        touched=touched,
        fees=fees,
        rolls=rolls,
        standing=StoredStanding.of(judge(facts.terms, found.bills, holds, as_of)),
        wakes_on=wakes_on(facts, as_of),
        replayed=found,
    )


def _to_come(terms: Terms, bill: Bill) -> CachedBill:
    """The cache of a bill that is no part of the replay yet."""
    own = bill.service_fee + bill.interest + bill.principal
    return CachedBill(minimum_due(bill, terms.on(bill.statement_on), own, own), 0, 0, 0, None)


def wakes_on(facts: AccountFacts, as_of: int) -> int | None:
    """The next day on which something already known takes effect by itself."""
    days = [bill.statement_on for bill in facts.bills if bill.statement_on > as_of]
    for credit in facts.credits:
        reversed_on = credit.reversed_on
        if reversed_on is None or reversed_on > credit.effective_on:
            if credit.effective_on > as_of:
                days.append(credit.effective_on)
            elif reversed_on is not None and reversed_on > as_of:
                days.append(reversed_on)
    final_passes_on = facts.terms.final_passes_on()
    if final_passes_on is not None and final_passes_on > as_of:
        days.append(final_passes_on)
    return min(days, default=None)
