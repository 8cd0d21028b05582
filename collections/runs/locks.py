"""A lock of the whole database, and connections of one's own, beside the transaction that the caller is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from django.db import connection


class AlreadyLocked(Exception):
    """Somebody else holds the lock; the message says who and since when."""


@contextmanager
def own_connection() -> Iterator[psycopg.Connection]:
    """A connection outside Django's transaction and pool, in autocommit, closed at the end of the block."""
    own = psycopg.connect(**connection.get_connection_params(), autocommit=True)
    try:
        yield own
    finally:
        own.close()


@contextmanager
def advisory_lock(key: int, holder: str) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock `key` for the block, or raise AlreadyLocked at once.

    The lock belongs to a session of its own, so that it outlives the batches' transactions and frees itself when the
    process dies, however it dies. `holder` (its first 63 bytes) names it to others, in `pg_stat_activity` too.
    """
    with own_connection() as session:
        session.execute("SELECT set_config('application_name', %s, false)", [holder])
        taken = session.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
        if taken != (True,):
            raise AlreadyLocked(_holder(session, key))
        try:
            yield
        finally:
            # Not left to the end of the session: its process may still be ending when the next run asks.
            with suppress(psycopg.OperationalError):
                session.execute("SELECT pg_advisory_unlock(%s)", [key])


def _holder(session: psycopg.Connection, key: int) -> str:
    row = session.execute(
        """SELECT a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')
           FROM pg_locks l JOIN pg_stat_activity a USING (pid)
           WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (l.classid::bigint << 32) | l.objid::bigint = %s""",
        [key],
    ).fetchone()
    return f"{row[0]}, since {row[1]}" if row else "a run that has just ended"
