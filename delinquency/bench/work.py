"""The work of many collectors at once, and a smaller made set to measure it on alone."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from accounts.models import Product
from delinquency.bench.stock import stock_workbench
from runs import clock

_MADE = (
    """INSERT INTO accounts_customer (id, ref, name, id_type, locale, time_zone, origin, recorded_at, version)
       SELECT i, 'B' || i, 'bench', '', 'zh-hans', 'Asia/Shanghai', 'made', %(now)s, 1 FROM generate_series(1, %(cases)s) i""",
    """INSERT INTO accounts_contactpoint (id, kind, value_cipher, value_index, source, relationship, permitted, verification,
              origin, recorded_at, customer_id)
       SELECT i, 'mobile', ''::bytea, int8send(i), 'contract', 'own', true, 'verified', 'made', %(now)s, i
         FROM generate_series(1, %(cases)s::bigint) i""",
    """INSERT INTO accounts_account (id, ref, currency, status, origin, recorded_at, version, customer_id, product_id)
       SELECT i, 'B' || i, 'CNY', 'active', 'made', %(now)s, 1, i, %(product)s FROM generate_series(1, %(cases)s) i""",
    """INSERT INTO accounts_standing (account_id, overdue_since, late_on, bucket, kind, risk_class, overdue_amount, clock_from_on)
       SELECT i, since, since + 1, 'M' || least(7, 1 + (%(today)s - since) / 30), 'single', 'special-mention',
              100 + (i * 7919) %% 9000, since
         FROM generate_series(1, %(cases)s) i CROSS JOIN LATERAL (SELECT %(today)s - (1 + (i * 31) %% 250) AS since) s""",
    """INSERT INTO cases_case (id, ref, customer_id, status, opened_on, bucket, risk_class, currency, overdue_amount,
              late_accounts, products, clock_from_on, opened_at, version)
       SELECT account_id, 'B' || account_id, account_id, 'open', late_on, bucket, risk_class, 'CNY', overdue_amount, 1,
              ARRAY['plain'], clock_from_on, %(now)s, 1 FROM accounts_standing""",
)


@transaction.atomic
def make_cases(cases: int) -> dict[str, int]:
    """Fill an empty, migrated database with so many open cases and a workbench in use on them."""
    values: dict[str, Any] = {
        "cases": cases,
        "now": clock.now(),
        "today": clock.today(),
        "product": Product.objects.values_list("pk", flat=True).get(code="plain"),
    }
    with connection.cursor() as cursor:
        for statement in _MADE:
            cursor.execute(statement, values)
    return stock_workbench()
