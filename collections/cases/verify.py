"""What `verify_book` asks of the cases: one open for each customer who is late, saying what the standings say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db.backends.utils import CursorWrapper

from accounts.selectors.verify import Difference
from runs.selectors import has_closed_any

_SQL = """
    SELECT c.ref, k.ref, w.late_accounts, k.late_accounts, w.amount, k.overdue_amount
      FROM (SELECT a.customer_id, count(*) AS late_accounts,
                   coalesce(sum(s.overdue_amount) FILTER (WHERE a.currency = coalesce(o.currency, a.currency)), 0) AS amount
              FROM accounts_standing s JOIN accounts_account a ON a.id = s.account_id
              LEFT JOIN cases_case o ON o.customer_id = a.customer_id AND o.status = 'open'
             WHERE a.customer_id IN (SELECT customer_id FROM accounts_account WHERE id BETWEEN %(low)s AND %(high)s)
             GROUP BY a.customer_id) w
      FULL JOIN (SELECT * FROM cases_case WHERE status = 'open' AND customer_id IN (
                     SELECT customer_id FROM accounts_account WHERE id BETWEEN %(low)s AND %(high)s)) k
        ON k.customer_id = w.customer_id
      JOIN accounts_customer c ON c.id = coalesce(w.customer_id, k.customer_id)
     WHERE (w.late_accounts, w.amount) IS DISTINCT FROM (k.late_accounts::bigint, k.overdue_amount)
       -- Who became late since the last close gets the case with the next one.
       AND NOT (k.id IS NULL AND EXISTS (
               SELECT 1 FROM accounts_account a JOIN accounts_standingchange h ON h.account_id = a.id
                WHERE a.customer_id = w.customer_id AND h.business_day > %(closed)s))"""


def check_cases(cursor: CursorWrapper, low: int, high: int, closed: date) -> Iterator[Difference]:
    """Differences between open cases and standings of the customers of these accounts; nothing before the first close."""
    if not has_closed_any():
        return
    cursor.execute(_SQL, {"low": low, "high": high, "closed": closed})
    for customer, case, late, kept_late, amount, kept_amount in cursor.fetchall():
        yield Difference(customer, f"case {case}", f"{kept_late} late, {kept_amount}", f"{late} late, {amount}")
