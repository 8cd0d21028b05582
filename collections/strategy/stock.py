"""What a strategy is asked about: one row for each account and stage that it stands in on a business day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.selectors.held import ASKED_AMOUNT, ASKED_FROM_ON, ASKED_SINCE
from reminders.selectors import NOT_HELD

# The columns of a stock, in order; `locale` is the customer's own, `promise` none, open or broken.
COLUMNS = (
    *("account_id", "customer_id", "ref", "product", "bucket", "kind", "risk_class", "currency", "amount"),
    *("stage", "days", "anchor_on", "locale", "promise"),
)


@dataclass(frozen=True)
class Stock:
    """A statement that yields `COLUMNS`, with its parameters. Their names are its own: what is read beside it has others."""

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


# What became of promises in each customer's open case.
_PROMISES = """
    LEFT JOIN (SELECT k.customer_id, CASE WHEN k.id IN (SELECT case_id FROM cases_promise WHERE status = 'open') THEN 'open'
                                          WHEN k.promise_broken_on IS NOT NULL THEN 'broken' ELSE 'none' END AS promise
                 FROM cases_case k WHERE k.status = 'open') promised ON promised.customer_id = a.customer_id"""

# Days past due are those of the standing's clock, which a deferral stops.
_LATE = f"""
    SELECT a.id AS account_id, a.customer_id, a.ref::text AS ref, p.code::text AS product, s.bucket::text AS bucket,
           s.kind::text AS kind, s.risk_class::text AS risk_class, a.currency::text AS currency, {ASKED_AMOUNT} AS amount,
           'late'::text AS stage, coalesce(s.clock_stopped_on, %(stock_day)s::date) - {ASKED_FROM_ON} AS days,
           {ASKED_SINCE} AS anchor_on, c.locale::text AS locale, coalesce(promised.promise, 'none')::text AS promise
      FROM accounts_standing s
      JOIN accounts_account a ON a.id = s.account_id
      JOIN accounts_product p ON p.id = a.product_id
      JOIN accounts_customer c ON c.id = a.customer_id {_PROMISES}
     WHERE {NOT_HELD}"""

# What falls due next of accounts that are not late.
_BEFORE_DUE = f"""
    SELECT a.id, a.customer_id, a.ref::text, p.code::text, ''::text, ''::text, ''::text, a.currency::text,
           b.minimum_due - b.allocated, 'before-due'::text, b.due_on - %(stock_day)s::date, b.due_on, c.locale::text,
           coalesce(promised.promise, 'none')::text
      FROM accounts_bill b
      JOIN accounts_account a ON a.id = b.account_id
      JOIN accounts_product p ON p.id = a.product_id
      JOIN accounts_customer c ON c.id = a.customer_id {_PROMISES}
     WHERE b.allocated < b.minimum_due AND b.due_on > %(stock_day)s::date AND b.statement_on <= %(stock_day)s::date
       AND NOT EXISTS (SELECT FROM accounts_standing s WHERE s.account_id = a.id) AND {NOT_HELD}"""

# What was promised by a day to come. A promise on no named debt stands at the first late one in its currency.
_PROMISED = f"""
    SELECT a.id, a.customer_id, a.ref::text, p.code::text, s.bucket::text, s.kind::text, s.risk_class::text,
           o.currency::text, i.amount - i.got, 'promise'::text, i.due_on - %(stock_day)s::date, i.due_on, c.locale::text,
           'open'::text
      FROM cases_promiseinstalment i
      JOIN cases_promise o ON o.id = i.promise_id AND o.status = 'open'
      JOIN cases_case k ON k.id = o.case_id AND k.status = 'open'
      JOIN accounts_account a ON a.id = coalesce(o.account_id, (
               SELECT min(l.id) FROM accounts_account l JOIN accounts_standing ls ON ls.account_id = l.id
                WHERE l.customer_id = k.customer_id AND l.currency = o.currency))
      JOIN accounts_standing s ON s.account_id = a.id
      JOIN accounts_product p ON p.id = a.product_id
      JOIN accounts_customer c ON c.id = a.customer_id
     WHERE i.status = 'open' AND i.amount > i.got AND i.due_on > %(stock_day)s::date AND {NOT_HELD}"""


def stock_tonight(day: date) -> Stock:
    """The book as it stands when `day` is closed: late accounts, what is billed and falls due later, promised payments to come.

    Accounts under a hold of contact or treatment on that day are left out.
    """
    return Stock(" UNION ALL ".join((_LATE, _BEFORE_DUE, _PROMISED)), {"stock_day": day, "on": day})
