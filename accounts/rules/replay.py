"""The replay: bills and credits in order of their days, money meeting what is owed.

A replay as of a day holds what is on the bills at the end of that day. Roll-overs and late fees follow from the replay
itself, so the order in which entries arrived cannot change them; the ledger records what the replay found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from accounts.rules.facts import Bill, Credit, Hold, Known, half_up
from accounts.rules.terms import AllocationRule, DatedTerms, Terms, in_force

RATE_UNIT = 100_000_000
LATE_FEE = "late_fee"


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
    """Part of a credit that met a bill (key None: the late fees)."""

    credit: int
    bill: int | None
    amount: int
    version: int


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


def is_unmet(state: BillState, final_passes_on: int | None, as_of: int) -> bool:
    """Is the bill unmet at the end of `as_of`?

    After its due date and grace it is while less than its minimum is allocated; once the final due date has passed, while
    anything of it is left.
    """
    if final_passes_on is not None and as_of >= final_passes_on:
        return state.capacity > state.allocated
    return as_of >= state.missed_on and state.minimum > state.allocated


def replay(
    terms: Terms,
    bills: Iterable[Bill],
    credits: Iterable[Credit],
    holds: Sequence[Hold] = (),
    *,
    as_of: int,
    known: Known | None = None,
) -> Replay:
    """Replay an account to the end of `as_of`, as known at `known` (None: all there is).

    A reversed credit is out of it wholly from the reversal's day on. Whether a bill was missed is judged on its own day,
    so credits reversed with effect after that day still count there.
    """
    live = [bill for bill in bills if bill.statement_on <= as_of and (known is None or bill.statement_on <= known.day)]
    live.sort(key=_ORDER)
    counted: list[Credit] = []
    later_reversals: set[int] = set()
    for credit in credits:
        if known is not None and credit.known > known.micros:
            continue
        reversed_on = credit.reversed_on
        if known is not None and credit.reversal_known is not None and credit.reversal_known > known.micros:
            reversed_on = None
        if reversed_on is not None and reversed_on <= as_of:
            if reversed_on > credit.effective_on:
                later_reversals.add(reversed_on)
            else:
                continue
        if credit.effective_on <= as_of:
            counted.append(credit if reversed_on == credit.reversed_on else credit._replace(reversed_on=reversed_on))
    counted.sort(key=_ARRIVAL)

    found = _walk(terms, live, _standing_on(counted, as_of), holds, as_of)
    if later_reversals and terms.counts_missed():
        _judge_missed_on_their_day(terms, live, counted, holds, sorted(later_reversals), found)
    return found


_ORDER = attrgetter("due_on", "ref")
_ARRIVAL = attrgetter("effective_on", "ref")


def _standing_on(credits: Sequence[Credit], as_of: int) -> list[Credit]:
    return [
        credit
        for credit in credits
        if credit.effective_on <= as_of and (credit.reversed_on is None or credit.reversed_on > as_of)
    ]


def _judge_missed_on_their_day(
    terms: Terms,
    bills: Sequence[Bill],
    credits: Sequence[Credit],
    holds: Sequence[Hold],
    reversals: Sequence[int],
    found: Replay,
) -> None:
    """Judge the bills whose first late day lies before a reversal took effect, with the credits that counted then."""
    by_key = {state.key: state for state in found.bills}
    since = 0
    for reversed_on in reversals:
        days = [state.missed_on for state in found.bills if since <= state.missed_on < reversed_on]
        if days:
            last = max(days)
            known_then = [bill for bill in bills if bill.statement_on <= last]
            for state in _walk(terms, known_then, _standing_on(credits, last), holds, last).bills:
                if since <= state.missed_on < reversed_on:
                    by_key[state.key].missed = state.missed
        since = reversed_on


class _Waiting:
    """A credit with money left that no bill asked for yet."""

    __slots__ = ("credit", "left", "rule")

    def __init__(self, credit: Credit, rule: AllocationRule) -> None:
        self.credit = credit
        self.left = credit.amount
        self.rule = rule


def _walk(terms: Terms, bills: list[Bill], credits: list[Credit], holds: Sequence[Hold], as_of: int) -> Replay:
    """The days on which something happens, one after the other. `bills` in allocation order, `credits` in theirs."""
    found = Replay()
    charges_fees = terms.charges_late_fees()
    fee_holds = [hold for hold in holds if hold.kind in ("fees", "deferral")] if charges_fees else []
    counts_missed = terms.counts_missed()
    final_passes_on = terms.final_passes_on()

    arrivals: dict[int, list[Bill]] = {}
    for bill in bills:
        arrivals.setdefault(bill.statement_on, []).append(bill)
    money_in: dict[int, list[Credit]] = {}
    for credit in credits:
        money_in.setdefault(credit.effective_on, []).append(credit)
    days = set(arrivals) | set(money_in)
    missed_days: set[int] = set()
    if counts_missed:
        missed_days = {
            missed_on for bill in bills if (missed_on := bill.due_on + terms.grace(bill.statement_on) + 1) <= as_of
        }
        days |= missed_days
    month_ends: set[int] = set()
    if charges_fees and days:
        month_ends = _month_ends(min(days), as_of)
        days |= month_ends

    open_bills: list[BillState] = []
    waiting: list[_Waiting] = []
    for today in sorted(days):
        touched = today in arrivals or today in money_in
        if charges_fees and touched:
            _accrue(terms, found, fee_holds, final_passes_on, today - 1)
            _post(found, today, waiting)
        if today in arrivals:
            for bill in arrivals[today]:
                _arrive(terms, found, open_bills, bill, waiting)
            if waiting:
                waiting = [item for item in waiting if _use(found, open_bills, item)]
        for credit in money_in.get(today, ()):
            item = _Waiting(credit, in_force(terms.rules, credit.effective_on))
            if _use(found, open_bills, item):
                waiting.append(item)
        if touched:
            open_bills = [state for state in open_bills if state.capacity > state.allocated]
        if today in missed_days:
            for state in found.bills:
                if state.missed_on == today:
                    state.missed = is_unmet(state, final_passes_on, today)
        if today in month_ends:
            _accrue(terms, found, fee_holds, final_passes_on, today)
            _post(found, today, waiting)
    if charges_fees:
        _accrue(terms, found, fee_holds, final_passes_on, as_of)
    found.credit = sum(item.left for item in waiting)
    found.bills.sort(key=lambda state: (state.due_on, state.bill.ref))  # type: ignore[union-attr]
    return found


def _arrive(terms: Terms, found: Replay, open_bills: list[BillState], bill: Bill, waiting: list[_Waiting]) -> None:
    """A bill joins: older ones roll into it where the product says so, then its minimum is known."""
    row = terms.on(bill.statement_on)
    own = bill.service_fee + bill.interest + bill.principal
    state = BillState(bill, bill.key, bill.due_on, own, 0, bill.due_on + row.grace_days + 1)
    if row.rolls_over:
        for older in open_bills:
            if older.bill is not None and older.bill.statement_on < bill.statement_on:
                keeps = max(older.minimum, older.allocated)
                over = older.capacity - keeps
                if over > 0:
                    older.capacity = keeps
                    older.rolled_out += over
                    state.rolled_in += over
                    found.movements.append(RolledOver(bill.key, older.key, bill.statement_on, over))
        state.capacity += state.rolled_in
    balance = state.capacity + sum(older.left for older in open_bills) - sum(item.left for item in waiting)
    state.minimum = minimum_due(bill, row, state.capacity, balance)
    found.bills.append(state)
    # Kept in the order of allocation; most bills arrive in it.
    at = len(open_bills)
    while at and _before(state, open_bills[at - 1]):
        at -= 1
    open_bills.insert(at, state)


def minimum_due(bill: Bill, row: DatedTerms, capacity: int, balance: int) -> int:
    """What the bill asks at least: what the lender gave, else the product's rule; never more than the bill holds.

    `balance` is what is left of all bills at the statement, this one included, less waiting credit. Late fees never count.
    """
    if bill.minimum is not None:
        return min(bill.minimum, capacity)
    if row.minimum_rate is None:
        return capacity
    return min(half_up(max(balance, 0) * row.minimum_rate, 10_000), capacity)


def _before(one: BillState, other: BillState) -> bool:
    if one.due_on != other.due_on:
        return one.due_on < other.due_on
    assert one.bill is not None
    assert other.bill is not None
    # Refs of one account are all text or all places in an order.
    return one.bill.ref < other.bill.ref  # type: ignore[operator]


def _use(found: Replay, open_bills: Sequence[BillState], item: _Waiting) -> bool:
    """Let a credit meet what is owed in its rule's order; True while some of it is left over."""
    left = item.left
    key, version = item.credit.key, item.rule.version
    record = found.movements.append
    if item.credit.bill is not None:
        for state in open_bills:
            if state.key == item.credit.bill and state.capacity > state.allocated:
                part = min(left, state.capacity - state.allocated)
                record(Allocated(key, state.key, part, version))
                state.allocated += part
                left -= part
    for step in item.rule.steps:
        if not left:
            break
        if step == LATE_FEE:
            if found.fee_left:
                part = min(left, found.fee_left)
                record(Allocated(key, None, part, version))
                found.fee_left -= part
                left -= part
            continue
        to_minimum = step == "minimum"
        for state in open_bills:
            wants = (state.minimum if to_minimum else state.capacity) - state.allocated
            if wants > 0:
                part = wants if wants < left else left
                record(Allocated(key, state.key, part, version))
                state.allocated += part
                left -= part
                if not left:
                    break
    item.left = left
    return left > 0


def _accrue(terms: Terms, found: Replay, holds: Sequence[Hold], final_passes_on: int | None, through: int) -> None:
    """Accrue the late fee for the days behind `found.through` up to `through`, on the bills as they stand.

    Simple, never on itself: base × daily rate a late day, nothing on days under a fee hold or a deferral.
    """
    start = found.through + 1
    found.through = max(through, found.through)
    short = [state for state in found.bills if state.capacity > state.allocated]
    if not short or start > through:
        return
    # Within these days the base changes only where a bill or the final date passes, the rate where a row begins.
    cuts = {start, through + 1}
    cuts.update(state.missed_on for state in short)
    cuts.update(row.effective_from for row in terms.rows)
    if final_passes_on is not None:
        cuts.add(final_passes_on)
    ordered = sorted(cut for cut in cuts if start <= cut <= through + 1)
    for first, behind in pairwise(ordered):
        rate = terms.on(first).late_fee_rate
        if not rate:
            continue
        if final_passes_on is not None and first >= final_passes_on:
            base = sum(state.left for state in short)
        else:
            base = sum(state.short for state in short if first >= state.missed_on)
        if base:
            days = behind - first - covered_days(holds, first, behind - 1)
            found.accrued += base * rate * days


def _post(found: Replay, today: int, waiting: list[_Waiting]) -> None:
    """Turn what accrued into a charge of `today`; cumulative rounding, so that no cent drifts. Waiting credit pays first."""
    due = half_up(found.accrued, RATE_UNIT) - found.posted
    if due <= 0:
        return
    found.posted += due
    found.fee_left += due
    found.fees.append(Posted(today, due))
    if waiting:
        waiting[:] = [item for item in waiting if _use(found, (), item)]


def covered_days(holds: Sequence[Hold], first: int, last: int) -> int:
    """Days from `first` to `last`, both included, that lie in at least one hold: each once."""
    spans = []
    for hold in holds:
        begin = max(hold.starts_on, first)
        end = last if hold.ends_on is None else min(hold.ends_on, last)
        if begin <= end:
            spans.append((begin, end))
    spans.sort()
    covered, reached = 0, first - 1
    for begin, end in spans:
        if end > reached:
            covered += end - max(begin, reached + 1) + 1
            reached = end
    return covered


def _month_ends(first: int, last: int) -> set[int]:
    """The last days of the months that end within `first`…`last`."""
    found: set[int] = set()
    at = date.fromordinal(first)
    year, month = at.year, at.month
    while True:
        month += 1
        if month > 12:
            year, month = year + 1, 1
        end = date(year, month, 1).toordinal() - 1
        if end > last:
            return found
        found.add(end)
