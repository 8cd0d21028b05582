"""What governs an account: the product's dated rows, the tables of buckets and classes, the order of allocation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol, TypeVar

STEPS = ("minimum", "late_fee", "rest")
COMPONENTS = ("service_fee", "interest", "principal")
CURRENT_BUCKET = "M0"
NORMAL, SPECIAL_MENTION = "normal", "special-mention"
# From mild to bad.
CLASSES = (NORMAL, SPECIAL_MENTION, "substandard", "doubtful", "loss")


class _Dated(Protocol):
    @property
    def effective_from(self) -> int: ...


_T = TypeVar("_T", bound=_Dated)


@dataclass(frozen=True, slots=True)
class DatedTerms:
    """A product's terms from a day on.

    `minimum_rate` is in ten-thousandths of the balance, None for the whole bill. `late_fee_rate` is in hundred-millionths
    a day, already lowered so that with the contract's own charges it stays under the all-in yearly cap.
    """

    effective_from: int
    grace_days: int = 0
    minimum_rate: int | None = None
    rolls_over: bool = False
    missed_limit: int | None = None
    late_fee_rate: int = 0


@dataclass(frozen=True, slots=True)
class AllocationRule:
    """The order in which a credit meets what is owed."""

    version: int
    effective_from: int
    steps: tuple[str, ...] = STEPS
    components: tuple[str, ...] = COMPONENTS

    def __post_init__(self) -> None:
        for got, wanted, what in ((self.steps, STEPS, "steps"), (self.components, COMPONENTS, "components")):
            if sorted(got) != sorted(wanted):
                raise ValueError(
                    f"Allocation rule v{self.version}: {what} must be {', '.join(wanted)}, each once; got {', '.join(got)}."
                )


@dataclass(frozen=True, slots=True)
class BucketTable:
    """Buckets as (code, first day past due, last or None); refused unless they tile 1…∞."""

    effective_from: int
    rows: tuple[tuple[str, int, int | None], ...]

    def __post_init__(self) -> None:
        rows = sorted(self.rows, key=lambda row: row[1])
        if not rows or rows[0][1] != 1:
            raise ValueError("The buckets must begin at 1 day past due.")
        for (code, _, to_days), (following, from_days, _) in pairwise(rows):
            if to_days is None or from_days != to_days + 1:
                raise ValueError(
                    f"Buckets {code} and {following} must meet: {code} ends at {to_days or '∞'},"
                    f" {following} begins at {from_days}."
                )
        if rows[-1][2] is not None:
            raise ValueError(f"The last bucket, {rows[-1][0]}, must have no end.")
        if any(to_days is not None and to_days < from_days for _, from_days, to_days in rows):
            raise ValueError("A bucket ends before it begins.")
        object.__setattr__(self, "rows", tuple(rows))

    def bucket(self, days_past_due: int) -> str:
        """The code of the bucket; M0 for no days past due."""
        if days_past_due <= 0:
            return CURRENT_BUCKET
        for code, from_days, to_days in self.rows:
            if days_past_due >= from_days and (to_days is None or days_past_due <= to_days):
                return code
        raise AssertionError("the table tiles 1…∞")

    def thresholds(self) -> list[int]:
        """Days past due at which the bucket changes."""
        return [from_days for _, from_days, _ in self.rows]


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Classes as (class, over how many days past due), mildest first. A late account is at least special-mention."""

    effective_from: int
    rows: tuple[tuple[str, int], ...]

    def risk_class(self, days_past_due: int) -> str:
        """The class of a late account."""
        found = SPECIAL_MENTION
        for risk_class, over_days in self.rows:
            if days_past_due > over_days:
                found = risk_class
        return found

    def thresholds(self) -> list[int]:
        """Days past due at which the class changes."""
        return [over_days + 1 for _, over_days in self.rows]


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that governs one account. Rows are in order of `effective_from`; the first also covers earlier days."""

    rows: tuple[DatedTerms, ...]
    buckets: tuple[BucketTable, ...]
    risks: tuple[RiskTable, ...]
    rules: tuple[AllocationRule, ...]
    final_due_on: int | None = None
    # What a single row answers without a search; most products have one.
    only: DatedTerms | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "only", self.rows[0] if len(self.rows) == 1 else None)

    def on(self, day: int) -> DatedTerms:
        """The product's row in force on a day."""
        return self.only or in_force(self.rows, day)

    def rule_on(self, day: int) -> AllocationRule:
        """The allocation rule in force on a day."""
        return self.rules[0] if len(self.rules) == 1 else in_force(self.rules, day)

    def grace(self, statement_on: int) -> int:
        """Grace days of a bill: those in force at its statement."""
        return self.on(statement_on).grace_days

    def final_passes_on(self) -> int | None:
        """The first day on which the final due date, with its grace, has passed."""
        if self.final_due_on is None:
            return None
        return self.final_due_on + self.on(self.final_due_on).grace_days + 1

    def charges_late_fees(self) -> bool:
        return any(row.late_fee_rate for row in self.rows)

    def counts_missed(self) -> bool:
        return any(row.missed_limit is not None for row in self.rows)


def worst_class(classes: Iterable[str]) -> str:
    """The worst of some risk classes; normal when there are none."""
    return max(classes, key=CLASSES.index, default=NORMAL)


def in_force(rows: Sequence[_T], day: int) -> _T:
    """The last row that is in force on `day`, else the first there is."""
    found = rows[0]
    for row in rows:
        if row.effective_from <= day:
            found = row
    return found
