"""`standing`: the one function that says how late an account is, for any day, as known at any moment."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.rules.facts import Acceleration, Bill, Credit, Hold, Known, Watch
from accounts.rules.judge import HowLate, accelerated, believed, judge
from accounts.rules.replay import replay
from accounts.rules.terms import Terms


def standing(
    terms: Terms,
    bills: Sequence[Bill],
    credits: Sequence[Credit],
    holds: Sequence[Hold] = (),
    watches: Sequence[Watch] = (),
    accelerations: Sequence[Acceleration] = (),
    *,
    as_of: int,
    known: Known | None = None,
) -> HowLate:
    """How late the account is at the end of `as_of`, as known at `known` (None: everything recorded, whenever).

    Rule: architecture, section 2. Everything else in the product that says how late an account is, is a cache of this.
    """
    micros = None if known is None else known.micros
    terms = accelerated(terms, accelerations, micros)
    holds = believed(holds, micros)
    found = replay(terms, bills, credits, holds, as_of=as_of, known=known)
    return judge(terms, found.bills, holds, as_of, believed(watches, micros))
