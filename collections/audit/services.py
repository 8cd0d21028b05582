"""The one way of recording what happened. Rows are never changed nor removed (a trigger refuses it).

Values before and after are kept for years and read by many: no identity number, phone, address or secret goes in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, TypeAlias

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from runs import clock
from runs.prepared import prepared_cursor

Values: TypeAlias = Mapping[str, Any] | None
# subject_id, subject_ref, customer_id, account_id, before, after, reason
Row: TypeAlias = tuple[int | None, str, int | None, int | None, Values, Values, str]

_COLUMNS = """at, actor_id, actor_name, verb, subject_type, subject_id, subject_ref, customer_id, account_id, before, after,
     reason, request_id"""
# Every change writes one: it is planned once a connection.
_INSERT = f"""
    INSERT INTO audit_event ({_COLUMNS})
    VALUES (%s::timestamptz, %s::bigint, %s::text, %s::text, %s::text, %s::bigint, %s::text, %s::bigint, %s::bigint, %s::jsonb,
            %s::jsonb, %s::text, %s::text)"""

_request_id: ContextVar[str] = ContextVar("request_id", default="")


class Actor(Protocol):
    """Who does it: a user, or a part of the system, which has no key."""

    @property
    def pk(self) -> int | None: ...
    def __str__(self) -> str: ...


@dataclass(frozen=True)
class SystemActor:
    """A part of the system that acts by itself, by name."""

    name: str
    pk: None = None

    def __str__(self) -> str:
        return self.name


@contextmanager
def in_request(request_id: str) -> Iterator[None]:
    """Everything recorded inside the block carries `request_id` (at most 40 characters)."""
    token = _request_id.set(request_id[:40])
    try:
        yield
    finally:
        _request_id.reset(token)


def current_request_id() -> str:
    """The request (or run) that this code works for; blank outside of one."""
    return _request_id.get()


def record(
    *,
    actor: Actor,
    verb: str,
    subject: models.Model,
    before: Values = None,
    after: Values = None,
    reason: str = "",
    customer_id: int | None = None,
    account_id: int | None = None,
) -> None:
    """Record one event, in the caller's transaction: it stands or falls with the change that it tells of.

    The subject is kept by kind, key and reference (its `ref`, or its key where that is no number), not by a foreign
    key: the record outlives what it names. Amounts, dates and moments in `before` and `after` become text.
    """
    key = subject.pk
    values = (
        clock.now(),
        actor.pk,
        str(actor)[:150],
        verb,
        subject._meta.model_name or "",
        key if isinstance(key, int) else None,
        getattr(subject, "ref", None) or ("" if isinstance(key, int) else str(key)),
        customer_id,
        account_id,
        _text(before),
        _text(after),
        reason,
        current_request_id(),
    )
    with prepared_cursor() as cursor:
        cursor.execute(_INSERT, values)


def record_many(*, actor: Actor, verb: str, subject_type: str, rows: Iterable[Row]) -> int:
    """Record one event a row by COPY, in the caller's transaction; returns how many.

    `subject_type` is the model's name in lower case; a row is (subject_id, subject_ref, customer_id, account_id,
    before, after, reason). No row, no statement.
    """
    rest = iter(rows)
    first = next(rest, None)
    if first is None:
        return 0
    at, request_id, name = clock.now(), current_request_id(), str(actor)[:150]
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY audit_event ({_COLUMNS}) FROM STDIN") as copy,
    ):
        for subject_id, subject_ref, customer_id, account_id, before, after, reason in chain((first,), rest):
            copy.write_row(
                (
                    at,
                    actor.pk,
                    name,
                    verb,
                    subject_type,
                    subject_id,
                    subject_ref,
                    customer_id,
                    account_id,
                    _text(before),
                    _text(after),
                    reason,
                    request_id,
                )
            )
            count += 1
    return count


def _text(values: Values) -> str | None:
    return None if values is None else json.dumps(dict(values), cls=DjangoJSONEncoder, ensure_ascii=False)
