"""Replay one account from its facts: what its rows should be. Writes nothing; `accounts.services.rebuild` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from accounts.models import EntryKind
from accounts.rules import Bill, Credit, HowLate, Replay, Terms, Touched, judge, replay, split
from accounts.rules.judge import believed
from accounts.rules.replay import minimum_due
from accounts.selectors.facts import AccountFacts, CachedBill
from accounts.selectors.stored import StoredStanding


class DerivedEntry(NamedTuple):
    """A ledger entry that the replay asks for: a late fee of a day, what rolled into a bill, what a relief takes off."""

    kind: str
    amount: int
    effective_on: int
    bill: int | None
    relief: int | None = None


@dataclass
class Rebuilt:
    """What the replay of one account found, as its rows should be."""

    facts: AccountFacts
    as_of: int
    touched: list[Touched]
    fees: dict[int, int]
    rolls: dict[int, DerivedEntry]
    # By relief that is, or once was, in the replay: what its entries should sum to.
    reliefs: dict[int, int]
    how_late: HowLate
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
                caches[bill.key] = _to_come(self.facts.terms_now, bill)
        return caches

    def met(self, credit: int, bill: int | None) -> int:
        """Cents of a credit that met a bill, or, with None, the late fees."""
        return sum(part.amount for part in self.touched if part.credit == credit and part.bill == bill)


def rebuild(facts: AccountFacts, day: date, judged_day: date | None = None) -> Rebuilt:
    """Replay one account to the end of `day`, and judge it as of `judged_day` (None: the same); pure but for its name."""
    as_of, judged = day.toordinal(), (judged_day or day).toordinal()
    holds, terms = believed(facts.holds, None), facts.terms_now
    found = replay(terms, facts.bills, facts.credits, holds, as_of=as_of)
    rolls: dict[int, DerivedEntry] = {}
    touched = split(terms, found)
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
    how_late = judge(terms, found.bills, holds, judged, believed(facts.watches, None) if facts.watches else ())
    return Rebuilt(
        facts=facts,
        as_of=as_of,
        touched=touched,
        fees=fees,
        rolls=rolls,
        reliefs=_reliefs(facts.reliefs, touched, as_of) if facts.reliefs else {},
        how_late=how_late,
        standing=StoredStanding.of(how_late),
        wakes_on=wakes_on(facts, as_of, judged),
        replayed=found,
    )


def _reliefs(reliefs: Sequence[Credit], touched: Sequence[Touched], as_of: int) -> dict[int, int]:
    """A relief in force takes off what it met; a closure all it says, for what it did not meet waits as credit."""
    met: dict[int, int] = {}
    for part in touched:
        if part.credit is not None and part.credit < 0:
            met[part.credit] = met.get(part.credit, 0) - part.amount
    wanted = {}
    for relief in reliefs:
        if relief.effective_on <= as_of:
            in_force = relief.reversed_on is None or relief.reversed_on > as_of
            takes_off = met.get(relief.key, 0) if relief.lapses else -relief.amount
            wanted[-relief.key] = takes_off if in_force else 0
    return wanted


def _to_come(terms: Terms, bill: Bill) -> CachedBill:
    """The cache of a bill that is no part of the replay yet."""
    own = bill.service_fee + bill.interest + bill.principal
    return CachedBill(minimum_due(bill, terms.on(bill.statement_on), own, own), 0, 0, 0, None)


def wakes_on(facts: AccountFacts, as_of: int, judged: int) -> int | None:
    """The next day on which something already known takes effect by itself."""
    days = [bill.statement_on for bill in facts.bills if bill.statement_on > as_of]
    for credit in facts.credits:
        reversed_on = credit.reversed_on
        if reversed_on is None or reversed_on > credit.effective_on:
            if credit.effective_on > as_of:
                days.append(credit.effective_on)
            elif reversed_on is not None and reversed_on > as_of:
                days.append(reversed_on)
    final_passes_on = facts.terms_now.final_passes_on()
    if final_passes_on is not None and final_passes_on > judged:
        days.append(final_passes_on)
    return min(days, default=None)
