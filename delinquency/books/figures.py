"""The figures of the real card accounts (not their rows), and made rows that follow them.

`figures.json` holds what `manage.py measure_uci FILE` computed: limits; the bank's repayment status of the first month and
how it moves from month to month; by status, how large the balance is against the limit and how much of the balance before
was paid. Each as quantiles, evenly spaced; of the shares the greatest of each 200 is left
out, where a tiny balance makes a payment look huge.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

from delinquency.books.uci import CardRow

FILE = Path(__file__).with_name("figures.json")
SOURCE = (
    "Yeh and Lien 2009, Default of Credit Card Clients, UCI Machine Learning Repository no. 350 (CC BY 4.0): 23,886 card "
    "accounts, Taiwan, April to September 2005. Figures computed by manage.py measure_uci; no row is kept."
)
STEPS = 40
# The bank's repayment status: -2 no use, -1 paid in full, 0 revolving, then months late; five and more are one group.
GROUPS = (-2, -1, 0, 1, 2, 3, 4, 5)
GREATEST = 0.995
# How far an account's place among those of its status wanders from month to month.
WANDER = 0.01
LIMIT_STEP = 10_000


@dataclass(frozen=True)
class Figures:
    """Shares are parts of one; `moves[a][b]` is how often status a is followed by b. Keys are statuses as text."""

    source: str
    accounts: int
    limits: list[float]
    first: dict[str, float]
    moves: dict[str, dict[str, float]]
    balance_shares: dict[str, list[float]]
    paid_shares: dict[str, list[float]]


def group_of(status: int) -> int:
    """The group of a status."""
    return min(status, GROUPS[-1])


@dataclass
class Shares:
    """What rows say by status, each sorted: see `Figures`."""

    balances: dict[int, list[float]]
    paid: dict[int, list[float]]


def shares_of(rows: Iterable[CardRow]) -> Shares:
    """Balances as parts of the limit, and what was received as a part of the balance before, where there was one."""
    balances: dict[int, list[float]] = defaultdict(list)
    paid: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        for n, status in enumerate(map(group_of, row.statuses)):
            balances[status].append(row.balances[n] / row.limit)
            if n and row.balances[n - 1] > 0:
                paid[status].append(row.received[n] / row.balances[n - 1])
    for table in (balances, paid):
        for values in table.values():
            values.sort()
    return Shares(balances, paid)


def measure(rows: Sequence[CardRow]) -> Figures:
    """The figures of `rows`."""
    first = Counter(group_of(row.statuses[0]) for row in rows)
    shares = shares_of(rows)
    moves: dict[int, Counter[int]] = defaultdict(Counter)
    for row in rows:
        for before, after in pairwise(map(group_of, row.statuses)):
            moves[before][after] += 1
    return Figures(
        source=SOURCE,
        accounts=len(rows),
        limits=_quantiles(sorted(float(row.limit) for row in rows)),
        first=_shares(first),
        moves={str(group): _shares(counts) for group, counts in sorted(moves.items())},
        balance_shares=_table(shares.balances),
        paid_shares=_table(shares.paid),
    )


def read_figures() -> Figures:
    """The figures in the repository."""
    return Figures(**json.loads(FILE.read_text(encoding="utf-8")))


def write_figures(figures: Figures) -> None:
    """Replace the figures in the repository."""
    FILE.write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")


def made_rows(figures: Figures, count: int, seed: int) -> Iterator[CardRow]:
    """So many rows that follow the figures; the same for the same seed."""
    draw = Random(seed)  # noqa: S311  # made people, not secrets
    for number in range(1, count + 1):
        limit = max(round(_at(figures.limits, draw.random()) / LIMIT_STEP), 1) * LIMIT_STEP
        place = draw.random()
        statuses: list[int] = []
        balances: list[int] = []
        received: list[int] = []
        for n in range(6):
            odds = figures.moves[str(statuses[-1])] if n else figures.first
            key = draw.choices(list(odds), list(odds.values()))[0]
            place = min(max(place + draw.gauss(0, WANDER), 0.0), 1.0)
            balance = round(limit * _at(figures.balance_shares[key], place))
            before = balances[-1] if n else 0
            paid = 0
            if before > 0:
                # Who owes less than before has paid at least the difference.
                paid = max(round(before * _at(figures.paid_shares[key], draw.random())), before - max(balance, 0))
            statuses.append(int(key))
            received.append(paid)
            balances.append(balance)
        yield CardRow(number, limit, tuple(statuses), tuple(balances), tuple(received))


def _table(values: dict[int, list[float]]) -> dict[str, list[float]]:
    return {str(group): _quantiles(ordered, GREATEST) for group, ordered in sorted(values.items())}


def _quantiles(ordered: Sequence[float], greatest: float = 1.0) -> list[float]:
    last = (len(ordered) - 1) * greatest
    return [round(_between(ordered, last * step / STEPS), 4) for step in range(STEPS + 1)]


def _at(quantiles: Sequence[float], place: float) -> float:
    """The value at a place from 0 to 1."""
    return _between(quantiles, place * (len(quantiles) - 1))


def _between(ordered: Sequence[float], position: float) -> float:
    low = min(int(position), len(ordered) - 1)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def place_of(quantiles: Sequence[float], value: float) -> float:
    """The part of what follows `quantiles` that is at most `value`."""
    at = bisect_right(quantiles, value)
    if at == 0:
        return 0.0
    if at == len(quantiles):
        return 1.0
    low, high = quantiles[at - 1], quantiles[at]
    return (at - 1 + (value - low) / (high - low)) / (len(quantiles) - 1)


def _shares(counts: Counter[int]) -> dict[str, float]:
    total = sum(counts.values())
    return {str(key): round(count / total, 5) for key, count in sorted(counts.items())}
