"""Who sends what: a batch of one channel belongs to one worker, within the channel's rate and width."""

from __future__ import annotations

import json
import logging
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from audit.services import SystemActor, record_many
from compliance.models import Outcome
from compliance.services import register
from reminders.models import AT_MOST_ONCE, ChannelControl, ChannelState, Message, MessageStatus
from reminders.rendering import Rendered
from reminders.selectors import CLAIM_HELD_FOR, SENDER_SEEN, due, uncertain, word_of_sender
from runs import clock
from runs.prepared import prepared_cursor

logger = logging.getLogger(__name__)
BATCH = 400
ACTOR = SystemActor("outbox")
# Under a rate a batch is so many seconds' worth, so that a pause takes hold soon and workers take turns.
WINDOW = timedelta(seconds=5)

_CLAIM = """
    UPDATE reminders_message SET status = 'claimed', claim = %s::uuid, claimed_at = %s::timestamptz
     WHERE id = ANY(%s::bigint[])"""
_HAND_OVER = """
    UPDATE reminders_message m
       SET handed_at = %s::timestamptz, claimed_at = %s::timestamptz, provider = %s::text,
           subject = v.subject, body = v.body, personal = v.personal
      FROM json_to_recordset(%s::json) AS v (id bigint, subject text, body text, personal jsonb)
     WHERE m.id = v.id AND m.claim = %s::uuid AND m.status = 'claimed'
    RETURNING m.id"""


@dataclass(frozen=True)
class Claim:
    """What one worker may send now. Under a rate: not before `begins_at`, and one message every `interval` seconds."""

    token: uuid.UUID
    channel: str
    begins_at: datetime
    interval: float = 0.0

    @property
    def sends_at_most_once(self) -> bool:
        return self.channel in AT_MOST_ONCE


@transaction.atomic
def claim(channel: str, token: uuid.UUID) -> Claim | None:
    """Take what is due of a channel and nobody's, oldest first; None when there is nothing to take now.

    Locks the channel's control, so that claims of one channel are made one after the other: never more batches at once than
    it allows, never faster than its rate, none while it is paused, and none while the sender's name would tell others of a debt
    (the page of the channels says so). A batch whose worker died counts until its claim lapses.
    """
    control = ChannelControl.objects.select_for_update().get(channel=channel)
    now = clock.now()
    claimed = Message.objects.filter(
        channel=channel, status=MessageStatus.CLAIMED, claimed_at__gte=now - CLAIM_HELD_FOR
    ).exclude(claim=token)
    if control.state == ChannelState.PAUSED or claimed.values("claim").distinct().count() >= control.concurrency:
        return None
    if channel in SENDER_SEEN and (word := word_of_sender(clock.today())):
        logger.error("Nothing goes by %s: the sender's name (LENDER_NAME) says “%s”.", channel, word)
        return None
    begins, interval, limit = now, 0.0, BATCH
    if control.per_second is not None:
        begins = max(now, control.taken_until or now)
        if begins - now > WINDOW:
            return None
        interval = 1 / float(control.per_second)
        limit = max(1, min(BATCH, math.floor(WINDOW.total_seconds() / interval)))
    ids = list(
        due(now, channel)
        .order_by("send_after", "id")
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)[:limit]
    )
    if not ids:
        return None
    with prepared_cursor() as cursor:
        cursor.execute(_CLAIM, [token, now, ids])
    if interval:
        control.taken_until = begins + timedelta(seconds=len(ids) * interval)
        control.save(update_fields=["taken_until"])
    return Claim(token, channel, begins, interval)


def held_by(channel: str, token: uuid.UUID) -> QuerySet[Message]:
    """The messages of a channel that a claim holds still."""
    return Message.objects.filter(channel=channel, status=MessageStatus.CLAIMED, claim=token)


def hand_over(going: Mapping[int, Rendered], token: uuid.UUID, provider: str) -> set[int]:
    """Mark these messages, by key, as given to `provider`, in the caller's transaction, and keep their texts: whatever dies
    then, who decides what became of one reads what was given. The keys of those that are still the claim's, which alone may go
    once it is committed."""
    if not going:
        return set()
    rows = [{"id": key, **text.kept} for key, text in going.items()]
    with prepared_cursor() as cursor:
        cursor.execute(_HAND_OVER, [clock.now(), clock.now(), provider, json.dumps(rows), token])
        return {key for (key,) in cursor.fetchall()}


@transaction.atomic
def set_aside_uncertain() -> int:
    """Set aside for a person what a worker that died had given to a provider of a channel that sends at most once; how many.

    Nobody knows whether it went. It is never sent again by itself, and counts as a contact, as if it had.
    """
    now = clock.now()
    found = list(uncertain(now).select_for_update(skip_locked=True).order_by("id"))
    if not found:
        return 0
    why = "The worker died after giving it to the provider: it may have been sent."
    Message.objects.filter(pk__in=[message.pk for message in found]).update(
        status=MessageStatus.REVIEW, claim=None, claimed_at=None, secret=None, error=why
    )
    register.register_sent(
        actor=ACTOR, rows=[register.Sent(message.decision_id, now, Outcome.SENT) for message in found]
    )
    record_many(
        actor=ACTOR,
        verb="message.set-aside",
        subject_type="message",
        rows=(
            (
                message.pk,
                message.key,
                message.customer_id,
                None,
                {"status": MessageStatus.CLAIMED},
                {"status": MessageStatus.REVIEW, "handed_at": message.handed_at},
                why,
            )
            for message in found
        ),
    )
    return len(found)
