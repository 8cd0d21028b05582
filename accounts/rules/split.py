"""Which component of which bill every movement of a replay touched: what the allocations keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from accounts.rules.facts import from_tuple
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


_TOUCHED = from_tuple(Touched)


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
            into, out_of, day, amount = movement
            rule = in_force(terms.rules, day)
            for component, part in _take(left[out_of], tuple(reversed(rule.components)), amount):
                left[into][component] += part
                touched.append(_TOUCHED((None, into, out_of, component, part, rule.version, day)))
                touched.append(_TOUCHED((None, into, into, component, -part, rule.version, day)))
        else:
            credit, met, amount, version, day = movement
            if met is None:
                touched.append(_TOUCHED((credit, None, None, LATE_FEE, amount, version, day)))
            else:
                for component, part in _take(left[met], orders.get(version, COMPONENTS), amount):
                    touched.append(_TOUCHED((credit, None, met, component, part, version, day)))
    return touched


def _take(left: dict[str, int], order: Sequence[str], amount: int) -> list[tuple[str, int]]:
    taken = []
    for component in order:
        there = left[component]
        if there:
            part = there if there < amount else amount
            left[component] = there - part
            taken.append((component, part))
            amount -= part
            if not amount:
                break
    return taken
