"""How late an account stands, told a second time and on purpose naively.

Written from the architecture's words alone, so that it cannot share a mistake with `accounts.rules`: plain dates and
`Decimal`, every single day walked from the first event to the day asked for, nothing cached, nothing clever. Only the
property tests use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from tests.accounts.oracle_facts import (
    COMPONENTS,
    OracleAccount,
    OracleBill,
    OracleCredit,
    OracleHold,
    OracleWatch,
    is_believed,
    is_known,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZERO = Decimal("0.00")
CENT = Decimal("0.01")
ONE_DAY = timedelta(days=1)
CLASSES = ("normal", "special-mention", "substandard", "doubtful", "loss")


@dataclass
class Owed:
    """What one bill holds and what of it was met, component by component."""

    bill: OracleBill
    held: dict[str, Decimal]
    met: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COMPONENTS, ZERO))
    minimum: Decimal = ZERO
    rolled_in: Decimal = ZERO
    rolled_out: Decimal = ZERO

    @property
    def holds(self) -> Decimal:
        return sum(self.held.values(), ZERO)

    @property
    def allocated(self) -> Decimal:
        return sum(self.met.values(), ZERO)

    @property
    def left(self) -> Decimal:
        return self.holds - self.allocated

    def meet(self, available: Decimal, order: Sequence[str]) -> Decimal:
        """Put up to `available` on the components in order; returns what was used."""
        used = ZERO
        for component in order:
            part = min(available - used, self.held[component] - self.met[component])
            self.met[component] += part
            used += part
        return used


@dataclass
class OracleStanding:
    """`late_on` is the first day on which what is unmet now would have made the account late. `beside`: of what is overdue beside
    the bills that holds are about, the amount, since when, and its days; None where no such hold is in force."""

    late: bool
    overdue_since: date | None
    days_past_due: int
    bucket: str
    kind: str
    risk_class: str
    overdue_amount: Decimal
    late_on: date | None = None
    beside: tuple[Decimal, date | None, int] | None = None


def known_bills(account: OracleAccount, as_of: date, known_at: datetime | None) -> list[OracleBill]:
    return [
        bill
        for bill in account.bills
        if bill.statement_on <= as_of and is_known(datetime.combine(bill.statement_on, time(), SHANGHAI), known_at)
    ]


def counting_credits(account: OracleAccount, as_of: date, known_at: datetime | None) -> list[OracleCredit]:
    counting = []
    for credit in account.credits:
        if credit.effective_on > as_of or not is_known(credit.recorded_at, known_at):
            continue
        if not is_reversed(credit, as_of, known_at):
            counting.append(credit)
    return counting


def is_reversed(credit: OracleCredit, as_of: date, known_at: datetime | None) -> bool:
    if credit.reversed_on is None or credit.reversal_recorded_at is None:
        return False
    return credit.reversed_on <= as_of and is_known(credit.reversal_recorded_at, known_at)


def believed_holds(account: OracleAccount, known_at: datetime | None) -> list[OracleHold]:
    return [hold for hold in account.holds if is_believed(hold, known_at)]


def runs(one: OracleHold | OracleWatch, on: date) -> bool:
    return one.starts_on <= on and (one.ends_on is None or on <= one.ends_on)


def is_covered(on: date, holds: Sequence[OracleHold], *kinds: str) -> bool:
    return any(hold.kind in kinds and runs(hold, on) for hold in holds)


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    while first <= last:
        yield first
        first += ONE_DAY


class Book:
    """One account's bills, waiting credit and late fees while the days go by."""

    def __init__(self, account: OracleAccount, as_of: date, known_at: datetime | None = None) -> None:
        self.account = account = account.as_called(known_at)
        self.owed: list[Owed] = []
        self.waiting: list[tuple[OracleCredit, Decimal]] = []
        self.fee_accrued = Decimal(0)
        self.fee_posted = ZERO
        self.fee_met = ZERO
        self.paid_in = ZERO
        self.lapsed = ZERO
        bills = known_bills(account, as_of, known_at)
        counting = counting_credits(account, as_of, known_at)
        holds = believed_holds(account, known_at)
        starts = [bill.statement_on for bill in bills] + [credit.effective_on for credit in counting]
        for today in days_between(min(starts, default=as_of), as_of):
            arriving = sorted(
                (bill for bill in bills if bill.statement_on == today), key=lambda bill: (bill.due_on, bill.ref)
            )
            received = sorted(
                (credit for credit in counting if credit.effective_on == today),
                key=lambda credit: (not credit.is_relief, credit.ref),
            )
            if arriving or received:
                self.post_late_fee()
            for bill in arriving:
                self.charge(bill)
            if arriving:
                self.use_waiting()
            for credit in received:
                self.paid_in += credit.amount
                self.receive(credit, credit.amount)
            if not is_covered(today, holds, "fees", "deferral"):
                self.fee_accrued += self.overdue_amount(today) * account.product(today).late_fee_rate
            if (today + ONE_DAY).day == 1:
                self.post_late_fee()

    def find(self, ref: str) -> Owed:
        return next(owed for owed in self.owed if owed.bill.ref == ref)

    @property
    def waits(self) -> Decimal:
        return sum((amount for _, amount in self.waiting), ZERO)

    def oldest_first(self) -> list[Owed]:
        return sorted(self.owed, key=lambda owed: (owed.bill.due_on, owed.bill.ref))

    def charge(self, bill: OracleBill) -> None:
        product = self.account.product(bill.statement_on)
        new = Owed(bill, {"service_fee": bill.service_fee, "interest": bill.interest, "principal": bill.principal})
        if product.rolls_over and not bill.apart:
            # Earlier means of an earlier statement: two bills of one day leave each other alone.
            for old in self.owed:
                if old.bill.statement_on < bill.statement_on and not old.bill.apart:
                    self.roll_over(old, new)
        self.owed.append(new)
        if bill.minimum is not None:
            new.minimum = min(bill.minimum, new.holds)
        elif product.minimum_rate is None or bill.apart:
            new.minimum = new.holds
        else:
            left = sum((owed.left for owed in self.owed if not owed.bill.apart), ZERO)
            balance = max(left - self.waits, ZERO)
            new.minimum = min((balance * product.minimum_rate).quantize(CENT, ROUND_HALF_UP), new.holds)

    def roll_over(self, old: Owed, new: Owed) -> None:
        """An old bill keeps its minimum (or what was already met of it, if more); the last components go first."""
        moving = old.holds - max(old.minimum, old.allocated)
        for component in reversed(COMPONENTS):
            part = min(moving, old.held[component] - old.met[component])
            old.held[component] -= part
            new.held[component] += part
            old.rolled_out += part
            new.rolled_in += part
            moving -= part

    def receive(self, credit: OracleCredit, amount: Decimal) -> None:
        rule = self.account.rule(credit.effective_on)
        if credit.is_relief and credit.designated is None:
            part = min(amount, self.fee_posted - self.fee_met)
            self.fee_met += part
            amount -= part
        for owed in self.owed:
            if owed.bill.ref == credit.designated:
                amount -= owed.meet(amount, rule.components)
        if credit.lapses:
            self.lapsed += amount
            return
        for step in rule.steps:
            if step == "late_fee":
                part = min(amount, self.fee_posted - self.fee_met)
                self.fee_met += part
                amount -= part
                continue
            for owed in self.oldest_first():
                wanted = owed.left if step == "rest" else max(owed.minimum - owed.allocated, ZERO)
                amount -= owed.meet(min(amount, wanted), rule.components)
        if amount > 0:
            self.waiting.append((credit, amount))

    def use_waiting(self) -> None:
        waiting, self.waiting = self.waiting, []
        for credit, amount in waiting:
            self.receive(credit, amount)

    def post_late_fee(self) -> None:
        self.fee_posted += self.fee_accrued.quantize(CENT, ROUND_HALF_UP) - self.fee_posted
        self.use_waiting()

    def late_from(self, owed: Owed, on: date) -> date | None:
        """From when an unmet bill is late; None for a bill that is not unmet on that day."""
        short_of_minimum = owed.allocated < owed.minimum
        if self.account.final_has_passed(on):
            final = self.account.final_due_on
            assert final is not None
            if owed.left == 0:
                return None
            return min(owed.bill.due_on, final) if short_of_minimum else final
        if short_of_minimum and on > self.account.last_day_of_grace(owed.bill):
            return owed.bill.due_on
        return None

    def unmet(self, on: date) -> list[tuple[date, Owed]]:
        found = [(self.late_from(owed, on), owed) for owed in self.owed]
        return [(since, owed) for since, owed in found if since is not None]

    def overdue_amount(self, on: date) -> Decimal:
        full = self.account.final_has_passed(on)
        return sum((owed.left if full else owed.minimum - owed.allocated for _, owed in self.unmet(on)), ZERO)


def a_year_before(on: date) -> date:
    return on.replace(year=on.year - 1, day=28) if (on.month, on.day) == (2, 29) else on.replace(year=on.year - 1)


def missed_bills(account: OracleAccount, as_of: date, known_at: datetime | None) -> int:
    """Bills unmet on the day after due date and grace, in the twelve months to `as_of`, each judged as of that day."""
    missed = 0
    for bill in known_bills(account, as_of, known_at):
        missed_on = account.last_day_of_grace(bill) + ONE_DAY
        if a_year_before(as_of) < missed_on <= as_of:
            owed = Book(account, missed_on, known_at).find(bill.ref)
            missed += owed.allocated < owed.minimum
    return missed


def bucket_of(days_past_due: int) -> str:
    if days_past_due == 0:
        return "M0"
    return "M7+" if days_past_due > 180 else f"M{(days_past_due + 29) // 30}"


def class_of(days_past_due: int) -> str:
    """The class of a late account."""
    if days_past_due > 360:
        return "loss"
    if days_past_due > 270:
        return "doubtful"
    return "substandard" if days_past_due > 90 else "special-mention"


def watched(account: OracleAccount, as_of: date, known_at: datetime | None) -> str:
    """The worst floor of the watches that run on the day."""
    floors = [watch.floor for watch in account.watches if is_believed(watch, known_at) and runs(watch, as_of)]
    return max(floors, key=CLASSES.index, default="normal")


def judge_naively(account: OracleAccount, as_of: date, known_at: datetime | None = None) -> OracleStanding:
    """How late the account stands on `as_of`, as known at `known_at` (None: everything)."""
    account = account.as_called(known_at)
    book = Book(account, as_of, known_at)
    unmet = book.unmet(as_of)
    floor = watched(account, as_of, known_at)
    if not unmet:
        return OracleStanding(False, None, 0, "M0", "", floor, ZERO)
    since = min(late_from for late_from, _ in unmet)
    holds = believed_holds(account, known_at)
    days_past_due = sum(not is_covered(on, holds, "deferral") for on in days_between(since + ONE_DAY, as_of))
    limit = account.product(as_of).missed_limit
    if account.final_has_passed(as_of):
        kind = "full"
    elif (
        len(unmet) >= 2 or days_past_due > 90 or (limit is not None and missed_bills(account, as_of, known_at) > limit)
    ):
        kind = "multiple"
    else:
        kind = "single"
    return OracleStanding(
        late=True,
        overdue_since=since,
        days_past_due=days_past_due,
        bucket=bucket_of(days_past_due),
        kind=kind,
        risk_class=max(floor, class_of(days_past_due), key=CLASSES.index),
        overdue_amount=book.overdue_amount(as_of),
        late_on=next(on for on in days_between(since + ONE_DAY, as_of) if book.unmet(on)),
        beside=beside(book, as_of, [hold for hold in holds if runs(hold, as_of) and hold.covers is not None], holds),
    )


def beside(
    book: Book, on: date, partial: Sequence[OracleHold], holds: Sequence[OracleHold]
) -> tuple[Decimal, date | None, int] | None:
    """What is unmet and none of the `partial` holds is about."""
    if not partial:
        return None
    left = [
        (since, owed)
        for since, owed in book.unmet(on)
        if all(owed.bill.ref not in (one.covers or ()) for one in partial)
    ]
    if not left:
        return ZERO, None, 0
    full = book.account.final_has_passed(on)
    since = min(late_from for late_from, _ in left)
    days = sum(not is_covered(day, holds, "deferral") for day in days_between(since + ONE_DAY, on))
    return sum((owed.left if full else owed.minimum - owed.allocated for _, owed in left), ZERO), since, days
