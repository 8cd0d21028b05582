"""The open cases and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    Count,
    DateField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from cases.models import Case, CaseStatus, Dispute, DisputeStatus, PromiseInstalment, PromiseStatus


def days_past_due(day: date) -> Func:
    """SQL for the days past due on `day`, from the clock of a case or a standing."""
    stopped = Coalesce(F("clock_stopped_on"), Value(day, DateField()))
    return Func(
        stopped, F("clock_from_on"), template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField()
    )


def open_cases(cases: QuerySet[Case], day: date) -> QuerySet[Case]:
    """The open ones among `cases`, each with `days_past_due` on `day`; the longest overdue first."""
    return (
        cases.filter(status=CaseStatus.OPEN).annotate(days_past_due=days_past_due(day)).order_by("-days_past_due", "pk")
    )


def page_of(cases: QuerySet[Case], day: date, *, first: int, size: int) -> QuerySet[Case]:
    """`size` rows of `open_cases` in its order, from the row `first` on (the first is 0), each with its customer, who works
    it, `next_due` (the next date of an open promise) and whether it is `disputed`.

    The keys are found on the cases alone: joined first, PostgreSQL would sort every case together with its customer.
    """
    order = cases.query.order_by
    if isinstance(order[0], str) and order[0].endswith("days_past_due"):
        keys = _keys_by_days(cases, order[0], first, first + size)
    else:
        keys = list(cases.values_list("pk", flat=True)[first : first + size])
    page = with_plans(Case.objects.filter(pk__in=keys).annotate(days_past_due=days_past_due(day)))
    return page.select_related("customer", "assignee").order_by(*order)


def with_plans(cases: QuerySet[Case]) -> QuerySet[Case]:
    """`cases`, each with `next_due`, the next date of its open promise, and whether it is `disputed`."""
    due = PromiseInstalment.objects.filter(
        promise__case=OuterRef("pk"), promise__status=PromiseStatus.OPEN, status=PromiseStatus.OPEN
    ).order_by("due_on")
    disputes = Dispute.objects.filter(case=OuterRef("pk"), status=DisputeStatus.OPEN)
    return cases.annotate(next_due=Subquery(due.values("due_on")[:1]), disputed=Exists(disputes))


def _keys_by_days(cases: QuerySet[Case], days: str, first: int, last: int) -> list[int]:
    """The keys of a page ordered by days past due.

    Asked for in that order, PostgreSQL works the days out for every case and sorts them all. The clocks that run are in the
    order of an index; those that a deferral stopped are few. Of each kind come the first rows, and the page from both.
    """
    running = cases.filter(clock_stopped_on=None).order_by(
        "clock_from_on" if days.startswith("-") else "-clock_from_on", "pk"
    )
    stopped = cases.filter(clock_stopped_on__isnull=False)
    columns = ("id", "days_past_due")
    both = running.values_list(*columns)[:last].union(stopped.values_list(*columns)[:last], all=True)
    return [pk for pk, _days in both.order_by(days, "id")[first:last]]


@dataclass(frozen=True)
class Tally:
    """How many cases one bucket has in one currency, and what is overdue in them."""

    bucket: str
    currency: str
    count: int
    amount: Decimal


def tally(cases: QuerySet[Case]) -> list[Tally]:
    """The cases by bucket and currency, in one pass over them."""
    # Of each team by itself, in the order of the index: PostgreSQL takes half as long again where it has to hash every case.
    rows = (
        cases.order_by("team", "bucket", "currency")
        .values_list("team", "bucket", "currency")
        .annotate(count=Count("*"), amount=Sum("overdue_amount"))
    )
    found: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for _team, bucket, currency, count, amount in rows.values_list("team", "bucket", "currency", "count", "amount"):
        counted, summed = found.get((bucket, currency), (0, Decimal(0)))
        found[bucket, currency] = counted + count, summed + amount
    return [Tally(*key, *found[key]) for key in sorted(found)]


def totals(tallies: Iterable[Tally]) -> dict[str, Decimal]:
    """What is overdue by currency."""
    sums: dict[str, Decimal] = {}
    for row in tallies:
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.amount
    return sums


@dataclass(frozen=True)
class OwnTally:
    """Somebody's own cases in all, or those of one kind of work: how many, and what is overdue in them by currency."""

    count: int
    totals: dict[str, Decimal]


def own_tally(cases: QuerySet[Case], kinds: Mapping[str, QuerySet[Case]]) -> dict[str, OwnTally]:
    """`cases` in all (under "") and of each kind of work, which are given as narrower querysets of them. One query."""
    numbers: dict[str, Any] = {"all_count": Count("*"), "all_amount": Sum("overdue_amount")}
    for kind, narrower in kinds.items():
        within = Q(pk__in=narrower.order_by().values("pk"))
        name = kind.replace("-", "_")
        numbers |= {f"{name}_count": Count("pk", filter=within), f"{name}_amount": Sum("overdue_amount", filter=within)}
    rows: list[dict[str, Any]] = list(cases.order_by("currency").values("currency").annotate(**numbers))  # type: ignore[arg-type]  # named above
    found = {}
    for kind, name in (("", "all"), *((kind, kind.replace("-", "_")) for kind in kinds)):
        filled = [row for row in rows if row[f"{name}_count"]]
        found[kind] = OwnTally(
            sum(row[f"{name}_count"] for row in filled), {row["currency"]: row[f"{name}_amount"] for row in filled}
        )
    return found
