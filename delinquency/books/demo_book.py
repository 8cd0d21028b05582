"""The book of the plain demo: made accounts that follow the figures of the real ones."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Account, Origin
from audit.services import SystemActor
from delinquency.books.figures import made_rows, read_figures
from delinquency.books.uci import load_rows

ACTOR = SystemActor("demo book")
ACCOUNTS, SEED, PREFIX = 5_000, 2005, "DEMO"


def load_demo_book(
    *, accounts: int = ACCOUNTS, seed: int = SEED, on_progress: Callable[[int, int], None] | None = None
) -> dict[str, int] | None:
    """Load the made accounts; None, and nothing changed, when they are there already."""
    if Account.objects.filter(ref__startswith=f"{PREFIX}-").exists():
        return None
    rows = list(made_rows(read_figures(), accounts, seed))
    return load_rows(rows, prefix=PREFIX, seed=seed, origin=Origin.MADE, actor=ACTOR, on_progress=on_progress)
