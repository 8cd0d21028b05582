"""Tables built beside the real ones, in a scratch schema, which then take their place with everything that hung on them.

Until the one transaction of `take_place` nothing of the book is touched: a crash leaves it as it was, and junk in a schema
that the next run removes. Foreign keys come back unvalidated (they guard every new row at once) and are validated
afterwards, those of different tables side by side; `validate_keys` may be run at any time and finds what a crash left to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from runs.locks import own_connection


@dataclass(frozen=True)
class Parts:
    """What hangs on a table: its keys and indexes as statements for its twin, its triggers and foreign keys for itself."""

    table: str
    indexes: list[str]
    triggers: list[str]


def create_twin(schema: str, table: str) -> Parts:
    """Create the empty twin of `table` in `schema`, without indexes; return what the original has besides."""
    twin = f"{schema}.{table}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {twin} (LIKE {table} INCLUDING ALL EXCLUDING INDEXES)")
        cursor.execute(
            """SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
                WHERE contype IN ('p', 'u') AND conrelid = %s::regclass ORDER BY contype, 1""",
            (table,),
        )
        indexes = [f"ALTER TABLE {twin} ADD CONSTRAINT {name} {definition}" for name, definition in cursor.fetchall()]
        cursor.execute(
            """SELECT replace(pg_get_indexdef(indexrelid), format(' ON %%I.%%I ', n.nspname, c.relname), ' ON ' || %s || ' ')
                 FROM pg_index JOIN pg_class c ON c.oid = indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE indrelid = %s::regclass
                  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
                ORDER BY indexrelid::regclass::text""",
            (twin, table),
        )
        indexes += [definition for (definition,) in cursor.fetchall()]
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal ORDER BY tgname",
            (table,),
        )
        return Parts(table, indexes, [definition for (definition,) in cursor.fetchall()])


def build_indexes(parts: Parts) -> None:
    """Build the keys and indexes of a filled twin."""
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '768MB'")
        for statement in parts.indexes:
            cursor.execute(statement)
        cursor.execute("RESET maintenance_work_mem")


def take_place(cursor: CursorWrapper, schema: str, all_parts: Sequence[Parts]) -> None:
    """Let the twins take the place of the tables, which must be empty. In the caller's transaction, which locks them.

    Raises:
        django.db.Error: something else, such as a view, hangs on a table.
    """
    tables = [parts.table for parts in all_parts]
    cursor.execute(
        """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
            WHERE contype = 'f' AND (conrelid = ANY(%(tables)s::regclass[]) OR confrelid = ANY(%(tables)s::regclass[]))
            ORDER BY 1, 2""",
        {"tables": tables},
    )
    foreign = cursor.fetchall()
    for table, name, _ in foreign:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute(f"DROP TABLE {', '.join(tables)}")
    cursor.execute("SELECT current_schema()")
    (home,) = cursor.fetchone()
    for parts in all_parts:
        cursor.execute(f"ALTER TABLE {schema}.{parts.table} SET SCHEMA {home}")
        for trigger in parts.triggers:
            cursor.execute(trigger)
    for table, name, definition in foreign:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")


def unvalidated() -> dict[str, list[str]]:
    """The foreign keys that still wait to be validated, by table."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint
                WHERE contype = 'f' AND NOT convalidated ORDER BY 1, 2"""
        )
        for table, name in cursor.fetchall():
            found.setdefault(table, []).append(name)
    return found


def validate_keys(table: str, names: Sequence[str]) -> None:
    """Validate foreign keys of one table, on a connection of its own, so that several tables may be at it side by side."""
    with own_connection() as session:
        session.execute("SET maintenance_work_mem = '512MB'")
        for name in names:
            session.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}".encode())
