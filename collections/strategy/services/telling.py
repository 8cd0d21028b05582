"""What a message is about as it is queued: of each person the accounts of the rule's stage, and nothing on hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection

from accounts.selectors.held import ASKED_AMOUNT, ASKED_SINCE
from reminders.selectors import NOT_HELD
from strategy.models import Stage


class Told(NamedTuple):
    """A person's first account of a stage, and what a message about all of them holds (JSON text)."""

    account_id: int
    context: str


_ROW = """json_build_object('id', a.id, 'ref', a.ref, 'currency', {currency}, 'amount', {amount}::text, 'due_on', {due_on})"""

_LATE = f"""
    SELECT a.customer_id, min(a.id), json_build_object('accounts', json_agg({
    _ROW.format(currency="a.currency", amount=ASKED_AMOUNT, due_on=ASKED_SINCE)
} ORDER BY a.id))::text
      FROM accounts_account a JOIN accounts_standing s ON s.account_id = a.id
     WHERE a.customer_id = ANY(%(customers)s) AND {NOT_HELD}
     GROUP BY a.customer_id"""

# Also what falls due before the days of the rule: it would be strange to speak of the later alone.
_BEFORE_DUE = f"""
    SELECT a.customer_id, min(a.id), json_build_object('accounts', json_agg({
    _ROW.format(currency="a.currency", amount="b.amount", due_on="b.due_on")
} ORDER BY a.id))::text
      FROM accounts_account a
      JOIN LATERAL (SELECT b.minimum_due - b.allocated AS amount, b.due_on FROM accounts_bill b
                     WHERE b.account_id = a.id AND b.allocated < b.minimum_due AND b.due_on > %(on)s AND b.due_on <= %(until)s
                       AND b.statement_on <= %(on)s
                     ORDER BY b.due_on LIMIT 1) b ON true
     WHERE a.customer_id = ANY(%(customers)s) AND {NOT_HELD}
       AND NOT EXISTS (SELECT FROM accounts_standing s WHERE s.account_id = a.id)
     GROUP BY a.customer_id"""

_PROMISE = f"""
    SELECT a.customer_id, min(a.id), json_build_object('instalments', json_agg(i.id ORDER BY i.number), 'accounts', json_agg({
    _ROW.format(currency="o.currency", amount="(i.amount - i.got)", due_on="i.due_on")
} ORDER BY i.number))::text
      FROM cases_promise o
      JOIN cases_promiseinstalment i ON i.promise_id = o.id AND i.status = 'open' AND i.amount > i.got
      JOIN cases_case k ON k.id = o.case_id
      JOIN accounts_account a ON a.id = coalesce(o.account_id, (
               SELECT min(l.id) FROM accounts_account l JOIN accounts_standing ls ON ls.account_id = l.id
                WHERE l.customer_id = k.customer_id AND l.currency = o.currency))
     WHERE k.customer_id = ANY(%(customers)s) AND o.status = 'open' AND i.due_on > %(on)s AND i.due_on <= %(until)s
       AND {NOT_HELD}
     GROUP BY a.customer_id"""

_OF_STAGE = {Stage.LATE: _LATE, Stage.BEFORE_DUE: _BEFORE_DUE, Stage.PROMISE: _PROMISE}


def tell(stage: str, *, customers: Sequence[int], day: date, days_to: int | None) -> dict[int, Told]:
    """By customer, what a message about a stage tells on `day`, of what is late, or comes within `days_to` days. Who has nothing
    (any more) to be told is left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_STAGE[Stage(stage)],
            {"customers": list(customers), "on": day, "until": day + timedelta(days=days_to or 0)},
        )
        return {customer: Told(account, context) for customer, account, context in cursor.fetchall()}
