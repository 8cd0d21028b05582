"""Half the book with the same nights before it: everyone who can change soon is in it, and of the others only some."""

from __future__ import annotations

from delinquency.bench.databases import Database, columns_of, pipe

# Each table, and which of its rows belong to the kept accounts (`kept`: account and customer keys).
_KEPT = (
    ("accounts_customer", "id IN (SELECT customer_id FROM kept)"),
    ("accounts_contactpoint", "customer_id IN (SELECT customer_id FROM kept)"),
    ("accounts_account", "id IN (SELECT id FROM kept)"),
    ("accounts_bill", "account_id IN (SELECT id FROM kept)"),
    ("accounts_payment", "account_id IN (SELECT id FROM kept)"),
    ("accounts_ledgerentry", "account_id IN (SELECT id FROM kept)"),
    ("accounts_allocation", "account_id IN (SELECT id FROM kept)"),
    ("accounts_standing", "account_id IN (SELECT id FROM kept)"),
    ("accounts_standingchange", "account_id IN (SELECT id FROM kept)"),
    ("cases_case", "customer_id IN (SELECT customer_id FROM kept)"),
    ("audit_event", "customer_id IN (SELECT customer_id FROM kept)"),
    ("runs_businessday", "true"),
    ("runs_dayclose", "true"),
)


def make_half(book: Database, half: Database) -> None:
    """Make `half` anew from `book`: half of its accounts, heap order kept, every account that the next nights can change
    among them."""
    half.create()
    with book.connect() as source, half.connect() as target, half.connect_as_superuser() as superuser:
        source.execute("DROP TABLE IF EXISTS kept")
        source.execute(
            """CREATE UNLOGGED TABLE kept AS
               WITH counted AS (SELECT a.id, a.customer_id, a.wakes_on IS NOT NULL OR s.account_id IS NOT NULL OR EXISTS (
                        SELECT 1 FROM accounts_bill b WHERE b.account_id = a.id AND b.allocated < b.minimum_due) AS may_change
                   FROM accounts_account a LEFT JOIN accounts_standing s ON s.account_id = a.id)
               SELECT id, customer_id FROM counted ORDER BY may_change DESC, hashint8(id)
                LIMIT (SELECT count(*) / 2 FROM accounts_account)"""
        )
        source.execute("CREATE INDEX ON kept (id)")
        source.execute("ANALYZE kept")
        superuser.execute("SET session_replication_role = replica")
        for table, condition in _KEPT:
            columns = columns_of(source, table)
            superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            # Indexes are made afterwards, at once: row by row they would take longer than everything else.
            indexes = superuser.execute(
                """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s
                      AND indexname NOT IN (SELECT conname FROM pg_constraint)""",
                (table,),
            ).fetchall()
            for name, _definition in indexes:
                superuser.execute(f'DROP INDEX "{name}"'.encode())
            pipe(source, superuser, f"SELECT {', '.join(columns)} FROM {table} WHERE {condition}", table, columns)
            for _name, definition in indexes:
                superuser.execute(definition.encode())
            superuser.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL".encode())
            if "id" in columns:
                target.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table} HAVING max(id) > 0".encode()
                )
        source.execute("DROP TABLE kept")
