"""`standing`: the one function that says how late an account is, for any day, as known at any moment."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.rules.facts import Bill, Credit, Hold, Known
from accounts.rules.judge import HowLate, believed, judge
from accounts.rules.replay import replay
from accounts.rules.terms import Terms


def standing(
    terms: Terms,
    bills: Sequence[Bill],
    credits: Sequence[Credit],
    holds: Sequence[Hold] = (),
    *,
    as_of: int,
    known: Known | None = None,
) -> HowLate:
    """How late the account is at the end of `as_of`, as known at `known` (None: everything recorded, whenever).

    Rule: architecture, section 2. Everything else in the product that says how late an account is, is a cache of this.
    """
    holds = believed(holds, None if known is None else known.micros)
    return judge(terms, replay(terms, bills, credits, holds, as_of=as_of, known=known).bills, holds, as_of)
