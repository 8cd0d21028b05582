"""Many rows at once: keys reserved ahead and COPY, so that what refers to a new row can be written beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection, models


def reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """`count` fresh keys of a model's table, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            (model._meta.db_table, count),
        )
        return [key for (key,) in cursor.fetchall()]


def copy_rows(target: type[models.Model] | str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """COPY `rows` into a model's table (or a temporary one, by name), in the caller's transaction; how many there were.

    Table and columns are the code's own names, never input.
    """
    table = target if isinstance(target, str) else target._meta.db_table
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def money_text(cents: int) -> str:
    """Cents as COPY writes a money column."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
