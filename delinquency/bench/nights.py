"""The close of day against its floor: the very rows that the night wrote, written by one session and nothing else.

The floor's database is a copy of the book as it was before the first night: the same tables with the same stock, indexes,
keys and triggers. Before each floor the rows that the night changed are taken out of it, untimed; then one transaction puts
them back by INSERT … SELECT from saved copies, as the night left them, with those that it added.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg

from delinquency.bench.databases import Database, columns_of, pipe

# In an order that the foreign keys allow.
TABLES = (
    *("accounts_account", "accounts_bill", "accounts_ledgerentry", "accounts_allocation", "accounts_standing"),
    *("accounts_standingchange", "cases_case", "compliance_contactdecision", "reminders_message", "strategy_treatment"),
    *("audit_event", "runs_dayclose", "runs_businessday"),
)


@dataclass
class Night:
    """One close, and its floor."""

    day: date
    seconds: float
    peak_mib: float
    steps: dict[str, float]
    changes: int
    floor_seconds: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.seconds / self.floor_seconds if self.floor_seconds else 0.0


def close(book: Database, day: date) -> Night:
    """Close a day, the next one, in a process of its own; its seconds are those of the day, without Python's start-up."""
    book.checkpoint()
    run = book.manage("bench", "--inside", "close")
    (result,) = run.json["days"]
    assert result["day"] == day.isoformat(), result["day"]
    age = result["steps"][0]["counts"]
    return Night(
        day=day,
        seconds=result["seconds"],
        peak_mib=run.peak_mib,
        steps={step["step"]: step["seconds"] for step in result["steps"]},
        changes=sum(age.get(name, 0) for name in ("became_late", "cured", "moved")),
    )


def close_with_floor(book: Database, floor: Database, day: date) -> Night:
    """Close a day on `book`, then write its rows into `floor`."""
    with book.connect() as session:
        before = _next_transaction(session)
        night = close(book, day)
        after = _next_transaction(session)
        night.floor_seconds, night.rows = _write_floor(session, floor, before, after)
    return night


def _next_transaction(session: psycopg.Connection) -> int:
    row = session.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint & 4294967295").fetchone()
    assert row is not None
    return int(row[0])


def _write_floor(book: psycopg.Connection, floor: Database, before: int, after: int) -> tuple[float, dict[str, int]]:
    rows = {}
    with floor.connect() as session, floor.connect_as_superuser() as superuser:
        # Taking rows out from under keys and append-only triggers, as preparation: not timed.
        superuser.execute("SET session_replication_role = replica")
        for table in TABLES:
            session.execute(f"CREATE UNLOGGED TABLE saved_{table} (LIKE {table})".encode())
            columns = columns_of(book, table)
            written = (
                f"SELECT {', '.join(columns)} FROM {table}"
                f" WHERE xmin::text::bigint >= {before} AND xmin::text::bigint < {after}"
            )
            pipe(book, session, written, f"saved_{table}", columns)
            key = _key_of(session, table)
            superuser.execute(f"DELETE FROM {table} t USING saved_{table} s WHERE t.{key} = s.{key}".encode())
            rows[table] = _count(session, f"saved_{table}")
        session.execute("ANALYZE")
        floor.checkpoint()
        began = time.monotonic()
        with session.transaction():
            for table in TABLES:
                session.execute(f"INSERT INTO {table} SELECT * FROM saved_{table}".encode())
        seconds = time.monotonic() - began
        for table in TABLES:
            session.execute(f"DROP TABLE saved_{table}".encode())
    return seconds, {table: count for table, count in rows.items() if count}


def _key_of(session: psycopg.Connection, table: str) -> str:
    row = session.execute(
        """SELECT quote_ident(a.attname) FROM pg_constraint c JOIN pg_attribute a
             ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'p' AND c.conrelid = %s::regclass""",
        [table],
    ).fetchone()
    assert row is not None
    return str(row[0])


def _count(session: psycopg.Connection, table: str) -> int:
    row = session.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def opening(book: Database) -> date:
    """The last closed day of a book."""
    with book.connect() as session:
        row: Any = session.execute("SELECT max(date) FROM runs_businessday").fetchone()
        day: date = row[0]
        return day


def days_after(day: date, count: int) -> list[date]:
    return [day + timedelta(days=n) for n in range(1, count + 1)]
