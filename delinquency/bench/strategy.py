"""Strategies measured: a night of the whole book under a champion, a challenger and a hold-out, beside the floor of its rows."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from django.db import connection, transaction

from cases.models import Queue
from runs import clock
from runs.models import DayClose
from runs.selectors import book_day
from runs.services import StepRun
from strategy.matching import TABLE, match
from strategy.models import Deployment, Rule, Version, VersionStatus
from strategy.services import evaluating
from strategy.stock import stock_tonight

# Of each, what makes a row of the night's another one for the floor: where it must differ, and how keys refer.
_TABLES = {
    "compliance_contactdecision": {},
    "reminders_message": {
        "key": "key || ':floor'",
        "decision_id": "decision_id + (SELECT shift FROM shifts WHERE name = 'compliance_contactdecision')",
    },
    "strategy_treatment": {
        "business_day": "business_day + 1",
        "message_id": "message_id + (SELECT shift FROM shifts WHERE name = 'reminders_message')",
        "decision_id": "decision_id + (SELECT shift FROM shifts WHERE name = 'compliance_contactdecision')",
    },
    "strategy_proposal": {"status": "'lapsed'"},
    "cases_calltask": {"done_at": "asked_at"},
    "audit_event": {},
}


def strategy(seed: int) -> dict[str, Any]:
    """A night on this database, which needs a made book and keeps what is written; `seed` changes nothing."""
    day = book_day()
    if day is None:
        raise RuntimeError("Make a book first: manage.py make_book.")
    deployment = _deploy(day)
    began = time.perf_counter()
    people = match(stock_tonight(day), deployment, day)
    matching = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        (rows,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM accounts_account")
        (accounts,) = cursor.fetchone()
        before = {table: _last(cursor, table) for table in _TABLES}
    DayClose.objects.filter(date=day, step="strategy").delete()
    step = DayClose.objects.create(date=day, step="strategy", position=6)
    began = time.perf_counter()
    evaluating.strategy(StepRun(day=day, step="strategy", cursor=0))
    seconds = time.perf_counter() - began
    step.refresh_from_db()
    written, floor = _floor(before)
    return {
        "accounts": accounts,
        "people": people,
        "matched": rows,
        "match_seconds": matching,
        "seconds": seconds,
        "floor_seconds": floor,
        "rows": written,
        "counts": step.result,
    }


def _deploy(day: date) -> Deployment:
    """Two strategies in which everything occurs, each before the due date, early, late and at the end."""
    queue = Queue.objects.get(code="call")
    versions = []
    last = Version.objects.order_by("-number")[0].number
    for number, first in enumerate(("overdue-sms", "first-late"), start=last + 1):
        version = Version.objects.create(number=number, title="bench", created_by_name="bench", created_at=clock.now())
        rules: tuple[dict[str, Any], ...] = (
            {"code": "last", "days_from": 91, "action": "refer"},
            {"code": "freeze", "days_from": 61, "buckets": ["M3", "M4", "M5", "M6", "M7+"], "action": "freeze"},
            {"code": "call", "days_from": 5, "action": "call", "queue": queue, "every_days": 7},
            {"code": "late", "days_from": 31, "action": "message", "templates": [first, "first-late"][number % 2 :]},
            {"code": "early", "days_from": 1, "days_to": 30, "action": "message", "templates": ["first-late"]},
            {
                "code": "soon",
                "stage": "before-due",
                "days_from": 1,
                "days_to": 30,
                "action": "message",
                "templates": ["pre-due"],
            },
        )
        for position, fields in enumerate(rules, start=1):
            Rule.objects.create(version=version, position=position, title=fields["code"], **fields)
        Version.objects.filter(pk=version.pk).update(status=VersionStatus.APPROVED)
        versions.append(version)
    return Deployment.objects.create(
        effective_from=day,
        champion=versions[0],
        challenger=versions[1],
        challenger_percent=20,
        holdout_percent=10,
        salt=f"bench-{last}",
        decided_by_name="bench",
        decided_at=clock.now(),
    )


def _last(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
    (key,) = cursor.fetchone()
    return int(key)


def _floor(before: dict[str, int]) -> tuple[dict[str, int], float]:
    """Write the night's rows once more, by INSERT … SELECT from saved copies, in one transaction; how many, and the seconds."""
    written, statements = {}, []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE shifts (name text, shift bigint)")
        for table, changed in _TABLES.items():
            cursor.execute(
                f"CREATE TEMPORARY TABLE saved_{table} AS SELECT * FROM {table} WHERE id > %s", [before[table]]
            )
            written[table] = cursor.rowcount
            last = _last(cursor, table)
            cursor.execute("INSERT INTO shifts VALUES (%s, %s)", [table, last - before[table]])
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = '' ORDER BY attnum",
                [table],
            )
            columns = [name for (name,) in cursor.fetchall()]
            shifted = {"id": f"id + {last - before[table]}"} | changed
            values = [shifted.get(name, f'"{name}"') for name in columns]
            names = ", ".join(f'"{name}"' for name in columns)
            statements.append(f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM saved_{table}")
        cursor.execute("ANALYZE")
        began = time.perf_counter()
        with transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for statement in statements:
                cursor.execute(statement)
        return written, time.perf_counter() - began
