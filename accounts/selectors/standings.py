"""How late every account is, on any day, as known at any moment: the book streamed through `standing`."""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from accounts.rules import HowLate, Known, day, standing, to_date
from accounts.rules.terms import NORMAL, worst_class
from accounts.selectors.facts import AccountFacts, stream_facts
from accounts.selectors.terms import read_terms
from accounts.selectors.verify import account_range
from runs.bulk import money_text, snapshot
from runs.parallel import over_ranges

HEADER = (
    "account_ref",
    "overdue_since",
    "days_past_due",
    "bucket",
    "overdue_kind",
    "risk_class",
    "overdue_amount",
)


@dataclass(frozen=True)
class Asked:
    """The day, and the moment of knowledge if not all."""

    as_of: date
    known_at: datetime | None = None


def standings_between(asked: Asked, first: int, last: int) -> Iterator[tuple[AccountFacts, HowLate]]:
    """The accounts with keys from `first` to `last`, in order, with their standing. Memory does not grow with the range."""
    terms = read_terms()
    on = day(asked.as_of)
    known = None if asked.known_at is None else Known.at(asked.known_at)
    with snapshot():
        for facts in stream_facts(terms, first, last):
            yield (
                facts,
                standing(
                    *(facts.terms, facts.bills, facts.credits, facts.holds, facts.watches, facts.accelerations),
                    as_of=on,
                    known=known,
                ),
            )


def standings_csv(asked: Asked, *, processes: int | None = None) -> Iterator[str]:
    """The standings of every account as CSV, header first, in the order of the accounts' keys: texts of many lines."""
    worst: dict[int, str] = {}
    if read_terms().worst_spreads(day(asked.as_of)):
        # The policy in force carries a customer's worst class to all his accounts, wherever they lie: found in a first walk.
        for part in over_ranges(functools.partial(_classes, asked), *account_range(), processes=processes):
            for customer_id, risk_class in part.items():
                worst[customer_id] = worst_class((risk_class, worst.get(customer_id, risk_class)))
    yield ",".join(HEADER) + "\r\n"
    yield from over_ranges(functools.partial(_part, asked, worst), *account_range(), processes=processes)


def _classes(asked: Asked, first: int, last: int) -> dict[int, str]:
    """The worst class of each customer of the range who has one that is not normal."""
    found: dict[int, str] = {}
    for facts, how_late in standings_between(asked, first, last):
        if how_late.risk_class != NORMAL:
            before = found.get(facts.customer_id, how_late.risk_class)
            found[facts.customer_id] = worst_class((how_late.risk_class, before))
    return found


def _part(asked: Asked, worst: Mapping[int, str], first: int, last: int) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(
        _row(facts.ref, how_late, worst.get(facts.customer_id, how_late.risk_class))
        for facts, how_late in standings_between(asked, first, last)
    )
    return text.getvalue()


def _row(ref: str, how_late: HowLate, risk_class: str) -> tuple[object, ...]:
    return (
        ref,
        to_date(how_late.overdue_since) or "",
        how_late.days_past_due,
        how_late.bucket,
        how_late.kind,
        risk_class,
        money_text(how_late.overdue_amount),
    )
