"""Statements that are written and planned once and asked often: where that costs more than their work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from psycopg import sql
from psycopg._queries import PostgresQuery

M = TypeVar("M", bound=models.Model)
Statement = tuple[str, tuple[Any, ...]]
# In a query set that `statement_of` writes, stand for the moment and for the day at which it will be asked.
THE_MOMENT, THE_DAY = datetime(1, 2, 3, tzinfo=UTC), date(1, 2, 3)

_STAND_INS = {THE_MOMENT: "timestamptz", THE_DAY: "date"}


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


def statement_of(queryset: models.QuerySet[Any]) -> Statement:
    """The statement of a query set, to be kept and given to `rows_of` or `first_of`: Django and PostgreSQL may take longer to
    write and to plan one than to answer it.

    Keys, `THE_MOMENT` and `THE_DAY` stay parameters, so that one plan serves whoever asks; other values are part of the text,
    so that partial indexes serve it. A locking one is written in a transaction only. Blank for one that cannot have rows.
    """
    try:
        text, values = queryset.query.sql_with_params()
    except EmptyResultSet:
        return "", ()
    parts, kept = [], []
    for value in values:
        is_key = isinstance(value, int) and not isinstance(value, bool)
        as_type = "bigint" if is_key else _STAND_INS.get(value)
        if as_type:
            parts.append(f"%s::{as_type}")
            kept.append(value)
        else:
            parts.append(sql.Literal(value).as_string(connection.connection).replace("%", "%%"))
    return text.replace("%%", "%%%%") % tuple(parts), tuple(kept)


def rows_of(statement: Statement, given: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
    """The rows of a kept statement as PostgreSQL gives them (JSON as text), each stand-in among its values replaced by what is
    `given` for it."""
    text, values = statement
    if not text:
        return []
    with prepared_cursor() as cursor:
        cursor.execute(text, [given.get(value, value) for value in values])
        return cursor.fetchall()


def first_of(model: type[M], statement: Statement, moment: datetime) -> M | None:
    """The first row of a kept statement at `moment`, as a whole instance; None when there is none."""
    rows = rows_of(statement, {THE_MOMENT: moment})
    if not rows:
        return None
    names = [field.attname for field in model._meta.concrete_fields]
    # Annotations come behind the fields.
    return model.from_db(connection.alias, names, rows[0][: len(names)])
