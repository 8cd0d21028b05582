"""The one way of recording what happened. Rows are never changed nor removed (a trigger refuses it).

Values before and after are kept for years and read by many: no identity number, phone, address or secret goes in.
"""

from __future__ import annotations

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

# Of what an event is, then what happened, in the order of `recording`.
_COLUMNS = """subject_type, subject_id, subject_ref, customer_id, account_id,
           at, actor_id, actor_name, verb, before, after, reason, request_id"""
_encoded = DjangoJSONEncoder(ensure_ascii=False).encode

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


def recording(subjects: str) -> str:
    """The INSERT that records one event of each row of `subjects`, for the statement that makes the change to record it as well.

    `subjects` selects subject_type, subject_id, subject_ref, customer_id and account_id, in that order; the rest is in the
    parameters that `told` gives.
    """
    return f"""
    INSERT INTO audit_event ({_COLUMNS})
    SELECT of.*, %(event_at)s::timestamptz, %(event_actor)s::bigint, %(event_actor_name)s::text, %(event_verb)s::text,
           %(event_before)s::jsonb, %(event_after)s::jsonb, %(event_reason)s::text, %(event_request)s::text
      FROM ({subjects}) of"""


def told(*, actor: Actor, verb: str, before: Values = None, after: Values = None, reason: str = "") -> dict[str, Any]:
    """What a statement with `recording` is asked with: who did what, now. Amounts, dates and moments become text."""
    return {
        "event_at": clock.now(),
        "event_actor": actor.pk,
        "event_actor_name": str(actor)[:150],
        "event_verb": verb,
        "event_before": _text(before),
        "event_after": _text(after),
        "event_reason": reason,
        "event_request": current_request_id(),
    }


# Every change writes one: it is planned once a connection.
_RECORD = recording("SELECT %(type)s::text, %(id)s::bigint, %(ref)s::text, %(customer)s::bigint, %(account)s::bigint")


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
    values = told(actor=actor, verb=verb, before=before, after=after, reason=reason) | {
        "type": subject._meta.model_name or "",
        "id": key if isinstance(key, int) else None,
        "ref": getattr(subject, "ref", None) or ("" if isinstance(key, int) else str(key)),
        "customer": customer_id,
        "account": account_id,
    }
    with prepared_cursor() as cursor:
        cursor.execute(_RECORD, values)


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
                    subject_type,
                    subject_id,
                    subject_ref,
                    customer_id,
                    account_id,
                    at,
                    actor.pk,
                    name,
                    verb,
                    _text(before),
                    _text(after),
                    reason,
                    request_id,
                )
            )
            count += 1
    return count


def _text(values: Values) -> str | None:
    return None if values is None else _encoded(dict(values))
