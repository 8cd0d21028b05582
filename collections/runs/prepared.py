"""Statements that are written and planned once and asked often: where that costs more than their work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from psycopg import sql
from psycopg._queries import PostgresQuery

M = TypeVar("M", bound=models.Model)
Statement = tuple[str, tuple[Any, ...]]
# In a query set that `prepared_of` writes, stands for the moment at which it will be asked.
THE_MOMENT = datetime(1, 2, 3, tzinfo=UTC)


class _Cursor(psycopg.Cursor[tuple[Any, ...]]):
    """Binds its parameters in the server and has every statement prepared."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _Cursor:
        super().execute(query, params, prepare=True, **options)
        # What Django logs and counts as executed; psycopg leaves it out of what was prepared.
        self._query = PostgresQuery(self._tx)
        self._query.query = query.encode()
        return self


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor like `connection.cursor()`, logged and counted as that is, whose statements keep their plan.

    The plan is made without looking at the parameters (`plan_cache_mode` in the settings): not for a statement whose best
    plan hangs on them. Cast each parameter in the statement, so that one text is one statement whatever the values.
    """
    connection.ensure_connection()
    with connection._prepare_cursor(_Cursor(connection.connection)) as cursor:  # type: ignore[attr-defined]  # what cursor() calls
        yield cursor


def prepared_of(queryset: models.QuerySet[M]) -> Statement:
    """The statement of a query set, to be kept and given to `first_of`. Keys and `THE_MOMENT` stay parameters, so that one plan
    serves everybody's; other values are part of the text, so that partial indexes serve it. A locking one is written in a
    transaction only. Blank for one that cannot have rows."""
    try:
        text, values = queryset[:1].query.sql_with_params()
    except EmptyResultSet:
        return "", ()
    parts, kept = [], []
    for value in values:
        if value == THE_MOMENT or type(value) is int:
            parts.append("%s::bigint" if type(value) is int else "%s::timestamptz")
            kept.append(value)
        else:
            parts.append(sql.Literal(value).as_string(connection.connection).replace("%", "%%"))
    return text.replace("%%", "%%%%") % tuple(parts), tuple(kept)


def statement_of(queryset: models.QuerySet[Any]) -> Statement:
    """The statement of a query set, to be kept and given to `rows_of`: Django may take longer to write one than PostgreSQL to
    answer it. Stand-ins among its values are replaced there."""
    text, values = queryset.query.sql_with_params()
    return text, tuple(values)


def rows_of(statement: Statement, given: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
    """The rows of a kept statement as PostgreSQL gives them (JSON as text), each stand-in among its values replaced by what is
    `given` for it."""
    text, values = statement
    pairs = list(given.items())
    with connection.cursor() as cursor:
        cursor.execute(text, [next((real for stand_in, real in pairs if value == stand_in), value) for value in values])
        return cursor.fetchall()


def first_of(model: type[M], statement: Statement, moment: datetime) -> M | None:
    """The first row of a kept statement at `moment`, as a whole instance; None when there is none."""
    text, values = statement
    if not text:
        return None
    with prepared_cursor() as cursor:
        cursor.execute(text, [moment if value == THE_MOMENT else value for value in values])
        row = cursor.fetchone()
    if row is None:
        return None
    names = [field.attname for field in model._meta.concrete_fields]
    # Annotations come behind the fields.
    return model.from_db(connection.alias, names, row[: len(names)])
