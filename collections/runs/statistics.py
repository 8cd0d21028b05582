"""What the planner knows of tables that have just been filled: much sooner than PostgreSQL would find out by itself."""

from __future__ import annotations

from django.db import connection
from psycopg import sql

# A table of fewer pages is read as fast whole as by an index.
WORTH_KNOWING_PAGES = 8

# By the size of the file, which is there at once and inside of a transaction as well, beside that at the last ANALYZE. A table
# that somebody else is filling and holds is left to them.
_GROWN = """
    SELECT c.oid::regclass::text
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname = ANY(current_schemas(false))
       AND pg_relation_size(c.oid) / current_setting('block_size')::int > greatest(%s, 2 * c.relpages)
     ORDER BY 1"""


def analyze_what_grew() -> list[str]:
    """Gather the statistics of the tables that are more than twice as large as when that was last done, if it ever was; which.

    Plans that were kept for such a table, in whatever session, are made anew (`runs.prepared`). One statement where nothing
    grew; one more a table that did, which reads a sample of it. Writers are not disturbed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_GROWN, [WORTH_KNOWING_PAGES])
        grown = [name for (name,) in cursor.fetchall()]
        for name in grown:
            # As PostgreSQL names it: quoted where need be.
            cursor.execute(sql.SQL("ANALYZE (SKIP_LOCKED) {}").format(sql.SQL(name)))
    return grown
