"""Plans measured: three offers beside each other, and a night of many live plans beside the floor of its rows."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.template.loader import render_to_string

from accounts.models import Account
from delinquency.bench.figures import share
from restructuring.forms import HouseholdForm, offer_forms
from restructuring.selectors.position import position, rule_on
from restructuring.services.judging import BATCH, CLOSE, judge, judge_day
from restructuring.views.simulator import offers_of
from runs.models import DayClose
from runs.selectors import book_day
from runs.services import StepRun

PLANS, INSTALMENTS, PREVIEWS = 200_000, 12, 200
# So many of a hundred plans are late with the instalment that was due the day before; so many of a thousand missed it beyond
# grace, and are breached tonight.
LATE_OF_100, BREACHED_OF_1000 = 2, 5

# Live plans whose first half of instalments is paid, but for those that are late tonight with the last of it, and for those at
# risk, which are breached tonight: accounts that owe nothing else, so that the replay finds what was paid.
_PLANS = """
    INSERT INTO restructuring_plan (ref, account_id, customer_id, rule_id, kind, status, currency, starts_on, terms, principal,
           interest, service_fee, late_fee, discount, plan_interest, total, present_value, grace_days, breach_after,
           breach_terms, late, missed, running_on, asked_at, asked_by_name, version)
    SELECT 'bench-' || a.id, a.id, a.customer_id, (SELECT min(id) FROM restructuring_planrule), 'instalments', 'running',
           a.currency, %(day)s - 185, '{}', 1200, 0, 0, 0, 0, 0, 1200, 1200, 3, 1, 'restore', 0, 0, %(day)s - 185, now(),
           'bench', 1
      FROM accounts_account a ORDER BY a.id LIMIT %(plans)s"""
_AT_RISK = """
    UPDATE restructuring_plan p SET status = 'at-risk', late = 1
      FROM (SELECT p.id, row_number() OVER (ORDER BY p.id) AS place FROM restructuring_plan p
              JOIN accounts_account a ON a.id = p.account_id AND (a.opened_on IS NULL OR a.opened_on <= p.starts_on)
              LEFT JOIN accounts_standing s ON s.account_id = a.id
             WHERE p.ref LIKE 'bench-%%' AND s.account_id IS NULL) c
     WHERE c.id = p.id
       AND c.place <= %(breached)s / 1000.0 * (SELECT count(*) FROM restructuring_plan WHERE ref LIKE 'bench-%%')"""
_BILLS = """
    INSERT INTO accounts_bill (account_id, ref, kind, statement_on, due_on, principal, interest, service_fee, minimum_due,
           rolled_in, rolled_out, allocated, recorded_at)
    SELECT p.account_id, p.ref || '-' || n, 'plan', p.starts_on,
           %(day)s - 1 - CASE WHEN p.status = 'at-risk' THEN p.grace_days ELSE 0 END + (n - %(paid)s) * 30, 100, 0, 0, 100, 0, 0,
           CASE WHEN n < %(paid)s OR n = %(paid)s AND p.status = 'running' AND p.id %% 100 >= %(late)s THEN 100 ELSE 0 END, now()
      FROM restructuring_plan p CROSS JOIN generate_series(1, %(each)s) AS n WHERE p.ref LIKE 'bench-%%'"""
_INSTALMENTS = """
    INSERT INTO restructuring_planinstalment (plan_id, number, due_on, principal, interest, fee, bill_id)
    SELECT p.id, split_part(b.ref, '-', 3)::int, b.due_on, 100, 0, 0, b.id
      FROM restructuring_plan p JOIN accounts_bill b ON b.account_id = p.account_id AND b.kind = 'plan'
       AND b.ref LIKE 'bench-%%'"""
# What was paid towards the plans that are breached tonight, and the ledger of their bills.
_PAYMENTS = """
    INSERT INTO accounts_payment (account_id, ref, amount, effective_on, recorded_at, channel)
    SELECT b.account_id, b.ref, 100, b.due_on, now(), '' FROM restructuring_plan p
      JOIN accounts_bill b ON b.account_id = p.account_id AND b.kind = 'plan' AND b.allocated > 0
     WHERE p.status = 'at-risk' AND p.ref LIKE 'bench-%%'"""
_ENTRIES = """
    INSERT INTO accounts_ledgerentry (account_id, kind, amount, effective_on, recorded_at, bill_id, payment_id)
    SELECT p.account_id, 'charge', 100, b.statement_on, now(), b.id, NULL::bigint FROM restructuring_plan p
      JOIN accounts_bill b ON b.account_id = p.account_id AND b.kind = 'plan' WHERE p.status = 'at-risk' AND p.ref LIKE 'bench-%%'
    UNION ALL
    SELECT p.account_id, 'payment', -100, m.effective_on, now(), NULL, m.id FROM restructuring_plan p
      JOIN accounts_payment m ON m.account_id = p.account_id AND m.ref LIKE 'bench-%%'
     WHERE p.status = 'at-risk' AND p.ref LIKE 'bench-%%'"""
# What breaches write at least, by bare SQL: each bill of the plan is void, with its entry and its event; the plan is breached.
_BREACHED = "p.status = 'at-risk' AND p.ref LIKE 'bench-%%'"
_BREACH_FLOOR = f"""
    WITH void AS (
        INSERT INTO accounts_relief (account_id, ref, kind, bill_id, amount, effective_on, recorded_at, reason)
        SELECT p.account_id, b.ref || '-V', 'void', b.id, 100, p.running_on, now(), p.ref FROM restructuring_plan p
          JOIN accounts_bill b ON b.account_id = p.account_id AND b.kind = 'plan' WHERE {_BREACHED}
        RETURNING id, account_id, ref, bill_id, effective_on),
    entry AS (
        INSERT INTO accounts_ledgerentry (account_id, kind, amount, effective_on, recorded_at, bill_id, relief_id)
        SELECT account_id, 'closure', -100, effective_on, now(), bill_id, id FROM void RETURNING id, account_id, bill_id),
    touched AS (
        INSERT INTO accounts_allocation (account_id, entry_id, bill_id, component, amount, rule_version)
        SELECT account_id, id, bill_id, 'principal', 100, 1 FROM entry),
    told AS (
        INSERT INTO audit_event (at, actor_name, verb, subject_type, subject_id, subject_ref, customer_id, account_id, before,
               after, reason, request_id)
        SELECT now(), 'bench', 'relief.granted', 'relief', v.id, v.ref, p.customer_id, p.account_id, NULL, '{{"kind": "void"}}',
               p.ref, '' FROM void v JOIN restructuring_plan p ON p.account_id = v.account_id WHERE {_BREACHED}),
    moved AS (
        UPDATE restructuring_plan p SET status = 'breached', missed = 1, ended_on = %(day)s, version = version + 1
         WHERE {_BREACHED} RETURNING id, ref, customer_id, account_id)
    INSERT INTO audit_event (at, actor_name, verb, subject_type, subject_id, subject_ref, customer_id, account_id, before, after,
           reason, request_id)
    SELECT now(), 'bench', 'plan.breached', 'plan', id, ref, customer_id, account_id, '{{"status": "at-risk"}}',
           '{{"status": "breached", "late": 1, "missed": 1}}', '', '' FROM moved"""  # made of the code's own constants
# What the night writes, by bare SQL, of the plans that go on.
_FLOOR = """
    WITH stands AS (
        SELECT p.id, count(*) FILTER (WHERE b.due_on < %(day)s AND b.allocated < b.principal) AS late
          FROM restructuring_plan p JOIN restructuring_planinstalment i ON i.plan_id = p.id
          JOIN accounts_bill b ON b.id = i.bill_id WHERE p.status = 'running' GROUP BY p.id),
    moved AS (
        UPDATE restructuring_plan p SET late = s.late, status = 'at-risk', version = p.version + 1
          FROM stands s WHERE s.id = p.id AND s.late <> p.late RETURNING p.id, p.customer_id, p.account_id, p.ref)
    INSERT INTO audit_event (at, actor_name, verb, subject_type, subject_id, subject_ref, customer_id, account_id, before, after,
           reason, request_id)
    SELECT now(), 'bench', 'plan.at-risk', 'plan', id, ref, customer_id, account_id, '{"status": "running"}',
           '{"status": "at-risk", "late": 1, "missed": 0}', '', '' FROM moved"""


class _Undone(Exception):
    """Ends the transaction of what was made up."""


def plans(seed: int) -> dict[str, Any]:
    """Previews and a night, on this database, which needs a made book; what is made up for it is undone."""
    day = book_day()
    if day is None:
        raise RuntimeError("Make a book first: manage.py make_book.")
    found: dict[str, Any] = {"previews": _previews(seed)}
    try:
        with transaction.atomic():
            found |= _night(day)
            raise _Undone
    except _Undone:
        return found


def _previews(seed: int) -> dict[str, float]:
    """Milliseconds of three offers for a late account, from its facts to the page's part."""
    draw = Random(seed)  # noqa: S311  # which account next
    late = list(Account.objects.filter(standing__isnull=False).values_list("pk", flat=True)[:5_000])
    taken = []
    for _ in range(PREVIEWS):
        account = Account.objects.select_related("customer", "product").get(pk=draw.choice(late))
        began = time.perf_counter()
        here = position(account)
        rule = rule_on(here.day)
        asked = _asked(here.day)
        offers = offers_of(here, rule, HouseholdForm(asked), offer_forms(asked, here.day))
        render_to_string("restructuring/_offers.html", {"offers": offers, "rule": rule, "account": account})
        taken.append((time.perf_counter() - began) * 1000)
    return {"count": len(taken), "p50": share(taken, 0.5), "p95": share(taken, 0.95)}


def _asked(day: date) -> Any:
    due = (day + timedelta(days=31)).isoformat()
    asked: dict[str, Any] = {"covers": "whole", "late_fee": "carry", "income": "9000", "expenses": "5000"}
    for name, method in (("a", "equal-instalments"), ("b", "equal-principal"), ("c", "stepped")):
        asked |= {
            f"{name}-kind": "instalments",
            f"{name}-first_due_on": due,
            f"{name}-count": "59",
            f"{name}-method": method,
            f"{name}-annual_rate": Decimal("12"),
        }
    return asked


def _night(day: date) -> dict[str, Any]:
    values: dict[str, Any] = {
        "day": day,
        "plans": PLANS,
        "each": INSTALMENTS,
        "paid": INSTALMENTS // 2,
        "late": LATE_OF_100,
        "breached": BREACHED_OF_1000,
    }
    with connection.cursor() as cursor:
        for statement, table in (
            (_PLANS, "restructuring_plan"),
            (_AT_RISK, "restructuring_plan"),
            (_BILLS, "accounts_bill"),
            (_INSTALMENTS, "restructuring_planinstalment"),
            (_PAYMENTS, "accounts_payment"),
            (_ENTRIES, "accounts_ledgerentry"),
        ):
            cursor.execute(statement, values)
            # What reads it next is planned by what is there.
            cursor.execute(f"ANALYZE {table}")
        floor, moved = _floor(cursor, _FLOOR, values)
        breach_floor, breaches = _floor(cursor, _BREACH_FLOOR, values)
        cursor.execute("SELECT count(*) FROM restructuring_plan WHERE status IN ('running', 'at-risk')")
        (live,) = cursor.fetchone()
        cursor.execute(f"SELECT customer_id FROM restructuring_plan p WHERE {_BREACHED} ORDER BY 1".replace("%%", "%"))
        breaching = [customer for (customer,) in cursor.fetchall()]
    breach_seconds = _breaches(breaching, day)
    DayClose.objects.filter(date=day, step="plans").delete()
    step = DayClose.objects.create(date=day, step="plans", position=3)
    began = time.perf_counter()
    judge_day(StepRun(day=day, step="plans", cursor=0))
    seconds = time.perf_counter() - began
    step.refresh_from_db()
    return {
        "live": live,
        "moved": moved,
        "breached": breaches,
        "seconds": seconds,
        "floor_seconds": floor + breach_floor,
        "breach_ms": 1000 * breach_seconds / breaches if breaches else 0.0,
        "breach_floor_ms": 1000 * breach_floor / breaches if breaches else 0.0,
        "counts": step.result,
    }


def _floor(cursor: CursorWrapper, statement: str, values: dict[str, Any]) -> tuple[float, int]:
    """Seconds of a bare statement, undone, and how many plans it moves. Of two runs the second, which finds what it reads where
    the night finds it, in memory."""
    for _ in range(2):
        point = transaction.savepoint()
        began = time.perf_counter()
        cursor.execute(statement, values)
        seconds, moved = time.perf_counter() - began, cursor.rowcount
        transaction.savepoint_rollback(point)
    return seconds, moved


def _breaches(customers: list[int], day: date) -> float:
    """Seconds that the breaches alone take, as the night takes them, batch by batch; undone."""
    point = transaction.savepoint()
    began = time.perf_counter()
    for start in range(0, len(customers), BATCH):
        judge(actor=CLOSE, customer_ids=customers[start : start + BATCH], on=day)
    seconds = time.perf_counter() - began
    transaction.savepoint_rollback(point)
    return seconds
