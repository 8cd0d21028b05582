"""The rows of a made book, written set-based and month by month: the heap lies as a real one does, by time, not by account.

Every statement joins the plan with what the histories left, so that accounts of both sorts lie mixed. Money comes ready from
there: arithmetic on ten million numbers is what would cost here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

from delinquency.books.making.plan import CURRENCY, DUE_AFTER, DUE_AHEAD, SCHEMA, SECOND_ACCOUNT, Plan
from delinquency.books.people import SOURCE, make_names
from runs import clock

ACTOR_NAME = "make_book"
# What is filled together; the two halves of the money are about equally long.
PEOPLE = ("accounts_customer", "accounts_contactpoint", "accounts_account")
BILLS = ("accounts_bill", "accounts_allocation")
ENTRIES = ("accounts_ledgerentry", "accounts_payment")
_CUSTOMER = f"a.i - (a.i %% {SECOND_ACCOUNT} = {SECOND_ACCOUNT - 1})::int"
_NAMES = 4_000


def values_of(plan: Plan, rule_version: int, counted_missed: Sequence[int]) -> dict[str, Any]:
    """The parameters of all statements. `counted_missed`: the products whose missed bills are marked."""
    return {
        "n": plan.accounts,
        "bills": plan.bills,
        "seed": plan.seed,
        "opening": plan.opening,
        "open_day": plan.opening + timedelta(days=1),
        "now": clock.now(),
        "customer": plan.first_customer,
        "account": plan.first_account,
        "bill": plan.first_bill,
        "payment": plan.first_payment,
        "entry": plan.first_entry,
        "fee": plan.first_fee_id,
        "version": rule_version,
        "products": list(plan.products),
        "counted_missed": list(counted_missed),
    }


def write_people(plan: Plan, values: dict[str, Any]) -> None:
    """Fill the twins of customers, contact points and accounts."""
    _run(_PEOPLE, {**values, "names": make_names(_NAMES, plan.seed)})


def write_bills(plan: Plan, values: dict[str, Any]) -> None:
    """Fill the twins of bills and allocations."""
    _run_months(_BILLS, plan, values)


def write_entries(plan: Plan, values: dict[str, Any]) -> None:
    """Fill the twins of payments and the ledger."""
    _run_months(_ENTRIES, plan, values)


def write_standings(values: dict[str, Any]) -> None:
    """Write standings, their changes and all events into the book itself."""
    _run(_STANDINGS, values)


def set_sequences(tables: Sequence[str]) -> None:
    """Let the sequences go on behind the highest keys."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                f" WHERE EXISTS (SELECT FROM {table})"
            )


def _run_months(statements: Sequence[str], plan: Plan, values: dict[str, Any]) -> None:
    for number in range(1, plan.bills + 1):
        # The column is the code's own name; it cannot be a parameter.
        month = [statement.replace("<principal>", plan.principal(number)) for statement in statements]
        _run(month, {**values, "m": number, "back": plan.due_offset(number)})


def _run(statements: Sequence[str], values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'")
        for statement in statements:
            cursor.execute(statement, values)
        cursor.execute("RESET work_mem")


_PEOPLE = (
    f"""INSERT INTO {SCHEMA}.accounts_customer (id, ref, name, id_type, locale, time_zone, origin, recorded_at, version)
        SELECT %(customer)s + a.i, 'MC' || lpad(a.i::text, 8, '0'),
               (%(names)s::text[])[1 + abs(hashint8extended(a.i, %(seed)s + 1) %% {_NAMES})],
               '', '', 'Asia/Shanghai', 'made', %(now)s, 1
          FROM {SCHEMA}.account a WHERE a.i %% {SECOND_ACCOUNT} <> {SECOND_ACCOUNT - 1}""",
    f"""INSERT INTO {SCHEMA}.accounts_contactpoint (customer_id, kind, value_cipher, value_index, source, relationship,
               permitted, verification, origin, recorded_at)
        SELECT %(customer)s + i, 'email', value_cipher, value_index, '{SOURCE}', 'own', true, 'verified', 'made', %(now)s
          FROM {SCHEMA}.contact""",
    f"""INSERT INTO {SCHEMA}.accounts_account (id, ref, customer_id, product_id, currency, credit_limit, status, opened_on,
               origin, recorded_at, wakes_on, version)
        SELECT %(account)s + a.i, a.ref, %(customer)s + {_CUSTOMER}, (%(products)s::bigint[])[1 + a.product], '{CURRENCY}',
               a.base / 5, 'active', %(opening)s::date - 395 - a.cohort, 'made', %(now)s, w.wakes_on, 1
          FROM {SCHEMA}.account a LEFT JOIN {SCHEMA}.wake w USING (i)""",
)

_DUE = f"(%(opening)s::date + {DUE_AHEAD} - %(back)s - a.cohort)"
_STATEMENT = f"(%(opening)s::date + {DUE_AHEAD - DUE_AFTER} - %(back)s - a.cohort)"
_PAID_ON = f"least({_STATEMENT} + a.lag, %(opening)s::date)"
# Midnight in the book's zone, which keeps one offset: sums of whole days, without a look at the zone for each row.
_MIDNIGHT = "%(opening)s::timestamp AT TIME ZONE 'Asia/Shanghai' + ({0} - %(opening)s::date) * interval '24 hours'"
# Paid whole and in time: what the closed form knows of a bill that is not core.
_PAID = "NOT (a.misses AND %(m)s = %(bills)s)"
_BILL_ID = "%(bill)s + (%(m)s - 1) * %(n)s + a.i"
_ENTRY_ID = "%(entry)s + (%(m)s - 1) * 3 * %(n)s + a.i"


def _of_month(table: str) -> str:
    return f"(SELECT * FROM {SCHEMA}.{table} WHERE m = %(m)s)"


_BILLS = (
    f"""INSERT INTO {SCHEMA}.accounts_bill (id, account_id, ref, statement_on, due_on, principal, interest, service_fee,
               minimum_due, rolled_in, rolled_out, allocated, missed, recorded_at)
        SELECT {_BILL_ID}, %(account)s + a.i, a.ref || '-' || lpad(%(m)s::text, 2, '0'), {_STATEMENT}, {_DUE}, a.<principal>,
               0, a.fee, CASE WHEN a.core THEN b.minimum_due ELSE a.<principal> + a.fee END,
               coalesce(b.rolled_in, 0), coalesce(b.rolled_out, 0),
               CASE WHEN a.core THEN b.allocated WHEN {_PAID} THEN a.<principal> + a.fee ELSE 0 END,
               CASE WHEN a.core THEN b.missed
                    WHEN {_DUE} < %(opening)s AND a.product = ANY(%(counted_missed)s) THEN false END,
               {_MIDNIGHT.format(_STATEMENT)}
          FROM {SCHEMA}.account a LEFT JOIN {_of_month("bill")} b USING (i)""",
    f"""INSERT INTO {SCHEMA}.accounts_allocation (account_id, entry_id, bill_id, component, amount, rule_version)
        SELECT %(account)s + a.i, CASE WHEN a.core THEN p.entry ELSE {_ENTRY_ID} + %(n)s END,
               CASE WHEN a.core THEN p.bill ELSE {_BILL_ID} END, coalesce(p.component, v.component),
               coalesce(p.amount, v.amount), coalesce(p.rule_version, %(version)s)
          FROM {SCHEMA}.account a
          LEFT JOIN {_of_month("allocation")} p USING (i)
          LEFT JOIN LATERAL (VALUES ('service_fee', a.fee), ('principal', a.<principal>)) v (component, amount)
            ON NOT a.core AND v.amount > 0
         WHERE CASE WHEN a.core THEN p.i IS NOT NULL ELSE {_PAID} AND v.component IS NOT NULL END""",
)

_ENTRIES = (
    f"""INSERT INTO {SCHEMA}.accounts_ledgerentry (id, account_id, kind, amount, effective_on, recorded_at, bill_id)
        SELECT {_ENTRY_ID}, %(account)s + a.i, 'charge', a.<principal> + a.fee, {_STATEMENT},
               {_MIDNIGHT.format(_STATEMENT)}, {_BILL_ID}
          FROM {SCHEMA}.account a""",
    f"""INSERT INTO {SCHEMA}.accounts_payment (id, account_id, ref, amount, effective_on, recorded_at, channel)
        SELECT %(payment)s + (%(m)s - 1) * %(n)s + a.i, %(account)s + a.i, a.ref || '-P' || lpad(%(m)s::text, 2, '0'),
               coalesce(p.amount, a.<principal> + a.fee), coalesce(p.effective_on, {_PAID_ON}),
               {_MIDNIGHT.format(f"least(coalesce(p.effective_on, {_PAID_ON}), %(opening)s::date)")}, 'direct debit'
          FROM {SCHEMA}.account a LEFT JOIN {_of_month("payment")} p USING (i)
         WHERE CASE WHEN a.core THEN p.i IS NOT NULL ELSE {_PAID} END""",
    f"""INSERT INTO {SCHEMA}.accounts_ledgerentry (id, account_id, kind, amount, effective_on, recorded_at, payment_id)
        SELECT {_ENTRY_ID} + %(n)s, %(account)s + a.i, 'payment', -coalesce(p.amount, a.<principal> + a.fee),
               coalesce(p.effective_on, {_PAID_ON}),
               {_MIDNIGHT.format(f"least(coalesce(p.effective_on, {_PAID_ON}), %(opening)s::date)")},
               %(payment)s + (%(m)s - 1) * %(n)s + a.i
          FROM {SCHEMA}.account a LEFT JOIN {_of_month("payment")} p USING (i)
         WHERE CASE WHEN a.core THEN p.i IS NOT NULL ELSE {_PAID} END""",
    f"""INSERT INTO {SCHEMA}.accounts_ledgerentry (id, account_id, kind, amount, effective_on, recorded_at, bill_id)
        SELECT coalesce(d.id, %(fee)s + row_number() OVER () + (SELECT count(*) FROM {SCHEMA}.derived WHERE m < %(m)s)),
               %(account)s + d.i, d.kind, d.amount, d.effective_on, %(now)s, d.bill
          FROM {SCHEMA}.derived d WHERE d.m = %(m)s""",
)

_EVENT = (
    "audit_event (at, actor_name, verb, subject_type, subject_id, subject_ref, customer_id, account_id, after, reason,"
    " request_id)"
)

_STANDINGS = (
    f"""INSERT INTO accounts_standing (account_id, overdue_since, late_on, bucket, kind, risk_class, overdue_amount,
               clock_from_on, clock_stopped_on, next_transition_on)
        SELECT %(account)s + i, overdue_since, late_on, bucket, kind, risk_class, overdue_amount, clock_from_on,
               clock_stopped_on, next_transition_on FROM {SCHEMA}.standing ORDER BY i""",
    f"""INSERT INTO accounts_standingchange (account_id, business_day, cause, from_bucket, from_kind, from_risk_class,
               from_overdue_amount, to_overdue_since, to_bucket, to_kind, to_risk_class, to_overdue_amount, recorded_at)
        SELECT %(account)s + i, %(open_day)s, 'import', '', '', '', 0, overdue_since, bucket, kind, risk_class,
               overdue_amount, %(now)s FROM {SCHEMA}.standing ORDER BY i""",
    f"""INSERT INTO {_EVENT}
        SELECT %(now)s, '{ACTOR_NAME}', 'customer.loaded', 'customer', c.id, c.ref, c.id, NULL, '{{"contact_points": 1}}',
               'made', '' FROM accounts_customer c""",
    f"""INSERT INTO {_EVENT}
        SELECT %(now)s, '{ACTOR_NAME}', 'account.loaded', 'account', %(account)s + a.i, a.ref, %(customer)s + {_CUSTOMER},
               %(account)s + a.i, jsonb_build_object('bills', %(bills)s::int), 'made', '' FROM {SCHEMA}.account a""",
    f"""INSERT INTO {_EVENT}
        SELECT %(now)s, '{ACTOR_NAME}', 'standing.moved', 'account', %(account)s + a.i, a.ref,
               %(customer)s + {_CUSTOMER}, %(account)s + a.i,
               jsonb_build_object('overdue_since', s.overdue_since, 'bucket', s.bucket, 'kind', s.kind, 'risk_class',
                   s.risk_class, 'overdue_amount', s.overdue_amount::text), 'import', ''
          FROM {SCHEMA}.standing s JOIN {SCHEMA}.account a USING (i) ORDER BY a.i""",
)
