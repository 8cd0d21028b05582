"""What `verify_book` asks of the cases: one open for each customer who is late, saying what the standings say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.selectors.verify import Difference
from cases.services.follow import LATE, ROUTED
from cases.services.priority import priority_of, priority_values
from runs.selectors import begun_day, has_closed_any


# What a case keeps, against what its customer's standings say (the worst account decides bucket, class, currency, clock), which
# portfolio takes it in and how urgent it is on the closed day; a close at work has written the priority of some for the next.
def _sql() -> str:
    return f"""
    WITH {LATE}, wanted AS (
        SELECT w.*, CASE WHEN %(begun)s THEN k.priority ELSE {priority_of("w", "k.promise_broken_on")} END AS priority
          FROM ({ROUTED}) w LEFT JOIN cases_case k ON k.customer_id = w.customer_id AND k.status = 'open')
    SELECT c.ref, k.ref,
           concat_ws(' ', k.bucket, k.risk_class, k.overdue_amount, k.currency, k.late_accounts, k.products, k.clock_from_on,
                     k.clock_stopped_on, 'team', k.team_id, 'priority', k.priority),
           concat_ws(' ', w.bucket, w.risk_class, w.overdue_amount, w.currency, w.late_accounts, w.products, w.clock_from_on,
                     w.clock_stopped_on, 'team', w.team_id, 'priority', w.priority)
      FROM wanted w
      FULL JOIN (SELECT * FROM cases_case WHERE status = 'open' AND customer_id = ANY(%(customers)s)) k
        ON k.customer_id = w.customer_id
      JOIN accounts_customer c ON c.id = coalesce(w.customer_id, k.customer_id)
     WHERE (k.bucket, k.risk_class, k.overdue_amount, k.currency, k.late_accounts, k.products::text[], k.clock_from_on,
            k.clock_stopped_on, k.team_id, k.priority)
           IS DISTINCT FROM (w.bucket, w.risk_class, w.overdue_amount, w.currency, w.late_accounts, w.products::text[],
            w.clock_from_on, w.clock_stopped_on, w.team_id, w.priority)
       -- Who became late since the last close gets the case with the next one; while one is at work, its step may be to come.
       AND NOT ((k.id IS NULL OR %(begun)s) AND EXISTS (
               SELECT 1 FROM accounts_account a JOIN accounts_standingchange h ON h.account_id = a.id
                WHERE a.customer_id = c.id AND h.business_day > %(day)s))"""


# The customers of a range of accounts who are late or have an open case.
_CUSTOMERS = """
    SELECT a.customer_id FROM accounts_account a
     WHERE a.id BETWEEN %(low)s AND %(high)s
       AND (EXISTS (SELECT 1 FROM accounts_standing s WHERE s.account_id = a.id)
            OR EXISTS (SELECT 1 FROM cases_case k WHERE k.customer_id = a.customer_id AND k.status = 'open'))"""


def check_cases(cursor: CursorWrapper, low: int, high: int, closed: date) -> Iterator[Difference]:
    """Differences between open cases and standings of the customers of these accounts; nothing before the first close."""
    if not has_closed_any():
        return
    cursor.execute(_CUSTOMERS, {"low": low, "high": high})
    customers = list({key for (key,) in cursor.fetchall()})
    cursor.execute(_sql(), {"customers": customers, "begun": begun_day() is not None, **priority_values(closed)})
    for customer, case, kept, wanted in cursor.fetchall():
        yield Difference(customer, f"case {case}", kept, wanted)
