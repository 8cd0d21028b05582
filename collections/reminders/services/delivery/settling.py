"""Recording what became of messages that were sent, some at a time, each only while its claim is still ours."""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Verification
from accounts.services.customers import verify_contact_point
from audit.services import SystemActor, record_many
from compliance.models import Outcome
from compliance.services import register
from reminders.models import Message, MessageStatus
from runs import clock
from runs.prepared import prepared_cursor

logger = logging.getLogger(__name__)

ACTOR = SystemActor("outbox")
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# About a day and a half; after that the reminder says nothing new.
ATTEMPTS_TO_GIVE_UP = 40

# What becomes of a message that counts as a contact. One held back or withheld reached nobody and is none; one that may have
# gone counts as one that did.
_REGISTERED = {"sent": Outcome.SENT, "failed": Outcome.FAILED, "set-aside": Outcome.SENT}

_SETTLE = """
    UPDATE reminders_message m
       SET claim = NULL, claimed_at = NULL, status = v.status, attempts = m.attempts + v.attempts, error = v.error,
           send_after = coalesce(v.send_after, m.send_after), held_by = coalesce(v.held_by, m.held_by), sent_at = v.sent_at,
           handed_at = CASE WHEN v.keep THEN m.handed_at END,
           secret = CASE WHEN v.status = 'queued' THEN m.secret END,
           subject = CASE WHEN v.again THEN '' ELSE coalesce(v.subject, m.subject) END,
           body = CASE WHEN v.again THEN '' ELSE coalesce(v.body, m.body) END,
           personal = CASE WHEN v.again THEN NULL ELSE coalesce(v.personal, m.personal) END,
           provider = coalesce(v.provider, m.provider),
           provider_id = coalesce(v.provider_id, m.provider_id), parts = coalesce(v.parts, m.parts),
           cost = v.cost, cost_currency = coalesce(v.cost_currency, '')
      FROM json_to_recordset(%s::json) AS v (
           id bigint, status text, attempts int, error text, send_after timestamptz, held_by text, sent_at timestamptz,
           keep boolean, again boolean, subject text, body text, personal jsonb,
           provider text, provider_id text, parts int, cost numeric, cost_currency text)
     WHERE m.id = v.id AND m.claim = %s::uuid AND m.status = 'claimed'
    RETURNING m.id"""


@dataclass
class Settled:
    """What became of one message: `outcome` is the last word of its event, `values` what is written of it."""

    message: Message
    outcome: str
    values: dict[str, Any] = field(default_factory=dict)
    nobody_there: bool = False

    def row(self) -> dict[str, Any]:
        status = {
            "retried": MessageStatus.QUEUED,
            "postponed": MessageStatus.QUEUED,
            "set-aside": MessageStatus.REVIEW,
        }
        return {
            "id": self.message.pk,
            "status": status.get(self.outcome, self.outcome),
            "attempts": 0 if self.outcome in ("withheld", "postponed") else 1,
            "error": "",
            "keep": self.outcome == "set-aside",
            # It did not go, and is written anew.
            "again": self.outcome == "retried",
            **{key: value.isoformat() if isinstance(value, datetime) else value for key, value in self.values.items()},
        }


def settle(settled: Iterable[Settled], token: uuid.UUID) -> Counter[str]:
    """Write what became of these messages, with their contacts and events, in one transaction; how many of each outcome.

    One that another worker took over meanwhile is left as it is, and logged.
    """
    by_id = {one.message.pk: (one, one.row()) for one in settled}
    if not by_id:
        return Counter()
    with transaction.atomic(savepoint=False):
        with prepared_cursor() as cursor:
            cursor.execute(_SETTLE, [json.dumps([row for _, row in by_id.values()], default=str), token])
            ours = [by_id.pop(key) for (key,) in cursor.fetchall()]
        now = clock.now()
        register.register_sent(
            actor=ACTOR,
            rows=[
                register.Sent(one.message.decision_id, now, _REGISTERED[one.outcome])
                for one, _ in ours
                if one.outcome in _REGISTERED
            ],
        )
        for one, _ in sorted(ours, key=lambda pair: pair[0].message.customer_id):
            if one.nobody_there:
                _mark_wrong(one)
        for outcome in sorted({one.outcome for one, _ in ours}):
            record_many(
                actor=ACTOR,
                verb=f"message.{outcome}",
                subject_type="message",
                rows=(_event(one, row) for one, row in ours if one.outcome == outcome),
            )
    for key in by_id:
        logger.warning("Message %s was taken over by another worker.", key)
    return Counter(one.outcome for one, _ in ours)


def _event(one: Settled, row: Mapping[str, Any]) -> tuple[int, str, int, None, dict[str, Any], dict[str, Any], str]:
    after: dict[str, Any] = {"status": row["status"], "attempts": one.message.attempts + row["attempts"]}
    if row.get("send_after"):
        after["send_after"] = row["send_after"]
    return (
        one.message.pk,
        one.message.key,
        one.message.customer_id,
        None,
        {"status": MessageStatus.QUEUED},
        after,
        row["error"],
    )


def _mark_wrong(one: Settled) -> None:
    verify_contact_point(
        actor=ACTOR,
        contact_point_id=one.message.contact_point_id,
        verification=Verification.WRONG,
        reason=str(one.values.get("error", "")),
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed: a minute, doubled each time, an hour at most."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
