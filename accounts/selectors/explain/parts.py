"""What an explanation is made of, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from accounts.rules import HowLate


@dataclass(frozen=True)
class BillPart:
    """A bill that takes part. `lacks`: what makes it met, 0 when it is; `late_from` the date from which it is late."""

    ref: str
    statement_on: date
    due_on: date
    holds: Decimal
    minimum: Decimal
    allocated: Decimal
    rolled_in: Decimal
    rolled_out: Decimal
    lacks: Decimal
    unmet: bool
    missed_on: date
    late_from: date | None

    @property
    def left(self) -> Decimal:
        return self.holds - self.allocated


@dataclass(frozen=True)
class Met:
    """What part of a payment met: a bill's component, or (bill None) the late fees; and under which rule's version."""

    bill_ref: str | None
    component: str
    amount: Decimal
    rule_version: int


@dataclass(frozen=True)
class PaymentPart:
    """A payment. `counts` False: not known yet, not effective yet, or reversed (`why_not` says which)."""

    ref: str
    amount: Decimal
    effective_on: date
    recorded_at: datetime
    counts: bool
    why_not: str
    met: tuple[Met, ...]
    waiting: Decimal


@dataclass(frozen=True)
class ReliefPart:
    """What was taken off a bill, or (bill None) off the late fees. `counts` and `why_not` as of a payment."""

    ref: str
    kind: str
    amount: Decimal
    bill_ref: str | None
    effective_on: date
    counts: bool
    why_not: str
    met: tuple[Met, ...]

    @property
    def found(self) -> Decimal:
        """What it met."""
        return sum((item.amount for item in self.met), Decimal(0))


@dataclass(frozen=True)
class HoldPart:
    """A hold that was believed. `days_off`: the late days that it covers; of holds other than deferrals always 0. `bills`:
    those that it is about, by reference; empty where it is about the account."""

    kind: str
    starts_on: date
    ends_on: date | None
    days_off: int
    bills: tuple[str, ...] = ()


@dataclass(frozen=True)
class InForce:
    """The rules that were applied: the first days of the dated rows, and the versions of the allocation rule."""

    terms_from: date
    buckets_from: date
    classes_from: date
    allocation_versions: tuple[int, ...]


@dataclass(frozen=True)
class Explanation:
    """A standing and why. `summary` is a sentence or two, `details` the rest; `sentences` is all of it."""

    account_ref: str
    as_of: date
    known_at: datetime | None
    how_late: HowLate
    bills: tuple[BillPart, ...]
    payments: tuple[PaymentPart, ...]
    reliefs: tuple[ReliefPart, ...]
    holds: tuple[HoldPart, ...]
    days_off: int
    final_due_on: date | None
    final_passed: bool
    late_fees_left: Decimal
    in_force: InForce
    summary: str
    details: list[str]

    @property
    def sentences(self) -> list[str]:
        return [self.summary, *self.details]

    @property
    def unmet(self) -> tuple[BillPart, ...]:
        return tuple(bill for bill in self.bills if bill.unmet)
