"""Offers beside each other: what each asks for, what it costs the debtor, what it is worth to the lender, and what the rules
say against it. Pure; amounts in cents, rates as fractions a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from restructuring.rules.days import months_on
from restructuring.rules.returns import annual_cost, present_value
from restructuring.rules.schedules import Balance, Instalment, cents

# What speaks against an offer, by code; the readers' words are in `restructuring.sentences`.
TOO_LONG, TOO_DEAR, TOO_GENEROUS = "too-long", "too-dear", "too-generous"
NOTHING_DUE, TOO_SOON = "nothing-due", "too-soon"


@dataclass(frozen=True)
class Limits:
    """What the dated rules allow on the day of the offer, and after how many days they call a first payment far away. No cap:
    nothing is too dear."""

    most_months: int
    annual_cap: Decimal | None
    most_discount: Decimal
    discount_rate: Decimal
    surplus_share: Decimal
    far_away_days: int


@dataclass(frozen=True)
class Offer:
    """A balance taken over on `starts_on`, and the instalments that settle it. `discount`: what of the balance is let off."""

    starts_on: date
    balance: Balance
    instalments: Sequence[Instalment]
    discount: int = 0

    @cached_property
    def total(self) -> int:
        return sum(one.total for one in self.instalments)

    @cached_property
    def interest(self) -> int:
        """What the plan itself costs, beyond what it takes over."""
        return sum(one.interest - one.carried_interest for one in self.instalments)

    @cached_property
    def highest(self) -> int:
        return max(one.total for one in self.instalments)

    @cached_property
    def last_due_on(self) -> date:
        return max(one.due_on for one in self.instalments)

    @cached_property
    def annual_cost(self) -> float | None:
        """The effective yearly rate (IRR) of all that is asked for against the whole balance taken over."""
        return annual_cost(self.balance.total, self.flows, on=self.starts_on)

    @cached_property
    def flows(self) -> list[tuple[date, int]]:
        return [(one.due_on, one.total) for one in self.instalments]

    def present_value(self, rate: Decimal) -> int:
        """Cents that the plan is worth to the lender on its first day."""
        return cents(Decimal(present_value(self.flows, on=self.starts_on, rate=float(rate))))

    def heaviest_month(self) -> int:
        """The most that falls due in one calendar month."""
        months: dict[tuple[int, int], int] = {}
        for one in self.instalments:
            key = (one.due_on.year, one.due_on.month)
            months[key] = months.get(key, 0) + one.total
        return max(months.values())


@dataclass(frozen=True)
class Against:
    """One thing that speaks against an offer: its code, what was found and what is allowed."""

    code: str
    found: object
    allowed: object


def objections(offer: Offer, limits: Limits) -> list[Against]:
    """Everything in the rules that the offer breaks; nothing where it may be made."""
    found = []
    last = months_on(offer.starts_on, limits.most_months)
    if offer.last_due_on > last:
        found.append(Against(TOO_LONG, offer.last_due_on, last))
    cost = offer.annual_cost
    if limits.annual_cap is not None and cost is not None and Decimal(cost) > limits.annual_cap:
        found.append(Against(TOO_DEAR, cost, limits.annual_cap))
    most = int(offer.balance.total * limits.most_discount)
    if offer.discount > most:
        found.append(Against(TOO_GENEROUS, offer.discount, most))
    if any(not one.total for one in offer.instalments):
        found.append(Against(NOTHING_DUE, len(offer.instalments), None))
    if min(one.due_on for one in offer.instalments) <= offer.starts_on:
        found.append(Against(TOO_SOON, min(one.due_on for one in offer.instalments), offer.starts_on))
    return found


def payable(income: int, expenses: int, share: Decimal) -> int:
    """Cents a month that a household can pay: the dated share of what its expenses leave; nothing where they leave nothing."""
    return cents(max(income - expenses, 0) * share)
