"""Which component of which bill every movement of a replay touched: what the allocations keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from accounts.rules.replay import LATE_FEE
from accounts.rules.states import Replay, RolledOver
from accounts.rules.terms import COMPONENTS, Terms, in_force


class Touched(NamedTuple):
    """A part of one entry on one component. The entry is a credit's (`credit`) or the roll-over into a bill (`into`).

    `bill` None: the account's late fees. Positive lowers what the bill still asks, negative raises it.
    """

    credit: int | None
    into: int | None
    bill: int | None
    component: str
    amount: int
    version: int
    day: int


def split(terms: Terms, found: Replay) -> list[Touched]:
    """Split every movement into components, in order.

    A credit meets a bill's components in its rule's order. What rolls over leaves from the other end: what is kept for the
    minimum stays service fee and interest first.
    """
    left: dict[int, dict[str, int]] = {}
    for state in found.bills:
        bill = state.bill
        assert bill is not None
        left[state.key] = {"service_fee": bill.service_fee, "interest": bill.interest, "principal": bill.principal}
    orders: dict[int, Sequence[str]] = {rule.version: rule.components for rule in terms.rules}
    touched: list[Touched] = []
    for movement in found.movements:
        if isinstance(movement, RolledOver):
            rule = in_force(terms.rules, movement.day)
            for component, amount in _take(left[movement.out_of], tuple(reversed(rule.components)), movement.amount):
                left[movement.into][component] += amount
                touched.append(
                    Touched(None, movement.into, movement.out_of, component, amount, rule.version, movement.day)
                )
                touched.append(
                    Touched(None, movement.into, movement.into, component, -amount, rule.version, movement.day)
                )
        elif movement.bill is None:
            touched.append(
                Touched(movement.credit, None, None, LATE_FEE, movement.amount, movement.version, movement.day)
            )
        else:
            order = orders.get(movement.version, COMPONENTS)
            for component, amount in _take(left[movement.bill], order, movement.amount):
                touched.append(
                    Touched(movement.credit, None, movement.bill, component, amount, movement.version, movement.day)
                )
    return touched


def _take(left: dict[str, int], order: Sequence[str], amount: int) -> list[tuple[str, int]]:
    taken = []
    for component in order:
        part = min(left[component], amount)
        if part:
            left[component] -= part
            amount -= part
            taken.append((component, part))
    return taken
