"""How a database that a test wrote to becomes again what the migrations left: only what was written to is touched."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

# Above so many rows in a table all are truncated, which takes as long whatever they hold.
FEW = 300
_DELETE, _TRUNCATE = 8, 32  # tgtype


@dataclass(frozen=True)
class Flush:
    """`tables`: all there are. `installed`: those that the migrations filled, kept in a schema of that name. `guarded`: by
    triggers that refuse to let rows go. `numbered`: installed ones whose keys a sequence gives."""

    tables: list[str]
    installed: list[str]
    guarded: list[str]
    numbered: list[str]

    @classmethod
    def prepared(cls, cursor: CursorWrapper) -> Flush:
        """Keep what the migrations installed (products, rules), so that the order of tests does not matter."""
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        cursor.execute("CREATE SCHEMA installed")
        installed = []
        for table in tables:
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone() == (True,):
                cursor.execute(f'CREATE TABLE installed."{table}" AS TABLE "{table}"')
                installed.append(table)
        cursor.execute(
            """SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger
                WHERE NOT tgisinternal AND (tgtype & %s) <> 0""",
            [_DELETE | _TRUNCATE],
        )
        guarded = [table for (table,) in cursor.fetchall()]
        cursor.execute(
            """SELECT table_name FROM information_schema.columns
                WHERE column_name = 'id' AND is_identity = 'YES' AND table_schema = 'public' AND table_name = ANY(%s)""",
            [installed],
        )
        return cls(tables, installed, guarded, [table for (table,) in cursor.fetchall()])

    def run(self, statements: list[str]) -> None:
        """Do what Django's `statements` (one TRUNCATE of all tables) do, and put back what was installed."""
        with transaction.atomic(), connection.cursor() as cursor:
            # A page that was closed may have asked for something that the server still reads: the two would lock each other
            # out.
            cursor.execute(
                """SELECT pg_terminate_backend(pid, 10_000) FROM pg_stat_activity
                    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
            )
            written = self._written(cursor)
            begins_keys_anew = any("RESTART IDENTITY" in statement for statement in statements)
            if begins_keys_anew or any(rows > FEW for rows in written.values()):
                cleared, emptying = self.tables, statements
            else:
                cleared, emptying = list(written), [f'DELETE FROM "{table}"' for table in written]
            guarded = [table for table in self.guarded if table in cleared]
            installed = [table for table in self.installed if table in cleared]
            for statement in [
                *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in guarded),
                *emptying,
                *(f'INSERT INTO "{table}" SELECT * FROM installed."{table}"' for table in installed),
                # No table is altered while keys that refer to its rows are still to be checked.
                "SET CONSTRAINTS ALL IMMEDIATE",
                # A trigger that keeps approved strategies would not let their rules come back either.
                *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in guarded),
                # A flush that began the keys anew would hand those of the restored rows out again.
                *(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM \"{table}\""
                    for table in self.numbered
                    if table in cleared
                ),
            ]:
                cursor.execute(statement)

    def _written(self, cursor: CursorWrapper) -> dict[str, int]:
        """How many rows, up to a few, the tables hold that are not as they were installed."""
        counts = " UNION ALL ".join(
            f"SELECT '{table}', count(*) FROM (SELECT FROM \"{table}\" LIMIT {FEW + 1}) rows"
            for table in self.tables
            if table not in self.installed
        )
        differences = " UNION ALL ".join(
            f"""SELECT '{table}', count(*) FROM (SELECT FROM (SELECT t::text FROM \"{table}\" t) now
                  FULL JOIN (SELECT t::text FROM installed.\"{table}\" t) was USING (t)
                 WHERE now.t IS NULL OR was.t IS NULL LIMIT {FEW + 1}) rows"""
            for table in self.installed
        )
        cursor.execute(f"{counts} UNION ALL {differences}")
        return {table: rows for table, rows in cursor.fetchall() if rows}
