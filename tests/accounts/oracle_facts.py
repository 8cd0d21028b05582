"""What is told to the second teller of `tests/accounts/oracle.py`: an account in plain dates and `Decimal`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

COMPONENTS = ("service_fee", "interest", "principal")


@dataclass(frozen=True)
class OracleBill:
    ref: str
    statement_on: date
    due_on: date
    service_fee: Decimal
    interest: Decimal
    principal: Decimal
    minimum: Decimal | None = None
    # A plan's or a refund's: it asks for the whole, and stands outside roll-overs and balances.
    apart: bool = False


@dataclass(frozen=True)
class OracleCredit:
    """Money in; or a relief, which meets what it designates (the late fees without), and with `lapses` nothing else."""

    ref: str
    amount: Decimal
    effective_on: date
    recorded_at: datetime
    reversed_on: date | None = None
    reversal_recorded_at: datetime | None = None
    designated: str | None = None
    is_relief: bool = False
    lapses: bool = False


@dataclass(frozen=True)
class OracleWatch:
    floor: str
    starts_on: date
    ends_on: date | None
    known_from: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class OracleAcceleration:
    due_on: date
    known_from: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class OracleHold:
    """`covers`: the references of the bills that it is about; None: the whole account."""

    kind: str
    starts_on: date
    ends_on: date | None
    known_from: datetime
    withdrawn_at: datetime | None = None
    covers: frozenset[str] | None = None


@dataclass(frozen=True)
class OracleProduct:
    """A product's terms from a day on; rates are fractions."""

    effective_from: date
    grace_days: int = 0
    minimum_rate: Decimal | None = None
    rolls_over: bool = False
    missed_limit: int | None = None
    late_fee_rate: Decimal = Decimal(0)


@dataclass(frozen=True)
class OracleRule:
    """An order of allocation from a day on."""

    effective_from: date
    steps: tuple[str, ...] = ("minimum", "late_fee", "rest")
    components: tuple[str, ...] = COMPONENTS


@dataclass(frozen=True)
class OracleAccount:
    products: tuple[OracleProduct, ...]
    bills: tuple[OracleBill, ...] = ()
    credits: tuple[OracleCredit, ...] = ()
    holds: tuple[OracleHold, ...] = ()
    final_due_on: date | None = None
    rules: tuple[OracleRule, ...] = (OracleRule(date(2000, 1, 1)),)
    watches: tuple[OracleWatch, ...] = ()
    accelerations: tuple[OracleAcceleration, ...] = ()

    def as_called(self, known_at: datetime | None) -> OracleAccount:
        """The account with the final due date that was in force, as known then."""
        days = [one.due_on for one in self.accelerations if is_believed(one, known_at)]
        days += [] if self.final_due_on is None else [self.final_due_on]
        return replace(self, final_due_on=min(days, default=None), accelerations=())

    def product(self, on: date) -> OracleProduct:
        return [self.products[0], *(row for row in self.products if row.effective_from <= on)][-1]

    def rule(self, on: date) -> OracleRule:
        return [self.rules[0], *(row for row in self.rules if row.effective_from <= on)][-1]

    def last_day_of_grace(self, bill: OracleBill) -> date:
        return bill.due_on + timedelta(days=self.product(bill.statement_on).grace_days)

    def final_has_passed(self, on: date) -> bool:
        if self.final_due_on is None:
            return False
        return on > self.final_due_on + timedelta(days=self.product(self.final_due_on).grace_days)


def is_known(at: datetime, known_at: datetime | None) -> bool:
    return known_at is None or at <= known_at


def is_believed(one: OracleHold | OracleWatch | OracleAcceleration, known_at: datetime | None) -> bool:
    if known_at is None:
        return one.withdrawn_at is None
    return one.known_from <= known_at and (one.withdrawn_at is None or one.withdrawn_at > known_at)
