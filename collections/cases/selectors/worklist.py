"""The open cases and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, DateField, F, Func, IntegerField, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from cases.models import Case, CaseStatus


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


def with_customers(page: QuerySet[Case], day: date) -> QuerySet[Case]:
    """The rows of one page (a slice of `open_cases`) in its order, each with its customer, in one query.

    The slice is cut on the cases alone: joined first, PostgreSQL would sort every case together with its customer.
    """
    cases = Case.objects.filter(pk__in=page.values("pk")).annotate(days_past_due=days_past_due(day))
    return cases.select_related("customer").order_by(*page.query.order_by)


@dataclass(frozen=True)
class Tally:
    """How many cases one bucket has in one currency, and what is overdue in them."""

    bucket: str
    currency: str
    count: int
    amount: Decimal


def tally(cases: QuerySet[Case]) -> list[Tally]:
    """The cases by bucket and currency, in one pass over them."""
    rows = (
        cases.order_by("bucket", "currency")
        .values_list("bucket", "currency")
        .annotate(count=Count("*"), amount=Sum("overdue_amount"))
    )
    return [Tally(*row) for row in rows.values_list("bucket", "currency", "count", "amount")]


def totals(tallies: Iterable[Tally]) -> dict[str, Decimal]:
    """What is overdue by currency."""
    sums: dict[str, Decimal] = {}
    for row in tallies:
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.amount
    return sums
