"""import_book against COPY of every row that it ends up writing, both into empty databases with all indexes and keys."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from delinquency.bench.databases import Database, columns_of

# What an import writes, in an order that the foreign keys allow.
WRITTEN = (
    *("accounts_customer", "accounts_contactpoint", "accounts_account", "accounts_bill", "accounts_payment"),
    *("accounts_ledgerentry", "accounts_allocation", "accounts_standing", "accounts_standingchange", "audit_event"),
)
_FILES = {
    "customers.csv": "SELECT ref AS customer_ref, name FROM accounts_customer c WHERE id IN (SELECT customer_id FROM chosen)",
    "contacts.csv": """SELECT ref AS customer_ref, 'email' AS kind, lower(ref) || '@example.com' AS value, 'contract' AS source,
        'own' AS relationship, 'true' AS permitted FROM accounts_customer WHERE id IN (SELECT customer_id FROM chosen)""",
    "accounts.csv": """SELECT a.ref AS account_ref, c.ref AS customer_ref, p.code AS product_code, a.currency, a.credit_limit,
        a.opened_on FROM accounts_account a JOIN accounts_customer c ON c.id = a.customer_id
        JOIN accounts_product p ON p.id = a.product_id WHERE a.id IN (SELECT id FROM chosen)""",
    "bills.csv": """SELECT b.ref AS bill_ref, a.ref AS account_ref, statement_on, due_on, principal, interest, service_fee
        FROM accounts_bill b JOIN accounts_account a ON a.id = b.account_id WHERE a.id IN (SELECT id FROM chosen)""",
    "payments.csv": """SELECT p.ref AS payment_ref, a.ref AS account_ref, amount, effective_on,
        to_char(p.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') AS recorded_at, channel
        FROM accounts_payment p JOIN accounts_account a ON a.id = p.account_id WHERE a.id IN (SELECT id FROM chosen)""",
}


@dataclass(frozen=True)
class Imported:
    """Seconds of an import (with start-up) and of COPY, for so many accounts and so many rows written."""

    accounts: int
    rows: int
    import_seconds: float
    startup_seconds: float
    copy_seconds: float

    @property
    def share(self) -> float:
        """The import's speed as a part of COPY's."""
        return self.copy_seconds / (self.import_seconds - self.startup_seconds)


def measure_import(book: Database, accounts: int) -> Imported:
    """Export so many accounts of `book` as CSV, import them elsewhere, and COPY what that wrote once more elsewhere."""
    imported, copied = Database("import"), Database("copy")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = _export(book, accounts, folder)
        imported.create()
        startup = imported.manage("check").seconds
        run = imported.manage("import_book", str(folder))
        copied.create()
        rows, seconds = _copy(imported, copied, folder)
    imported.drop()
    copied.drop()
    return Imported(count, rows, run.seconds, startup, seconds)


def _export(book: Database, accounts: int, folder: Path) -> int:
    with book.connect() as session:
        session.execute(
            f"CREATE TEMP TABLE chosen AS SELECT id, customer_id FROM accounts_account ORDER BY id LIMIT {accounts}".encode()
        )
        session.execute("ANALYZE chosen")
        for file, query in _FILES.items():
            _to_file(session, f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)", folder / file)
        row = session.execute("SELECT count(*) FROM chosen").fetchone()
        assert row is not None
        return int(row[0])


def _to_file(session: psycopg.Connection, statement: str, file: Path) -> None:
    with session.cursor() as cursor, cursor.copy(statement.encode()) as rows, file.open("wb") as out:
        for block in rows:
            out.write(block)


def _copy(source: Database, target: Database, folder: Path) -> tuple[int, float]:
    rows, seconds = 0, 0.0
    with source.connect() as reader, target.connect() as writer:
        for table in WRITTEN:
            names = ", ".join(columns_of(reader, table))
            file = folder / f"{table}.copy"
            _to_file(reader, f"COPY {table} ({names}) TO STDOUT", file)
            began = time.monotonic()
            # Keys checked as rows come, as the import has them checked.
            with writer.transaction(), writer.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN".encode()) as out, file.open("rb") as lines:
                    while block := lines.read(1 << 20):
                        out.write(block)
                rows += cursor.rowcount
            seconds += time.monotonic() - began
            file.unlink()
    return rows, seconds
