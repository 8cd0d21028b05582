"""Many rows at once: keys reserved ahead and COPY in, so that what refers to a new row can be written beside it; streams out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType, NoneType
from typing import Any

from django.db import connection, models, transaction

# Rows that a stream fetches at a time.
FETCHED = 500
# For reading many rows whose keys are near but which lie all over a table that grew by the month: by the order of its pages
# (so each page is read once and not once a row), sorted in memory. Each process is one core's.
_WHOLESALE = """
    SET LOCAL enable_indexscan = off;
    SET LOCAL work_mem = '256MB';
    SET LOCAL cursor_tuple_fraction = 1;
    SET LOCAL max_parallel_workers_per_gather = 0
"""


def reserve_keys(model: type[models.Model], count: int) -> list[int]:
    """`count` fresh keys of a model's table, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(of) FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass OFFSET 0) AS sequence (of),"
            " generate_series(1, %s)",
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


def copy_text(
    target: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    same: Mapping[str, object] = MappingProxyType({}),
) -> int:
    """`copy_rows` for rows of numbers, texts, moments and booleans alone, some times as fast; how many there were.

    `same`: further columns, with the value that all rows have.
    """
    end = "".join("\t" + _copy_text(value) for value in same.values()) + "\n"
    lines = ["\t".join(map(_copy_text, row)) for row in rows]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {target._meta.db_table} ({', '.join([*columns, *same])}) FROM STDIN") as copy,
    ):
        copy.write(end.join([*lines, ""]))
    return len(lines)


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_TEXTS: Mapping[type, Callable[[Any], str]] = {
    NoneType: lambda _none: "\\N",
    str: lambda text: text.translate(_ESCAPES),
    datetime: datetime.isoformat,
    int: str,
    bool: str,
}


def _copy_text(value: object) -> str:
    """A value in COPY's text format."""
    write = _TEXTS.get(type(value))
    return write(value) if write else str(value).translate(_ESCAPES)


@contextmanager
def snapshot() -> Iterator[None]:
    """A transaction for reading much: all that is read in it is of the moment at which it began.

    Inside another transaction it is that one's.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(_WHOLESALE)
        yield


def stream(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, fetched as they are asked for, so that they never lie in memory all at once."""
    with connection.chunked_cursor() as cursor:
        cursor.cursor.itersize = FETCHED
        cursor.execute(query, parameters)
        yield from cursor


def money_text(cents: int) -> str:
    """Cents as COPY writes a money column."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
