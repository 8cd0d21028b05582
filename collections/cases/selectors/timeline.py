"""Everything that happened to a customer in one list: contacts, money, standings, and what people did."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.selectors import timeline_lines as lines
from runs.prepared import Statement, rows_of, statement_of

KINDS = ("contact", "money", "standing", "work", "record")
LENGTH = 100
# Stands for the customer's key in the kept statement; no key is negative.
_WHOSE = -7_031


@dataclass(frozen=True)
class Entry:
    """One line: when, which kind, what, and the facts that its template words."""

    at: datetime
    kind: str
    what: str
    facts: dict[str, Any]

    @property
    def template(self) -> str:
        return f"cases/entries/{self.what}.html"


def timeline(customer_id: int, kind: str = "") -> list[Entry]:
    """The customer's latest entries, newest first, of one of `KINDS` or of all. One query."""
    rows = rows_of(_statement(kind), {_WHOSE: customer_id})
    return [Entry(at, of, what, json.loads(facts)) for at, of, what, facts in rows]


@functools.cache
def _statement(kind: str) -> Statement:
    customer_id = _WHOSE
    sources = {
        "money": [
            lines.payments(customer_id),
            lines.reversals(customer_id),
            lines.reliefs(customer_id, step="granted"),
            lines.reliefs(customer_id, step="taken-back"),
        ],
        "standing": [lines.standings(customer_id)],
        "contact": [
            lines.contacts(customer_id),
            lines.messages(customer_id),
            lines.answers(customer_id),
            lines.refusals(customer_id),
        ],
        "work": [
            lines.promises(customer_id),
            lines.disputes(customer_id, step="opened"),
            lines.disputes(customer_id, step="closed"),
            lines.notes(customer_id),
            lines.requests(customer_id),
            lines.events(customer_id, kind="work"),
        ],
        "record": [lines.events(customer_id, kind="record"), lines.instalments(customer_id)],
    }
    chosen = sources[kind] if kind else [query for queries in sources.values() for query in queries]
    first, *others = chosen
    rows = first.union(*others, all=True) if others else first
    return statement_of(rows.order_by("-moment", "-what")[:LENGTH])
