"""An account as a source tells it, before it is in the book. Money in cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from delinquency.books.people import Person


class BillFact(NamedTuple):
    """A statement whose whole amount is principal; its minimum is left to the product's rule."""

    ref: str
    statement_on: date
    due_on: date
    amount: int


class PaymentFact(NamedTuple):
    """Money in, known from the first moment of the day on which it counts."""

    ref: str
    effective_on: date
    amount: int
    channel: str


@dataclass(frozen=True, slots=True)
class AccountFact:
    """One account of one made person."""

    ref: str
    person: Person
    credit_limit: int
    bills: list[BillFact] = field(default_factory=list)
    payments: list[PaymentFact] = field(default_factory=list)
