"""Control totals: what files of payments brought, against what became of it; a file, or a day of one source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum

from accounts.models import PaymentFile, UnmatchedPayment, UnmatchedStatus

MONEY = ("received", "posted", "known", "refused")
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Totals:
    """Amounts, and of what was received, posted, known before and refused also numbers. `difference`: 0 where nothing is lost."""

    received: Decimal
    received_number: int
    posted: Decimal
    posted_number: int
    known: Decimal
    known_number: int
    refused: Decimal
    refused_number: int
    matched: Decimal
    returned: Decimal
    waiting: Decimal

    @property
    def difference(self) -> Decimal:
        """What was received and is neither posted, matched, returned, waiting, known before nor refused."""
        told = self.posted + self.known + self.refused + self.matched + self.returned + self.waiting
        return self.received - told


@dataclass(frozen=True)
class Day:
    """A business day's files of one source: by whom they were imported."""

    day: date
    source: str
    files: int
    totals: Totals


def of_files(files: list[PaymentFile]) -> list[tuple[PaymentFile, Totals]]:
    """These files and their totals. One query."""
    became = _became(UnmatchedPayment.objects.filter(file__in=files), "file")
    return [
        (file, _totals({name: getattr(file, name) for name in _columns()}, became.get((file.pk,), {})))
        for file in files
    ]


def of_days(files: QuerySet[PaymentFile]) -> list[Day]:
    """The totals of some files by business day and source, the newest day first. Two queries, however many there are."""
    names = _columns()
    rows = (
        files.order_by("-business_day", "actor_name")
        .values_list("business_day", "actor_name")
        .annotate(Count("pk"), *map(Sum, names))
    )
    waited = UnmatchedPayment.objects.filter(file__in=files)
    became = _became(waited, "file__business_day", "file__actor_name")
    return [
        Day(day, source, number, _totals(dict(zip(names, sums, strict=True)), became.get((day, source), {})))
        for day, source, number, *sums in rows
    ]


def sum_of(days: Iterable[Day]) -> Totals:
    """Several days' totals together."""
    found = [day.totals for day in days]
    return Totals(**{name: sum((getattr(one, name) for one in found), type_()) for name, type_ in _FIELDS.items()})


_FIELDS: dict[str, type] = {
    name: (int if name.endswith("_number") else Decimal) for name in Totals.__dataclass_fields__
}


def _columns() -> list[str]:
    return [*MONEY, *(f"{name}_amount" for name in MONEY)]


def _became(rows: QuerySet[UnmatchedPayment], *by: str) -> dict[tuple[Any, ...], dict[str, Decimal]]:
    """By these columns, how much of what matched no account is in which state."""
    found: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    for *key, status, total in rows.order_by().values_list(*by, "status").annotate(total=Sum("amount")):
        found.setdefault(tuple(key), {})[status] = total
    return found


def _totals(columns: dict[str, Any], became: dict[str, Decimal]) -> Totals:
    return Totals(
        **{name: columns[f"{name}_amount"] for name in MONEY},
        **{f"{name}_number": columns[name] for name in MONEY},
        matched=became.get(UnmatchedStatus.MATCHED, ZERO),
        returned=became.get(UnmatchedStatus.RETURNED, ZERO),
        waiting=became.get(UnmatchedStatus.WAITING, ZERO),
    )
