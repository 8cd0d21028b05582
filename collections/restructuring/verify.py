"""The proof of what plans keep of the book: their states, and that the book holds exactly what they took over and ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.selectors.verify import Difference
from restructuring.selectors.paid import stands_between
from runs.selectors import begun_day

_REFS = "SELECT p.id, p.ref, a.ref FROM restructuring_plan p JOIN accounts_account a ON a.id = p.account_id WHERE p.id = ANY(%s)"
# A plan in the book: each part is closed by reliefs of its amount, and each instalment has a bill that says the same.
_APART = """
    SELECT a.ref, p.ref || ' takes over', coalesce(sum(r.amount), 0)::text, t.amount::text
      FROM restructuring_plan p JOIN accounts_account a ON a.id = p.account_id
      JOIN restructuring_plantarget t ON t.plan_id = p.id
      LEFT JOIN accounts_relief r ON r.id IN (t.closure_id, t.let_off_id) AND r.account_id = p.account_id
                                 AND r.bill_id IS NOT DISTINCT FROM t.bill_id
     WHERE p.account_id BETWEEN %(first)s AND %(last)s AND p.running_on IS NOT NULL
     GROUP BY a.ref, p.ref, t.id HAVING coalesce(sum(r.amount), 0) <> t.amount
    UNION ALL
    SELECT a.ref, p.ref || ' instalment ' || i.number, concat_ws(' ', b.due_on, b.principal, b.interest, b.service_fee, b.kind),
           concat_ws(' ', i.due_on, i.principal, i.interest, i.fee, 'plan')
      FROM restructuring_plan p JOIN accounts_account a ON a.id = p.account_id
      JOIN restructuring_planinstalment i ON i.plan_id = p.id
      LEFT JOIN accounts_bill b ON b.id = i.bill_id AND b.account_id = p.account_id
     WHERE p.account_id BETWEEN %(first)s AND %(last)s AND p.running_on IS NOT NULL
       AND (b.due_on, b.principal, b.interest, b.service_fee, b.kind)
           IS DISTINCT FROM (i.due_on, i.principal, i.interest, i.fee, 'plan')"""


def check_plans(cursor: CursorWrapper, first: int, last: int, closed: date) -> Iterator[Difference]:
    """What is kept of the plans of these accounts and does not fit their bills (registered with `accounts.selectors.verify`).

    While a day is being closed, states are on their way from one day to the next and are left out.
    """
    cursor.execute(_APART, {"first": first, "last": last})
    yield from (Difference(*row) for row in cursor.fetchall())
    if begun_day() is not None:
        return
    moved = [one for one in stands_between(cursor, first, last, closed) if one.moves]
    if not moved:
        return
    cursor.execute(_REFS, ([one.plan_id for one in moved],))
    refs = {key: (plan, account) for key, plan, account in cursor.fetchall()}
    for one in moved:
        plan, account = refs[one.plan_id]
        yield Difference(
            account,
            f"plan {plan}",
            f"{one.status}, {one.late} late, {one.missed} missed",
            f"{one.becomes}, {one.is_late} late, {one.is_missed} missed",
        )
