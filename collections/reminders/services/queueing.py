"""The one way into the outbox: messages that the gate allowed, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from accounts import vault
from audit.services import Actor, record_many
from compliance.services import Decided
from reminders.channels.email import sender
from reminders.models import Message, MessageStatus
from runs import clock
from runs.bulk import copy_rows, reserve_keys


class Wanted(NamedTuple):
    """A message to one person: in which words (template, version, language), by which channel and why, what it tells (`context`,
    JSON text with its `accounts`), and the gate's allowing answer.

    `key` is of this message alone, whenever it is queued: none is queued twice. `secret`: what nobody but the person may read
    (`reminders.sealing.seal`).
    """

    key: str
    customer_id: int
    account_id: int | None
    template: str
    version: int
    language: str
    channel: str
    purpose: str
    kind: str
    context: str
    answer: Decided
    secret: bytes | None = None


_COLUMNS = (
    *("id", "key", "customer_id", "contact_point_id", "decision_id", "channel", "purpose", "kind"),
    *("template", "template_version", "language", "context"),
    *(
        "business_day",
        "status",
        "send_after",
        "header_id",
        "attempts",
        "subject",
        "body",
        "held_by",
        "error",
        "secret",
        "created_at",
    ),
)


def queue(*, actor: Actor, business_day: date, wanted: Sequence[Wanted]) -> list[int]:
    """Queue these messages for the moments that the gate named, in the caller's transaction, each with its event; their keys in
    the same order. Two COPYs, however many.

    Raises:
        psycopg.IntegrityError: one of that `key` is queued already, or the gate did not allow it: the caller's mistakes.
    """
    ids = reserve_keys(Message, len(wanted)) if wanted else []
    now, domain = clock.now(), sender().rpartition("@")[2]
    copy_rows(
        Message,
        _COLUMNS,
        (
            (
                *(pk, one.key, one.customer_id, one.answer.contact_point_id, one.answer.decision_id),
                *(one.channel, one.purpose, one.kind, one.template, one.version, one.language, one.context),
                *(business_day, MessageStatus.QUEUED.value, one.answer.at, header_id(one.key, domain)),
                *(0, "", "", one.answer.postponed_by, "", one.secret, now),
            )
            for pk, one in zip(ids, wanted, strict=True)
        ),
    )
    record_many(
        actor=actor,
        verb="message.queued",
        subject_type="message",
        rows=(
            (
                pk,
                one.key,
                one.customer_id,
                one.account_id,
                None,
                {"channel": one.channel, "text": one.template, "decision": one.answer.decision_id},
                "",
            )
            for pk, one in zip(ids, wanted, strict=True)
        ),
    )
    return ids


def header_id(key: str, domain: str) -> str:
    """The Message-ID of the message of that key: the same whenever it is made, and telling nothing about the person."""
    return f"<{vault.blind_index('message-id', key).hex()[:32]}@{domain or 'localhost'}>"
