"""Statements that are written and planned once and asked often: where that costs more than their work."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from psycopg import sql
from psycopg._queries import PostgresQuery, _query2pg

M = TypeVar("M", bound=models.Model)
Statement = tuple[str, tuple[Any, ...]]
# In a query set that `statement_of` writes, stand for the moment and for the day at which it will be asked, and for some keys.
THE_MOMENT, THE_DAY, THE_KEYS = datetime(1, 2, 3, tzinfo=UTC), date(1, 2, 3), ("keys",)

# Of each its type, and its name in a part of a longer statement: one parameter, whichever parts ask for it.
_STAND_INS: dict[Any, tuple[str, str]] = {
    THE_MOMENT: ("timestamptz", "the_moment"),
    THE_DAY: ("date", "the_day"),
    THE_KEYS: ("bigint[]", "the_keys"),
}
_PLACE = re.compile("%(?:%|s)")
# A long text takes longer to encode, and to be known again, than what it asks for takes to send.
_encoded = functools.lru_cache(maxsize=256)(str.encode)


class _Query(PostgresQuery):
    """Reads a text once, however long: psycopg takes the long ones for texts that never come again."""

    def convert(self, query: Any, values: Any) -> None:
        if values is None:
            super().convert(query, values)
        else:
            self.query, self._want_formats, self._order, self._parts = _query2pg(_encoded(query), self._tx.encoding)
            self.dump(values)


class _Cursor(psycopg.Cursor[tuple[Any, ...]]):
    """Binds its parameters in the server and has every statement prepared."""

    _query_cls = _Query

    def execute(self, query: Any, params: Any = None, **options: Any) -> _Cursor:
        super().execute(query, params, prepare=True, **options)
        # What Django logs and counts as executed; psycopg leaves it out of what was prepared.
        self._query = PostgresQuery(self._tx)
        self._query.query = _encoded(query)
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
    """The statement of a query set, to be kept and given to `rows_of`: Django and PostgreSQL may take longer to
    write and to plan one than to answer it.

    Keys, `THE_MOMENT`, `THE_DAY` and `THE_KEYS` stay parameters, so that one plan serves whoever asks; other values are part
    of the text, so that partial indexes serve it. A locking one is written in a transaction only. Blank for one that cannot
    have rows.
    """
    try:
        text, values = queryset.query.sql_with_params()
    except EmptyResultSet:
        return "", ()
    parts, kept = [], []
    for value in values:
        is_key = isinstance(value, int) and not isinstance(value, bool)
        as_type = "bigint" if is_key else _STAND_INS.get(value, (None,))[0] if isinstance(value, Hashable) else None
        if as_type:
            parts.append(f"%s::{as_type}")
            kept.append(value)
        else:
            parts.append(sql.Literal(value).as_string(connection.connection).replace("%", "%%"))
    return text.replace("%%", "%%%%") % tuple(parts), tuple(kept)


def part_of(statement: Statement, name: str) -> tuple[str, dict[str, Any]]:
    """A kept statement as a part of a longer one, whose parameters have names: its text, and its values by names that begin
    with `name`; a stand-in has one name in all parts, and of keys each is its own, so that all who ask share a text."""
    text, values = statement
    names = [_STAND_INS[value][1] if value in _STAND_INS else f"{name}_{number}" for number, value in enumerate(values)]
    places = iter(names)
    named = _PLACE.sub(lambda place: f"%({next(places)})s" if place[0] == "%s" else place[0], text)
    return named, dict(zip(names, values, strict=True))


def rows_of(statement: Statement, given: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
    """The rows of a kept statement as PostgreSQL gives them (JSON as text), each stand-in among its values replaced by what is
    `given` for it."""
    text, values = statement
    if not text:
        return []
    with prepared_cursor() as cursor:
        cursor.execute(text, [given.get(value, value) for value in values])
        return cursor.fetchall()


def instance_of(model: type[M], row: Sequence[Any], fields: Sequence[str]) -> M:
    """An instance of a row that holds these fields of the model, in the model's order; the others are read when asked for."""
    return model.from_db(connection.alias, fields, row)
