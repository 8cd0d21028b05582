"""What a plan asks for and when: pure, in whole cents.

Interest runs on the principal alone: never on late fees, service fees or interest that a plan takes over. Every amount is
rounded half-up to the cent; the last instalment takes what rounding left. Nothing is ever negative: an instalment asks at
least for the interest of its period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

from restructuring.rules.days import ACTUAL_365, months_on, year_fraction

EQUAL_INSTALMENTS, EQUAL_PRINCIPAL = "equal-instalments", "equal-principal"
STEPPED, BALLOON = "stepped", "balloon"
METHODS = (EQUAL_INSTALMENTS, EQUAL_PRINCIPAL, STEPPED, BALLOON)
# Figures of the exact level: sixty factors of a period multiply without a trace in the cents.
PRECISION = 40


@dataclass(frozen=True)
class Balance:
    """What a plan takes over, in cents. Only the principal bears interest."""

    principal: int = 0
    interest: int = 0
    service_fee: int = 0
    late_fee: int = 0

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.service_fee + self.late_fee

    def __add__(self, other: Balance) -> Balance:
        return Balance(
            self.principal + other.principal,
            self.interest + other.interest,
            self.service_fee + other.service_fee,
            self.late_fee + other.late_fee,
        )

    def less(self, cents: int) -> Balance:
        """What is left after a discount: off the late fees first, then service fees, interest, and principal at the last.

        Raises:
            ValueError: more than there is.
        """
        if not 0 <= cents <= self.total:
            raise ValueError(f"{cents} cents cannot be taken off {self.total}.")
        left = self
        for name in ("late_fee", "service_fee", "interest", "principal"):
            taken = min(cents, getattr(left, name))
            left, cents = replace(left, **{name: getattr(left, name) - taken}), cents - taken
        return left


@dataclass(frozen=True)
class Instalment:
    """One instalment in cents. `interest` is the plan's own and what of older interest it takes over (`carried_interest`);
    `fee` holds the service fees and late fees taken over."""

    due_on: date
    principal: int
    interest: int
    fee: int = 0
    carried_interest: int = 0

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.fee


@dataclass(frozen=True)
class Repayment:
    """How the balance is paid in `count` monthly instalments; rates are fractions a year.

    The first `interest_only` ask for interest alone. Stepped: the instalment grows by `step_rate` every `step_every`
    instalments. Balloon: `balloon` cents of principal are left for the last one.
    """

    starts_on: date
    first_due_on: date
    count: int
    method: str = EQUAL_INSTALMENTS
    annual_rate: Decimal = Decimal(0)
    day_count: str = ACTUAL_365
    interest_only: int = 0
    step_every: int = 0
    step_rate: Decimal = Decimal(0)
    balloon: int = 0

    def due_dates(self) -> list[date]:
        return [months_on(self.first_due_on, number) for number in range(self.count)]


def schedule(balance: Balance, how: Repayment) -> list[Instalment]:
    """The instalments that pay `balance` off: principal and everything taken over sum to it exactly.

    Raises:
        ValueError: terms that make no schedule (see `_check`).
    """
    _check(balance, how)
    days = how.due_dates()
    rates = _rates(how, days)
    principals, interests = _split(balance.principal, how, rates)
    carried = _spread(balance.interest, how)
    fees = _spread(balance.service_fee + balance.late_fee, how)
    return [
        Instalment(day, principal, interest + older, fee, older)
        for day, principal, interest, fee, older in zip(days, principals, interests, fees, carried, strict=True)
    ]


def extension(
    parts: Sequence[tuple[date, Balance]], *, starts_on: date, first_due_on: date, annual_rate: Decimal, day_count: str
) -> list[Instalment]:
    """Every part, given with its old due date, due as many days later as brings the earliest to `first_due_on`.

    Simple interest on its principal for the days gained: from the old due date, or from `starts_on` if it was due before.

    Raises:
        ValueError: nothing to extend, or no day is gained.
    """
    ordered = sorted(parts, key=lambda part: part[0])
    if not ordered:
        raise ValueError("There is nothing to extend.")
    moved = first_due_on - ordered[0][0]
    if moved.days <= 0 or first_due_on <= starts_on:
        raise ValueError(f"{first_due_on} is no later than what is due now.")
    found = []
    if ordered[-1][0] > date.max - moved:
        raise ValueError(f"{first_due_on} leaves the last part no day of the calendar.")
    for due_on, part in ordered:
        new = due_on + moved
        gained = year_fraction(max(due_on, starts_on), new, day_count)
        own = cents(part.principal * annual_rate * gained)
        found.append(
            Instalment(new, part.principal, own + part.interest, part.service_fee + part.late_fee, part.interest)
        )
    return found


def settlement(balance: Balance, *, discount: int, due_on: date) -> list[Instalment]:
    """One lump sum: the balance less the discount. Raises ValueError where the discount leaves nothing."""
    left = balance.less(discount)
    if not left.total:
        raise ValueError("The discount leaves nothing to pay.")
    return [Instalment(due_on, left.principal, left.interest, left.service_fee + left.late_fee, left.interest)]


def cents(exact: Decimal) -> int:
    """Half-up to the whole cent."""
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def _check(balance: Balance, how: Repayment) -> None:
    if how.method not in METHODS:
        raise ValueError(f"{how.method!r} is no method; expected one of {', '.join(METHODS)}.")
    if how.count < 1:
        raise ValueError("A schedule has one instalment or more.")
    if how.first_due_on <= how.starts_on:
        raise ValueError(f"The first instalment on {how.first_due_on} is not after the start on {how.starts_on}.")
    if not 0 <= how.interest_only < how.count:
        raise ValueError(f"{how.interest_only} of {how.count} instalments cannot be of interest alone.")
    if min(balance.principal, balance.interest, balance.service_fee, balance.late_fee) < 0 or not balance.total:
        raise ValueError("There is nothing to pay in instalments.")
    if how.annual_rate < 0 or how.step_rate <= -1:
        raise ValueError("Rates are 0 or more, and no step takes the whole away.")
    if how.method == STEPPED and how.step_every < 1:
        raise ValueError("A stepped schedule steps every one instalment or more.")
    if how.method == BALLOON and not 0 <= how.balloon <= balance.principal:
        raise ValueError(f"A balloon of {how.balloon} cents is no part of a principal of {balance.principal}.")


def _rates(how: Repayment, days: Sequence[date]) -> list[Decimal]:
    """The rate of each period, from the day before it (the start, for the first) to its due date."""
    with localcontext(prec=PRECISION):
        return [
            how.annual_rate * year_fraction(first, last, how.day_count)
            for first, last in zip([how.starts_on, *days], days, strict=False)
        ]


def _split(principal: int, how: Repayment, rates: Sequence[Decimal]) -> tuple[list[int], list[int]]:
    """Principal and interest of each instalment."""
    wanted = _principals(principal, how) if how.method == EQUAL_PRINCIPAL else None
    payments = None if wanted else _payments(principal, how, rates)
    kept = how.balloon if how.method == BALLOON else 0
    left, principals, interests = principal, [], []
    for number, rate in enumerate(rates):
        interest = cents(left * rate)
        if number == how.count - 1:
            part = left
        elif wanted is not None:
            part = wanted[number]
        else:
            assert payments is not None
            part = min(max(payments[number] - interest, 0), max(left - kept, 0))
        left -= part
        principals.append(part)
        interests.append(interest)
    return principals, interests


def _principals(principal: int, how: Repayment) -> list[int]:
    """Equal parts, rounded half-up, of what is not of interest alone; never more than there is."""
    each = cents(Decimal(principal) / (how.count - how.interest_only))
    found, left = [0] * how.interest_only, principal
    for _ in range(how.count - how.interest_only):
        found.append(min(each, left))
        left -= found[-1]
    return found


def _payments(principal: int, how: Repayment, rates: Sequence[Decimal]) -> list[int]:
    """Principal with interest that each instalment asks for; those of interest alone ask for no more than that.

    The level is the one that leaves the balloon, or nothing, after the last: the principal with all its interest is
    what the instalments come to with theirs, each weighted as its step says.
    """
    with localcontext(prec=PRECISION):
        step = 1 + how.step_rate if how.method == STEPPED else Decimal(1)
        every = how.step_every if how.method == STEPPED else how.count
        weights = [step ** (number // every) for number in range(how.count - how.interest_only)]
        grown, paid = Decimal(principal), Decimal(0)
        for rate, weight in zip(rates[how.interest_only :], weights, strict=True):
            grown *= 1 + rate
            paid = paid * (1 + rate) + weight
        level = (grown - (how.balloon if how.method == BALLOON else 0)) / paid
        return [0] * how.interest_only + [cents(level * weight) for weight in weights]


def _spread(total: int, how: Repayment) -> list[int]:
    """What bears no interest, in equal parts over the instalments that pay principal; the last takes the rest."""
    each, rest = divmod(total, how.count - how.interest_only)
    return [0] * how.interest_only + [each] * (how.count - how.interest_only - 1) + [each + rest]
