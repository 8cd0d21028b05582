"""How much of a late fee a waiver takes off, whom a policy lets have one, and when a condition is met. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple, Protocol, TypeVar

from accounts.rules import Bill, Credit, Hold, Replay, Terms, replay
from accounts.rules.facts import half_up
from accounts.rules.fees import covered_days
from accounts.rules.states import Allocated, RolledOver

FULL: Final = "full"
AMOUNT: Final = "amount"
PERCENT: Final = "percent"
BILL: Final = "bill"

WAITING: Final = "waiting"
GRANTED: Final = "granted"
LAPSED: Final = "lapsed"

# More than any fee, in cents.
_ALL = 10**14


# --- How much


def fee_found(
    terms: Terms, bills: Sequence[Bill], credits: Sequence[Credit], holds: Sequence[Hold], *, on: int, as_of: int
) -> int:
    """Cents of late fee that a relief of a day meets, as the book stands at the end of `as_of` (that day or later): behind the
    reliefs of the day that there are, before its payments."""
    touch = Credit(0, -1, _ALL, on, 0, bill=0, lapses=True)
    # Reliefs have the places below 0; of equal places the one that stands first goes first.
    before = [credit for credit in credits if credit.key < 0]
    after = [credit for credit in credits if credit.key > 0]
    found = replay(terms, bills, [*before, touch, *after], holds, as_of=as_of)
    met = (one for one in found.movements if isinstance(one, Allocated) and one.credit == 0)
    return sum(one.amount for one in met)


def caused(terms: Terms, found: Replay, holds: Sequence[Hold]) -> dict[int, int]:
    """What of all that accrued (`Replay.accrued`, in its units) each bill caused, by what was overdue of it day by day."""
    if not found.accrued:
        return {}
    pausing = [hold for hold in holds if hold.kind in ("fees", "deferral")]
    final = terms.final_passes_on()
    moves: dict[int, dict[int, tuple[int, int]]] = {}
    for one in found.movements:
        bill = one.bill if isinstance(one, Allocated) else one.out_of
        if bill is not None:
            of_day = moves.setdefault(bill, {})
            allocated, rolled = of_day.get(one.day, (0, 0))
            of_day[one.day] = (
                (allocated, rolled + one.amount) if isinstance(one, RolledOver) else (allocated + one.amount, rolled)
            )
    shares = {}
    for state in found.bills:
        of_day = moves.get(state.key, {})
        first = state.missed_on if final is None else min(state.missed_on, final)
        assert state.bill is not None
        first = max(first, state.bill.statement_on)
        cuts = {first, found.through + 1, *of_day, *(row.effective_from for row in terms.rows)}
        cuts |= {state.missed_on} if final is None else {state.missed_on, final}
        total = 0
        for start, behind in pairwise(sorted(cut for cut in cuts if first <= cut <= found.through + 1)):
            allocated = sum(parts[0] for day, parts in of_day.items() if day <= start)
            rolled = sum(parts[1] for day, parts in of_day.items() if day <= start)
            if final is not None and start >= final:
                base = state.capacity + state.rolled_out - rolled - allocated
            else:
                base = max(state.minimum - allocated, 0) if start >= state.missed_on else 0
            if base > 0:
                days = behind - start - covered_days(pausing, start, behind - 1)
                total += base * terms.on(start).late_fee_rate * days
        if total:
            shares[state.key] = total
    return shares


def shares(fee: int, causes: dict[int, int]) -> dict[int, int]:
    """Cents of a fee that each bill caused, rounded half-up, never more than the fee."""
    whole = sum(causes.values())
    return {bill: min(half_up(fee * part, whole), fee) for bill, part in causes.items()} if whole else {}


def how_much(
    basis: str,
    fee: Decimal,
    *,
    amount: Decimal | None = None,
    percent: Decimal | None = None,
    share: Decimal | None = None,
) -> Decimal:
    """What is taken off a fee: all, an amount, a percentage (half-up), or the share that one bill caused."""
    if basis == AMOUNT:
        return amount or Decimal(0)
    if basis == PERCENT:
        return Decimal(half_up(int(fee * 100) * int((percent or 0) * 100), 10_000)).scaleb(-2)
    if basis == BILL:
        return share or Decimal(0)
    return fee


# --- Who may have it


class Policy(Protocol):
    """A row of a policy, as `waivers.models.WaiverPolicy` has it: what is not set asks for nothing."""

    @property
    def code(self) -> str: ...
    @property
    def reasons(self) -> Sequence[str]: ...
    @property
    def products(self) -> Sequence[str]: ...
    @property
    def repays_within_days(self) -> int | None: ...
    @property
    def first_in_months(self) -> int | None: ...
    @property
    def in_hardship(self) -> bool: ...
    @property
    def most_percent(self) -> int: ...
    @property
    def yearly_cap(self) -> Decimal | None: ...
    @property
    def automatic_up_to(self) -> Decimal | None: ...


@dataclass(frozen=True)
class Situation:
    """What a policy looks at. `paid_on`: the latest money on the account; `agreed_on`: until when a payment is agreed;
    `waived_on`, `waived`: when something was last waived for the customer, and how much in the twelve months to today."""

    today: date
    reason: str
    product: str
    fee: Decimal
    paid_on: date | None = None
    agreed_on: date | None = None
    is_in_hardship: bool = False
    waived_on: date | None = None
    waived: Decimal = Decimal(0)


class Fault(NamedTuple):
    """Why a policy does not let it pass: what it asks (`code`), and how far it goes."""

    code: str
    most: int | Decimal | str = ""


def faults(policy: Policy, situation: Situation, amount: Decimal) -> list[Fault]:
    """All for which a policy does not let `amount` be waived; nothing where it does."""
    found = []
    if policy.reasons and situation.reason not in policy.reasons:
        found.append(Fault("reason"))
    if policy.products and situation.product not in policy.products:
        found.append(Fault("product"))
    if policy.repays_within_days is not None and not _repays(situation, policy.repays_within_days):
        found.append(Fault("repayment", policy.repays_within_days))
    if policy.first_in_months is not None and not _is_first(situation, policy.first_in_months):
        found.append(Fault("first", policy.first_in_months))
    if policy.in_hardship and not situation.is_in_hardship:
        found.append(Fault("hardship"))
    most = how_much(PERCENT, situation.fee, percent=Decimal(policy.most_percent))
    if amount > most:
        found.append(Fault("share", policy.most_percent))
    if policy.yearly_cap is not None and situation.waived + amount > policy.yearly_cap:
        found.append(Fault("cap", max(policy.yearly_cap - situation.waived, Decimal(0))))
    return found


def _is_first(situation: Situation, months: int) -> bool:
    return situation.waived_on is None or situation.waived_on <= months_before(situation.today, months)


def _repays(situation: Situation, days: int) -> bool:
    """Money came within so many days, or is agreed to come within them."""
    paid, agreed, span = situation.paid_on, situation.agreed_on, timedelta(days=days)
    return (paid is not None and situation.today - paid <= span) or (
        agreed is not None and agreed - situation.today <= span
    )


def is_automatic(policy: Policy, amount: Decimal) -> bool:
    """Whether the policy itself grants what it lets pass, without anybody's decision."""
    return policy.automatic_up_to is not None and amount <= policy.automatic_up_to


P = TypeVar("P", bound=Policy)


def choose(policies: Iterable[P], situation: Situation, amount: Decimal) -> P | None:
    """The policy by which `amount` may be waived: of those that let it pass one that grants it by itself, then by code."""
    fitting = [one for one in policies if not faults(one, situation, amount)]
    return min(fitting, key=lambda one: (not is_automatic(one, amount), one.code), default=None)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# --- What becomes of a condition


class Came(NamedTuple):
    """Money that was not taken back, by the day on which it takes effect."""

    effective_on: date
    amount: Decimal


def met_on(payments: Iterable[Came], amount: Decimal, *, by: date) -> date | None:
    """The day on which the agreed payment had come, if it did by its date; parts add up."""
    total = Decimal(0)
    for came in sorted(payments):
        if came.effective_on > by:
            break
        total += came.amount
        if total >= amount:
            return came.effective_on
    return None


def outcome(status: str, *, met: bool, is_over: bool, needed: str) -> str:
    """What becomes of a conditional waiver that is `waiting`, `granted` or `lapsed`.

    `needed` is how the waiver stands on which it depends: "granted" (also where it depends on none), "failed" or "open".
    What took effect stays while its own payment does, whatever becomes of the other.
    """
    if met and (needed == GRANTED or status == GRANTED):
        return GRANTED
    if needed == "failed" or (is_over and not met):
        return LAPSED
    return WAITING
