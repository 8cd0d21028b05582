"""What became of a promise to pay: pure, from what was promised and the payments that count.

A payment counts by the day on which it takes effect, whenever it was recorded, from the day after the promise was made on; of
the very day only if it was recorded after the promise was taken: the same money keeps one promise only. A reversed one never
counts. Money fills the earliest instalment first. An instalment is

* **kept** once all that was promised up to and including it came within its window: until its due date plus the days of grace;
* **partly** kept when its window is over and part of it came in time, after what the instalments before it took;
* **broken** when its window is over and nothing was left for it;
* **open** until then.

The promise as a whole is open while an instalment is. After that it is **kept** if every instalment was kept, **broken** if
nothing at all came within its last window, and else **partly** kept: also when everything came, but an instalment late.

While somebody looks into what the customer says that she paid already, no window ends: as of which day is judged, says
`judged_by`. Once that is answered the windows end as ever, and the ledger has what was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

OPEN: Final = "open"
KEPT: Final = "kept"
PARTLY: Final = "partly"
BROKEN: Final = "broken"
NOTHING = Decimal("0.00")


class Promised(NamedTuple):
    """One instalment: what was promised by when."""

    due_on: date
    amount: Decimal


class Payment(NamedTuple):
    """A payment that was not reversed, by the day on which it takes effect; `is_older`: recorded before the promise was taken."""

    effective_on: date
    amount: Decimal
    is_older: bool = False


class Judged(NamedTuple):
    """What became of one instalment; `got`: what came in time of it."""

    status: str
    got: Decimal


@dataclass(frozen=True)
class Verdict:
    """What became of a promise. `got`: what came within its last window, at most what was promised.

    `broken_on`: the end of the latest window in which nothing came for its instalment; None: no instalment is broken.
    """

    status: str
    got: Decimal
    instalments: Sequence[Judged]
    broken_on: date | None


def window_ends(due_on: date, grace_days: int) -> date:
    """The last day on which money still keeps what was promised for `due_on`."""
    return due_on + timedelta(days=grace_days)


def judged_by(on: date, *, made_on: date, judged_on: date | None, disputed_from: date | None) -> date:
    """The day as of whose end a promise is judged when the book stands on `on`; `judged_on`: that of the last time.

    No promise is late on the day on which it was made, whatever day was closed by then. One that is disputed as paid is judged
    as of the day before that was said, for as long as nobody answered. What was judged is never judged as of an earlier day.
    """
    day = on if on > made_on else made_on - timedelta(days=1)
    if disputed_from is not None:
        day = min(day, disputed_from - timedelta(days=1))
    return max(day, judged_on) if judged_on else day


def judge(
    instalments: Sequence[Promised], payments: Sequence[Payment], *, made_on: date, grace_days: int, on: date
) -> Verdict:
    """Judge a promise at the end of `on`. Instalments ascend by date; the order of `payments` changes nothing.

    `on` says which windows are over. It does not cut the payments: money that is known and takes effect within a window
    counts for it, also where that day is still to come.
    """
    found = []
    broken_on = None
    before = NOTHING
    for due_on, amount in instalments:
        end = window_ends(due_on, grace_days)
        got = min(max(_came(payments, made_on, end) - before, NOTHING), amount)
        before += amount
        status = _status(got, amount, is_over=end <= on)
        if status == BROKEN:
            broken_on = end
        found.append(Judged(status, got))
    last = window_ends(instalments[-1].due_on, grace_days)
    got = min(_came(payments, made_on, last), before)
    return Verdict(_whole([one.status for one in found], got), got, found, broken_on)


def _came(payments: Sequence[Payment], first: date, last: date) -> Decimal:
    return sum((payment.amount for payment in payments if _counts(payment, first, last)), NOTHING)


def _counts(payment: Payment, first: date, last: date) -> bool:
    return first <= payment.effective_on <= last and not (payment.is_older and payment.effective_on == first)


def _status(got: Decimal, amount: Decimal, *, is_over: bool) -> str:
    if got >= amount:
        return KEPT
    if not is_over:
        return OPEN
    return PARTLY if got > 0 else BROKEN


def _whole(statuses: Sequence[str], got: Decimal) -> str:
    if OPEN in statuses:
        return OPEN
    if all(status == KEPT for status in statuses):
        return KEPT
    return PARTLY if got > 0 else BROKEN
