"""The book of the plain demo: made accounts that follow the figures of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from accounts.models import Account, Origin
from audit.services import SystemActor
from delinquency.books.figures import Figures, made_rows, read_figures
from delinquency.books.uci import CardRow, load_rows

ACTOR = SystemActor("demo book")
ACCOUNTS, SEED, PREFIX = 5_000, 2005, "DEMO"
# The product's minimum, as a part of the balance. The real bank asked less (docs/real-data.md): with its payments as they are
# most of the demo's customers would be late who were not.
MINIMUM = 0.1


def load_demo_book(
    *, accounts: int = ACCOUNTS, seed: int = SEED, on_progress: Callable[[int, int], None] | None = None
) -> dict[str, int] | None:
    """Load the made accounts; None, and nothing changed, when they are there already."""
    if Account.objects.filter(ref__startswith=f"{PREFIX}-").exists():
        return None
    figures = read_figures()
    made = [as_late_as_the_bank_says(row, figures, seed) for row in made_rows(figures, accounts, seed)]
    return load_rows(
        [row for row, _last in made],
        prefix=PREFIX,
        seed=seed,
        origin=Origin.MADE,
        actor=ACTOR,
        last=[last for _row, last in made],
        on_progress=on_progress,
    )


def as_late_as_the_bank_says(row: CardRow, figures: Figures, seed: int) -> tuple[CardRow, int]:
    """The row with payments that make it late here in the months in which its status says so, and what came for its last bill.

    Who is in time has met every minimum so far, who is late has not; spending takes up the difference, so that the
    balances stay. Whether the last bill was paid follows the statuses' moves, like every month before.
    """
    draw = Random(f"{seed} {row.number}")  # noqa: S311  # made people, not secrets
    odds = figures.moves[str(row.statuses[-1])]
    statuses = [*row.statuses, int(draw.choices(list(odds), list(odds.values()))[0])]
    received = list(row.received)
    unmet = last = 0
    for n, balance in enumerate(row.balances):
        if n:
            received[n] = _paid(received[n], unmet, row.balances[n - 1] - balance, is_late=statuses[n] > 0)
            unmet = max(unmet - received[n], 0)
        unmet += round(max(balance, 0) * MINIMUM) + (balance > 0)
    if statuses[-1] <= 0:
        last = unmet
    return row._replace(received=tuple(received)), last


def _paid(paid: int, unmet: int, fell: int, *, is_late: bool) -> int:
    """What was paid: all minimums at least, or less than them; never less than the balance fell."""
    if not is_late:
        return max(paid, unmet)
    return max(min(paid, unmet - 1), fell, 0)
