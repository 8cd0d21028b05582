"""The replay: bills and credits in order of their days, money meeting what is owed.

A replay as of a day holds what is on the bills at the end of that day. Roll-overs and late fees follow from the replay
itself, so the order in which entries arrived cannot change them; the ledger records what the replay found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from accounts.rules.facts import Bill, Credit, Hold, Known, from_tuple, half_up
from accounts.rules.fees import NEVER, LateFees, is_month_end, month_ends
from accounts.rules.states import Allocated, BillState, Replay, RolledOver, is_unmet
from accounts.rules.terms import AllocationRule, DatedTerms, Terms

LATE_FEE = "late_fee"
_ALLOCATED = from_tuple(Allocated)


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
        if reversed_on is None:
            if credit.effective_on <= as_of:
                counted.append(credit)
            continue
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

    def __init__(self, credit: Credit, left: int, rule: AllocationRule) -> None:
        self.credit = credit
        self.left = left
        self.rule = rule


def _walk(terms: Terms, bills: list[Bill], credits: list[Credit], holds: Sequence[Hold], as_of: int) -> Replay:
    """The days on which something happens, one after the other. `bills` in allocation order, `credits` in theirs.

    The whole book streams through this loop whenever it is verified: it walks three sorted lists side by side.
    """
    found = Replay()
    fees = LateFees(terms, found, holds) if terms.charges_late_fees() else None
    final_passes_on = terms.final_passes_on()
    arrivals = sorted(bills, key=_STATEMENT)
    marks, missed_days = _marks(terms, arrivals, fees is not None, as_of)

    states: dict[int, BillState] = {}
    # The bills whose first possible late day a day is.
    missed_on: dict[int, list[BillState]] = {day: [] for day in missed_days}
    open_bills: list[BillState] = []
    waiting: list[_Waiting] = []
    # The next of each list.
    bill_at = credit_at = mark_at = 0
    next_bill = arrivals[0].statement_on if arrivals else NEVER
    next_credit = credits[0].effective_on if credits else NEVER
    next_mark = marks[0] if marks else NEVER
    while True:
        today = next_bill if next_bill < next_credit else next_credit
        if next_mark < today:
            today = next_mark
        elif today == NEVER:
            break
        elif fees is not None and fees.accrue(open_bills, today - 1) and fees.post(today):
            _use_waiting(found, (), waiting, today)
        if next_bill == today:
            while next_bill == today:
                state = _arrive(terms, found, open_bills, arrivals[bill_at], waiting)
                states[state.key] = state
                if state.missed_on in missed_on:
                    missed_on[state.missed_on].append(state)
                bill_at += 1
                next_bill = arrivals[bill_at].statement_on if bill_at < len(arrivals) else NEVER
            if waiting:
                _use_waiting(found, open_bills, waiting, today)
        while next_credit == today:
            credit = credits[credit_at]
            rule = terms.rule_on(today)
            left = _use(found, open_bills, credit, credit.amount, rule, today)
            if left:
                waiting.append(_Waiting(credit, left, rule))
            credit_at += 1
            next_credit = credits[credit_at].effective_on if credit_at < len(credits) else NEVER
        # Bills fill up oldest first; a full one further back costs a look and changes nothing.
        while open_bills and open_bills[0].capacity <= open_bills[0].allocated:
            del open_bills[0]
        if next_mark == today:
            for state in missed_on.get(today, ()):
                state.missed = is_unmet(state, final_passes_on, today)
            if fees is not None and is_month_end(today) and fees.accrue(open_bills, today) and fees.post(today):
                _use_waiting(found, (), waiting, today)
            mark_at += 1
            next_mark = marks[mark_at] if mark_at < len(marks) else NEVER
    if fees is not None:
        fees.accrue(open_bills, as_of)
    found.credit = sum(item.left for item in waiting)
    found.bills = [states[bill.key] for bill in bills]
    return found


_STATEMENT = attrgetter("statement_on")


def _marks(terms: Terms, arrivals: Sequence[Bill], charges_fees: bool, as_of: int) -> tuple[Sequence[int], set[int]]:
    """Days to look at besides those of bills and credits: first possible late days (also alone), and months' ends."""
    missed_days: set[int] = set()
    if terms.counts_missed():
        missed_days = {
            missed_on for bill in arrivals if (missed_on := bill.due_on + terms.grace(bill.statement_on) + 1) <= as_of
        }
    ends = month_ends(arrivals[0].statement_on, as_of) if charges_fees and arrivals else ()
    return sorted(missed_days.union(ends)) if missed_days else ends, missed_days


def _arrive(terms: Terms, found: Replay, open_bills: list[BillState], bill: Bill, waiting: list[_Waiting]) -> BillState:
    """A bill joins: older ones roll into it where the product says so, then its minimum is known."""
    row = terms.on(bill.statement_on)
    own = bill.service_fee + bill.interest + bill.principal
    state = BillState(bill, bill.key, bill.due_on, own, 0, bill.due_on + row.grace_days + 1)
    if row.rolls_over and bill.kind is None:
        for older in open_bills:
            if older.bill is not None and older.bill.kind is None and older.bill.statement_on < bill.statement_on:
                keeps = max(older.minimum, older.allocated)
                over = older.capacity - keeps
                if over > 0:
                    older.capacity = keeps
                    older.rolled_out += over
                    state.rolled_in += over
                    found.movements.append(RolledOver(bill.key, older.key, bill.statement_on, over))
        state.capacity += state.rolled_in
    balance = state.capacity
    if bill.minimum is None and row.minimum_rate is not None and bill.kind is None:
        # What plans and refunds ask, they ask by themselves.
        owed = sum(older.left for older in open_bills if older.bill is not None and older.bill.kind is None)
        balance += owed - sum(item.left for item in waiting)
    state.minimum = minimum_due(bill, row, state.capacity, balance)
    # Kept in the order of allocation; most bills arrive in it.
    at = len(open_bills)
    if at and state.due_on <= open_bills[-1].due_on:
        while at and _before(state, open_bills[at - 1]):
            at -= 1
    open_bills.insert(at, state)
    return state


def minimum_due(bill: Bill, row: DatedTerms, capacity: int, balance: int) -> int:
    """What the bill asks at least: what the lender gave, else the product's rule; never more than the bill holds.

    `balance` is what is left of all bills at the statement, this one included, less waiting credit. Late fees never count.
    """
    if bill.minimum is not None:
        return min(bill.minimum, capacity)
    if row.minimum_rate is None or bill.kind is not None:
        return capacity
    return min(half_up(max(balance, 0) * row.minimum_rate, 10_000), capacity)


def _before(one: BillState, other: BillState) -> bool:
    if one.due_on != other.due_on:
        return one.due_on < other.due_on
    assert one.bill is not None
    assert other.bill is not None
    # Refs of one account are all text or all places in an order.
    return one.bill.ref < other.bill.ref  # type: ignore[operator]  # both of one type


def _use_waiting(found: Replay, open_bills: Sequence[BillState], waiting: list[_Waiting], today: int) -> None:
    """Let waiting credits meet what has come, the earliest first; what is used up waits no longer."""
    for item in waiting:
        item.left = _use(found, open_bills, item.credit, item.left, item.rule, today)
    waiting[:] = [item for item in waiting if item.left]


def _use(
    found: Replay, open_bills: Sequence[BillState], credit: Credit, left: int, rule: AllocationRule, today: int
) -> int:
    """Let what is left of a credit meet what is owed, in its rule's order; how much is left over."""
    key, version = credit.key, rule.version
    record = found.movements.append
    if credit.bill is not None:
        if not credit.bill and found.fee_left:
            part = min(left, found.fee_left)
            record(_ALLOCATED((key, None, part, version, today)))
            found.fee_left -= part
            left -= part
        for state in open_bills:
            if state.key == credit.bill and state.capacity > state.allocated:
                part = min(left, state.capacity - state.allocated)
                record(_ALLOCATED((key, state.key, part, version, today)))
                state.allocated += part
                left -= part
        if credit.lapses:
            return 0
    for step in rule.steps:
        if not left:
            break
        if step == LATE_FEE:
            if found.fee_left:
                part = min(left, found.fee_left)
                record(_ALLOCATED((key, None, part, version, today)))
                found.fee_left -= part
                left -= part
            continue
        to_minimum = step == "minimum"
        for state in open_bills:
            wants = (state.minimum if to_minimum else state.capacity) - state.allocated
            if wants > 0:
                part = wants if wants < left else left
                record(_ALLOCATED((key, state.key, part, version, today)))
                state.allocated += part
                left -= part
                if not left:
                    break
    return left
