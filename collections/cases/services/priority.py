"""How urgent each case is: overdue amount × days past due × the risk factor × the factor of a broken promise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction

from cases.selectors.terms import work_terms
from cases.services.waiting import Moment, write_waits
from runs import clock
from runs.selectors import begun_day, book_day
from runs.services import StepRun

BATCH = 5_000

_risk_factor = "1"


def score_with(expression: str) -> None:
    """Register the risk factor: SQL with the place `{case}` for a row that has a `customer_id`, 1 for an average risk. It is 1
    until there is one."""
    global _risk_factor
    _risk_factor = expression


def priority_of(case: str, broken_on: str) -> str:
    """SQL for the priority of the row `case` on %(day)s. Amounts of several currencies are taken as they are; a deferred
    account, whose days stand at none, comes last."""
    return f"""({case}.overdue_amount * greatest(coalesce({case}.clock_stopped_on, %(day)s) - {case}.clock_from_on, 0)
        * {_risk_factor.format(case=case)}
        * CASE WHEN {broken_on} + %(broken_days)s >= %(day)s THEN %(broken_factor)s ELSE 1 END)::float8"""


def priority_values(day: date) -> dict[str, Any]:
    """The values that `priority_of` asks for."""
    terms = work_terms(day)
    return {"day": day, "broken_days": terms.broken_promise_days, "broken_factor": terms.broken_promise_factor}


def _update(cases: Sequence[int], day: date) -> int:
    wanted, values = priority_of("c", "c.promise_broken_on"), priority_values(day)
    with connection.cursor() as cursor:
        # Numbers first, then the rows: two statements at work lock rows in the order of their keys, whatever the plan.
        cursor.execute(
            f"""SELECT c.id FROM cases_case c WHERE c.id = ANY(%(cases)s) AND c.status = 'open' AND c.priority <> {wanted}
                 ORDER BY c.id FOR NO KEY UPDATE""",
            {"cases": list(cases), **values},
        )
        moved = [key for (key,) in cursor.fetchall()]
        if moved:
            cursor.execute(
                f"UPDATE cases_case c SET priority = {wanted} WHERE c.id = ANY(%(cases)s)",
                {"cases": moved, **values},
            )
    return len(moved)


@transaction.atomic
def refresh_priorities(*, case_ids: Sequence[int]) -> int:
    """Bring the priority of these open cases to the book's day; returns how many moved. A cache: no version, no event.

    Called when a promise was broken. Locks the cases that move, by key; the caller holds their customers.
    """
    day = begun_day() or book_day()
    return _update(case_ids, day) if day else 0


def priorities(run: StepRun) -> None:
    """The close's step: every open case gets its priority of `run.day` and its waits of the morning after, in batches.

    Only rows that differ are written; every day past due moves every priority, so that is most of them. A case is held for its
    batch, its customer is not.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, customer_id FROM cases_case WHERE status = 'open' AND customer_id > %s ORDER BY customer_id",
            (run.cursor,),
        )
        rows = cursor.fetchall()
    run.expect(len(rows))
    morning = Moment.morning_of(max(run.day + timedelta(days=1), clock.today()))
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        with transaction.atomic():
            waits = write_waits([customer_id for _, customer_id in batch], morning)
            moved = _update([key for key, _ in batch], run.day)
            run.advance(cursor=batch[-1][1], done=len(batch), prioritised=moved, waits=waits)
