"""What becomes of a rule that the gate refused: whether it is tried again on the next evenings, and until when. Pure.

The night and the simulation ask the same; `matching` reads the answer, and passes over what counts as done.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

REFUSED, AGAIN = "refused", "again"
# What the law demands is tried until it goes or the lateness ends.
UNTIL_IT_GOES = date.max


class Refusal(NamedTuple):
    """The outcome of a treatment, and until which day it does not count as done; None: it counts."""

    outcome: str
    again_until: date | None


def after_refusal(day: date, *, passes: bool, by_law: bool, retry_days: int, tried_until: date | None) -> Refusal:
    """What is kept of a refusal on `day`.

    `passes`: the gate knows a moment from which it would allow (a cap, the hours, a hold that ends). Such a reminder is tried
    again for `retry_days` after the first refusal; `tried_until` is the end of these days, where it was refused before. What the
    law demands is tried again whatever the reason. `refused` says that waiting does not help.
    """
    if by_law:
        return Refusal(AGAIN if passes else REFUSED, UNTIL_IT_GOES)
    until = tried_until or day + timedelta(days=retry_days)
    return Refusal(AGAIN, until) if passes and day < until else Refusal(REFUSED, None)
