"""What a replay holds while it runs and when it is done: bills with what was allocated to them, and what moved."""

from __future__ import annotations

from typing import NamedTuple

from accounts.rules.facts import Bill, half_up

# Late-fee rates are in hundred-millionths.
RATE_UNIT = 100_000_000


class BillState:
    """A bill during the replay: what it holds (`capacity`), its minimum and what was allocated to it, in cents."""

    __slots__ = (
        "allocated",
        "bill",
        "capacity",
        "due_on",
        "key",
        "minimum",
        "missed",
        "missed_on",
        "rolled_in",
        "rolled_out",
    )

    def __init__(
        self,
        bill: Bill | None,
        key: int,
        due_on: int,
        capacity: int,
        minimum: int,
        missed_on: int,
        allocated: int = 0,
        missed: bool | None = None,
    ) -> None:
        self.bill = bill
        self.key = key
        self.due_on = due_on
        self.capacity = capacity
        self.minimum = minimum
        # The first day on which the bill can be unmet: the day after its due date and grace.
        self.missed_on = missed_on
        self.allocated = allocated
        # Whether it was unmet on that day; None before the day, or where the product does not count missed bills.
        self.missed = missed
        self.rolled_in = 0
        self.rolled_out = 0

    @property
    def left(self) -> int:
        return self.capacity - self.allocated

    @property
    def short(self) -> int:
        """What is missing to the minimum due."""
        return max(self.minimum - self.allocated, 0)


class Allocated(NamedTuple):
    """Part of a credit that met a bill (key None: the late fees) on a day."""

    credit: int
    bill: int | None
    amount: int
    version: int
    day: int


class RolledOver(NamedTuple):
    """What a new bill took over from an older one at its statement."""

    into: int
    out_of: int
    day: int
    amount: int


class Posted(NamedTuple):
    """A late fee that became a charge on a day."""

    day: int
    amount: int


class Replay:
    """What the replay found. Bills are in the order of allocation: earlier due date, then ref."""

    __slots__ = ("accrued", "bills", "credit", "fee_left", "fees", "movements", "posted", "through")

    def __init__(self) -> None:
        self.bills: list[BillState] = []
        # What moved, in the order in which it did.
        self.movements: list[Allocated | RolledOver] = []
        self.fees: list[Posted] = []
        # Waiting credit, late fees posted and still unpaid, late fees posted ever: cents.
        self.credit = 0
        self.fee_left = 0
        self.posted = 0
        # Late fee accrued so far, in cents × RATE_UNIT, and the last day it covers.
        self.accrued = 0
        self.through = 0

    def accrued_to_post(self) -> int:
        """Late fee, in cents, that accrued and is no charge yet."""
        return max(half_up(self.accrued, RATE_UNIT) - self.posted, 0)


def is_unmet(state: BillState, final_passes_on: int | None, as_of: int) -> bool:
    """Is the bill unmet at the end of `as_of`?

    After its due date and grace it is while less than its minimum is allocated; once the final due date has passed, while
    anything of it is left.
    """
    if final_passes_on is not None and as_of >= final_passes_on:
        return state.capacity > state.allocated
    return as_of >= state.missed_on and state.minimum > state.allocated
