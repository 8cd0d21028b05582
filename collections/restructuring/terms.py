"""What somebody chose for a plan, and the offer that it makes of an account's position. Reads and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from restructuring.models import PlanKind
from restructuring.rules.days import ACTUAL_365
from restructuring.rules.offers import Offer
from restructuring.rules.schedules import (
    EQUAL_INSTALMENTS,
    Balance,
    Repayment,
    extension,
    schedule,
    settlement,
)

OVERDUE, WHOLE = "overdue", "whole"
CARRY, LEAVE = "carry", "leave"


@dataclass(frozen=True)
class Part:
    """What can be taken over of one bill, or, without one, of the late fees; in cents."""

    bill_id: int | None
    ref: str
    due_on: date
    balance: Balance


@dataclass(frozen=True)
class Terms:
    """The choices behind a plan. Rates are fractions a year; `balloon` and `discount` are cents.

    `covers`: what is overdue alone, or the whole balance. `late_fee`: taken over without interest, or left as it is.
    """

    kind: str
    first_due_on: date
    covers: str = OVERDUE
    late_fee: str = CARRY
    method: str = EQUAL_INSTALMENTS
    count: int = 1
    annual_rate: Decimal = Decimal(0)
    day_count: str = ACTUAL_365
    interest_only: int = 0
    step_every: int = 0
    step_rate: Decimal = Decimal(0)
    balloon: int = 0
    discount: int = 0

    def as_json(self) -> dict[str, Any]:
        """As a plan keeps them: days and rates as text."""
        return {name: value if isinstance(value, int) else str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Terms:
        """The terms that `as_json` wrote; what is not there has its usual value."""
        read: dict[str, Callable[[Any], Any]] = {
            "first_due_on": date.fromisoformat,
            "annual_rate": Decimal,
            "step_rate": Decimal,
        }
        known = {field.name for field in fields(cls)}
        return cls(**{name: read.get(name, _same)(value) for name, value in kept.items() if name in known})


def offer(parts: Sequence[Part], terms: Terms, *, starts_on: date) -> Offer:
    """The offer that these terms make of `parts`, the parts being all that is taken over.

    Raises:
        ValueError: the terms make no schedule of them.
    """
    balance = sum((part.balance for part in parts), Balance())
    if terms.kind == PlanKind.EXTENSION:
        instalments = extension(
            [(part.due_on, part.balance) for part in _with_fees_last(parts)],
            starts_on=starts_on,
            first_due_on=terms.first_due_on,
            annual_rate=terms.annual_rate,
            day_count=terms.day_count,
        )
    elif terms.kind == PlanKind.SETTLEMENT:
        instalments = settlement(balance, discount=terms.discount, due_on=terms.first_due_on)
    else:
        instalments = schedule(
            balance,
            Repayment(
                starts_on=starts_on,
                first_due_on=terms.first_due_on,
                count=terms.count,
                method=terms.method,
                annual_rate=terms.annual_rate,
                day_count=terms.day_count,
                interest_only=terms.interest_only,
                step_every=terms.step_every,
                step_rate=terms.step_rate,
                balloon=terms.balloon,
            ),
        )
    discount = terms.discount if terms.kind == PlanKind.SETTLEMENT else 0
    return Offer(starts_on, balance, instalments, discount)


def discounts(parts: Sequence[Part], discount: int) -> list[int]:
    """What of a discount each part takes, in cents: the late fees first, then the oldest bills."""
    found = {}
    for part in sorted(parts, key=lambda part: (part.bill_id is not None, part.due_on, part.ref)):
        found[part.bill_id] = min(discount, part.balance.total)
        discount -= found[part.bill_id]
    return [found[part.bill_id] for part in parts]


def _with_fees_last(parts: Sequence[Part]) -> list[Part]:
    """The bills, with the late fees in the one that is due last: fees have no due date of their own."""
    bills = sorted((part for part in parts if part.bill_id is not None), key=lambda part: (part.due_on, part.ref))
    fees = sum((part.balance for part in parts if part.bill_id is None), Balance())
    if not bills:
        return list(parts)
    *others, last = bills
    return [*others, Part(last.bill_id, last.ref, last.due_on, last.balance + fees)]


def _same(value: Any) -> Any:
    return value
