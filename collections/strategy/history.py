"""The stock of days gone by, as `stock.stock_tonight` would have shown it on each of them.

Late accounts from the append-only record of standings, less the days of deferrals known then; what fell due from the bills
and what was allocated to them by that day's entries; promised payments from the promises open then. Not told by the record,
and taken as it is now: what a bill asks at least, and the customer's language. A promise that was paid in part counts whole;
a bill or a payment entered late counts from its own date.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection

from accounts.selectors.held import ASKED_AMOUNT, ASKED_SINCE, stops
from cases.selectors.promise_facts import GRACE
from runs import clock
from strategy.rules import LONGEST_AHEAD_DAYS
from strategy.stock import Stock

# From the day on which it came to be so (that day included) until the one on which it changed.
_PREPARE = """
    DROP TABLE IF EXISTS strategy_past_standing, strategy_past_bill;
    CREATE TEMPORARY TABLE strategy_past_standing AS
    SELECT account_id, from_on, until_on, overdue_since, bucket, kind, risk_class, overdue_amount, beside_amount, beside_since
      FROM (
        SELECT account_id, business_day AS from_on,
               lead(business_day, 1, 'infinity') OVER (PARTITION BY account_id ORDER BY business_day, id) AS until_on,
               to_overdue_since AS overdue_since, to_bucket AS bucket, to_kind AS kind, to_risk_class AS risk_class,
               to_overdue_amount AS overdue_amount, to_beside_amount AS beside_amount, to_beside_since AS beside_since
          FROM accounts_standingchange WHERE business_day <= %(last)s) changes
     WHERE bucket <> '' AND until_on > from_on AND until_on > %(first)s;
    CREATE TEMPORARY TABLE strategy_past_bill AS
    WITH bills AS MATERIALIZED (
        SELECT id, account_id, statement_on, due_on, minimum_due FROM accounts_bill
         WHERE due_on > %(first)s AND due_on <= %(horizon)s AND statement_on <= %(last)s
    ), steps AS (
        SELECT bill_id, account_id, due_on, minimum_due, step_on, sum(part) AS part FROM (
            SELECT id AS bill_id, account_id, due_on, minimum_due, statement_on AS step_on, 0 AS part FROM bills
            UNION ALL
            SELECT b.id, b.account_id, b.due_on, b.minimum_due, greatest(e.effective_on, b.statement_on), l.amount
              FROM bills b
              JOIN accounts_allocation l ON l.account_id = b.account_id AND l.bill_id = b.id
              JOIN accounts_ledgerentry e ON e.id = l.entry_id AND e.kind <> 'roll-over') parts
         GROUP BY 1, 2, 3, 4, 5
    )
    SELECT account_id, due_on, step_on AS from_on,
           lead(step_on, 1, 'infinity') OVER (PARTITION BY bill_id ORDER BY step_on) AS until_on,
           minimum_due - sum(part) OVER (PARTITION BY bill_id ORDER BY step_on) AS unpaid
      FROM steps;
    CREATE INDEX ON strategy_past_standing (account_id);
    ANALYZE strategy_past_standing;
    ANALYZE strategy_past_bill
"""

_LATE_THEN = "{0}.from_on <= %(stock_day)s AND {0}.until_on > %(stock_day)s"
_BESIDE_THEN = f"""SELECT FROM strategy_past_standing b
                WHERE b.account_id = h.account_id AND {_LATE_THEN.format("b")} AND b.beside_amount > 0"""

_FREE = f"""NOT EXISTS (
        SELECT FROM accounts_hold h
         WHERE h.account_id = a.id AND {stops(_BESIDE_THEN)}
           AND h.known_from < %(stock_end)s AND (h.withdrawn_at IS NULL OR h.withdrawn_at >= %(stock_end)s)
           AND h.starts_on <= %(stock_day)s AND (h.ends_on IS NULL OR h.ends_on >= %(stock_day)s))"""

_OPEN_THEN = """o.made_on <= %(stock_day)s
           AND CASE o.status WHEN 'open' THEN true WHEN 'cancelled' THEN o.closed_at >= %(stock_end)s
                             ELSE o.judged_on > %(stock_day)s END"""
_CASE_THEN = "k.opened_on <= %(stock_day)s AND (k.closed_on IS NULL OR k.closed_on > %(stock_day)s)"

_PROMISES = f"""
    LEFT JOIN (SELECT k.customer_id,
                      CASE WHEN k.id IN (SELECT o.case_id FROM cases_promise o WHERE {_OPEN_THEN}) THEN 'open'
                           WHEN k.id IN (SELECT p.case_id FROM cases_promise p
                                           JOIN cases_promiseinstalment i ON i.promise_id = p.id
                                          WHERE i.status = 'broken' AND i.due_on + {GRACE} <= %(stock_day)s) THEN 'broken'
                           ELSE 'none' END AS promise
                 FROM cases_case k WHERE {_CASE_THEN}) promised ON promised.customer_id = a.customer_id"""

# The days of deferrals from the first late day to this one, those that overlap once.
_DEFERRED = """
    LEFT JOIN (SELECT account_id, range_agg(daterange(h.starts_on, h.ends_on, '[]')) AS days
                 FROM accounts_hold h
                WHERE h.kind = 'deferral' AND h.known_from < %(stock_end)s
                  AND (h.withdrawn_at IS NULL OR h.withdrawn_at >= %(stock_end)s)
                GROUP BY account_id) deferred ON deferred.account_id = a.id"""
_DEFERRED_DAYS = f"""coalesce((
           SELECT sum(upper(part) - lower(part))::int
             FROM unnest(deferred.days * datemultirange(daterange({ASKED_SINCE}, %(stock_day)s, '(]'))) AS part), 0)"""

_LATE = f"""
    SELECT a.id AS account_id, a.customer_id, a.ref::text AS ref, p.code::text AS product, s.bucket::text AS bucket,
           s.kind::text AS kind, s.risk_class::text AS risk_class, a.currency::text AS currency,
           {ASKED_AMOUNT} AS amount,
           'late'::text AS stage, %(stock_day)s::date - {ASKED_SINCE} - {_DEFERRED_DAYS} AS days,
           {ASKED_SINCE} AS anchor_on, c.locale::text AS locale, coalesce(promised.promise, 'none')::text AS promise
      FROM strategy_past_standing s
      JOIN accounts_account a ON a.id = s.account_id
      JOIN accounts_product p ON p.id = a.product_id
      JOIN accounts_customer c ON c.id = a.customer_id {_PROMISES} {_DEFERRED}
     WHERE {_LATE_THEN.format("s")} AND {_FREE}"""

_BEFORE_DUE = f"""
    SELECT a.id, a.customer_id, a.ref::text, p.code::text, ''::text, ''::text, ''::text, a.currency::text,
           b.unpaid, 'before-due'::text, b.due_on - %(stock_day)s::date, b.due_on, c.locale::text,
           coalesce(promised.promise, 'none')::text
      FROM strategy_past_bill b
      JOIN accounts_account a ON a.id = b.account_id
      JOIN accounts_product p ON p.id = a.product_id
      JOIN accounts_customer c ON c.id = a.customer_id {_PROMISES}
     WHERE b.unpaid > 0 AND b.due_on > %(stock_day)s AND b.from_on <= %(stock_day)s AND b.until_on > %(stock_day)s
       AND NOT EXISTS (SELECT FROM strategy_past_standing s WHERE s.account_id = a.id AND {_LATE_THEN.format("s")}) AND {_FREE}"""

_PROMISED = f"""
    SELECT a.id, a.customer_id, a.ref::text, p.code::text, s.bucket::text, s.kind::text, s.risk_class::text,
           o.currency::text, i.amount, 'promise'::text, i.due_on - %(stock_day)s::date, i.due_on, c.locale::text, 'open'::text
      FROM cases_promiseinstalment i
      JOIN cases_promise o ON o.id = i.promise_id AND {_OPEN_THEN}
      JOIN cases_case k ON k.id = o.case_id AND {_CASE_THEN}
      JOIN accounts_account a ON a.id = coalesce(o.account_id, (
               SELECT min(l.id) FROM accounts_account l JOIN strategy_past_standing s ON s.account_id = l.id
                WHERE l.customer_id = k.customer_id AND l.currency = o.currency AND {_LATE_THEN.format("s")}))
      JOIN strategy_past_standing s ON s.account_id = a.id AND {_LATE_THEN.format("s")}
      JOIN accounts_product p ON p.id = a.product_id
      JOIN accounts_customer c ON c.id = a.customer_id
     WHERE i.due_on > %(stock_day)s AND {_FREE}"""


def prepare(first: date, last: date) -> None:
    """Lay out what the record tells of the days from `first` to `last`, in temporary tables of the session."""
    with connection.cursor() as cursor:
        horizon = last + timedelta(days=LONGEST_AHEAD_DAYS)
        cursor.execute(_PREPARE, {"first": first, "last": last, "horizon": horizon})


def stock_on(day: date) -> Stock:
    """The stock of a closed day, one of those that `prepare` laid out in this session; the columns of `stock.COLUMNS`."""
    end = clock.begins(day + timedelta(days=1))
    return Stock(" UNION ALL ".join((_LATE, _BEFORE_DUE, _PROMISED)), {"stock_day": day, "stock_end": end})
