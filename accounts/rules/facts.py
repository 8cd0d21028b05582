"""What the core is told: bills, credits and holds, in cents and day ordinals.

Named tuples rather than dataclasses: a million accounts of a dozen bills pass through here in one `verify_book`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

# The lender's own calendar: bills and imported holds are known from midnight here (architecture, section 2).
BOOK_ZONE = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Bill(NamedTuple):
    """One bill. `minimum` is what the lender gave, None when the product's rule decides.

    `kind` None is a statement; what else asks (a plan, a refund) asks for the whole, and nothing rolls into or out of it.
    """

    key: int
    ref: str | int  # whatever sorts as the refs do
    statement_on: int
    due_on: int
    service_fee: int
    interest: int
    principal: int
    minimum: int | None
    kind: str | None = None


class Credit(NamedTuple):
    """Money in, or a relief: what need not be paid. `known` and `reversal_known` are microseconds since 1970; `reversed_on` is
    when the reversal takes effect.

    `bill` is what it meets first: a bill, or with 0 the account's late fees. With `lapses` it meets nothing else and never
    waits. Reliefs have negative keys (so that no payment has the same) and refs that sort before those of payments.
    """

    key: int
    ref: str | int
    amount: int
    effective_on: int
    known: int
    reversed_on: int | None = None
    reversal_known: int | None = None
    bill: int | None = None
    lapses: bool = False


class Hold(NamedTuple):
    """An interval, both ends included; `ends_on` None runs on. `withdrawn`: from when it is no longer believed. `covers`: the
    keys of the bills that it is about, None of the whole account."""

    kind: str
    starts_on: int
    ends_on: int | None
    known: int
    withdrawn: int | None = None
    covers: frozenset[int] | None = None

    def in_force(self, day: int) -> bool:
        """Does it cover the day?"""
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)


class Watch(NamedTuple):
    """An interval, both ends included, in which the class is no better than `floor`; otherwise as a hold."""

    floor: str
    starts_on: int
    ends_on: int | None
    known: int
    withdrawn: int | None = None


class Acceleration(NamedTuple):
    """The whole balance called due on a day; known and withdrawn as a hold."""

    due_on: int
    known: int
    withdrawn: int | None = None


class Known(NamedTuple):
    """What was known at a moment: the moment itself, and the last calendar day that had begun by then in the book's zone."""

    micros: int
    day: int

    @classmethod
    def at(cls, known_at: datetime) -> Known:
        """The cut-off at `known_at` (aware)."""
        return cls(moment(known_at), known_at.astimezone(BOOK_ZONE).toordinal())


def from_tuple(kind: type[T]) -> Callable[[tuple[Any, ...]], T]:
    """Makes named tuples of a kind from plain ones, without the call of Python that their own constructor costs: the book
    holds tens of millions."""
    return partial(tuple.__new__, kind)  # type: ignore[type-var]  # T is a named tuple


def cents(value: Decimal) -> int:
    """Whole cents, rounded half-up: the one place where money is rounded to its currency."""
    return int((value * 100).to_integral_value(ROUND_HALF_UP))


def money(value: int) -> Decimal:
    """Cents as money with two places."""
    return Decimal(value).scaleb(-2)


def half_up(numerator: int, denominator: int) -> int:
    """A non-negative quotient rounded half-up, exactly."""
    return (2 * numerator + denominator) // (2 * denominator)


def day(value: date) -> int:
    """The ordinal of a date."""
    return value.toordinal()


def ordinal(value: date | None) -> int | None:
    """The ordinal of a date that may be unknown."""
    return None if value is None else value.toordinal()


def to_date(value: int | None) -> date | None:
    """The date of an ordinal that may be unknown."""
    return None if value is None else date.fromordinal(value)


def moment(value: datetime) -> int:
    """Microseconds since 1970 of an aware moment, exactly."""
    return (value - _EPOCH) // _MICROSECOND
