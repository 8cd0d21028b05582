"""A standing as it is stored: what of `HowLate` is kept, and how it is read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from accounts.rules import HowLate


class StoredStanding(NamedTuple):
    """A row of `accounts_standing`; days are ordinals, the amount in cents."""

    overdue_since: int
    late_on: int
    bucket: str
    kind: str
    risk_class: str
    overdue_amount: int
    clock_from_on: int
    clock_stopped_on: int | None
    beside_amount: int | None
    beside_since: int | None
    beside_from_on: int | None
    next_transition_on: int | None

    @classmethod
    def of(cls, how_late: HowLate) -> StoredStanding | None:
        """What is stored of a standing; nothing when the account is not late."""
        if how_late.overdue_since is None or how_late.late_on is None or how_late.clock_from_on is None:
            return None
        return cls(
            how_late.overdue_since,
            how_late.late_on,
            how_late.bucket,
            how_late.kind,
            how_late.risk_class,
            how_late.overdue_amount,
            how_late.clock_from_on,
            how_late.clock_stopped_on,
            how_late.beside_amount,
            how_late.beside_since,
            how_late.beside_from_on,
            how_late.next_transition_on,
        )


STORED_COLUMNS = ", ".join(StoredStanding._fields)
# The stored standing of an account aliased `s`, as ordinals and cents, null when there is none.
STORED_SQL = """s.overdue_since - DATE '0001-01-01' + 1, s.late_on - DATE '0001-01-01' + 1, s.bucket, s.kind, s.risk_class,
    (s.overdue_amount * 100)::bigint, s.clock_from_on - DATE '0001-01-01' + 1,
    s.clock_stopped_on - DATE '0001-01-01' + 1, (s.beside_amount * 100)::bigint, s.beside_since - DATE '0001-01-01' + 1,
    s.beside_from_on - DATE '0001-01-01' + 1, s.next_transition_on - DATE '0001-01-01' + 1"""


def stored(columns: Sequence[Any]) -> StoredStanding | None:
    """The columns of `STORED_SQL` as a standing."""
    return None if columns[0] is None else StoredStanding._make(columns)
