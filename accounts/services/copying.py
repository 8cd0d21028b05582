"""Set-based writing: COPY of Python rows, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.backends.utils import CursorWrapper


def money_text(cents: int) -> str:
    """Cents as COPY writes a money column."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def copy_rows(cursor: CursorWrapper, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """COPY `rows` into `table`; how many there were. `table` and `columns` are the code's own names, never input."""
    count = 0
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def take_ids(cursor: CursorWrapper, table: str, count: int) -> list[int]:
    """`count` fresh keys of a table."""
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", (table, count)
    )
    return [key for (key,) in cursor.fetchall()]
