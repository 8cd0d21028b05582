"""What money is worth at another time: present value, and the yearly rate that a plan costs (IRR)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date

# Rates a year between which a cost is looked for, and how near it is found.
LOWEST, HIGHEST = -0.999999, 1e6
NEAR = 1e-13


def present_value(flows: Sequence[tuple[date, int]], *, on: date, rate: float) -> float:
    """Cents of `on` that the flows are worth at an effective yearly `rate`, by actual days over 365. What is beyond all
    numbers, far ahead at a rate near -100 %, is taken for the greatest."""
    return sum(amount * _factor(rate, (day - on).days) for day, amount in flows)


def annual_cost(received: int, flows: Sequence[tuple[date, int]], *, on: date) -> float | None:
    """The effective yearly rate (IRR, actual/365) at which the flows are worth what was received on `on`.

    Flows are positive and come after `on`, so that there is one rate at most. None: none within -99.9999 % and 1,000,000 %,
    or nothing received.
    """
    if received <= 0 or not flows:
        return None
    return root(lambda rate: present_value(flows, on=on, rate=rate) / received - 1, LOWEST, HIGHEST)


def _factor(rate: float, days: int) -> float:
    try:
        return float((1 + rate) ** (-days / 365))
    except OverflowError:
        return sys.float_info.max


def root(value: Callable[[float], float], low: float, high: float) -> float | None:
    """Where a falling function is 0 between `low` and `high`; None where it changes no sign there.

    Each round tries the secant and then the middle on the scale of 1 + x: the bracket shrinks fast, and always.
    """
    at_low, at_high = value(low), value(high)
    if at_low < 0 or at_high > 0:
        return None
    while high - low > NEAR * max(1.0, abs(low)):
        width = high - low
        guess = (low * at_high - high * at_low) / (at_high - at_low) if at_high != at_low else (low + high) / 2
        for middle in (guess, ((1 + low) * (1 + high)) ** 0.5 - 1):
            if not low < middle < high:
                continue
            found = value(middle)
            if found == 0:
                return middle
            if found > 0:
                low, at_low = middle, found
            else:
                high, at_high = middle, found
        if high - low >= width:
            break
    return (low + high) / 2
