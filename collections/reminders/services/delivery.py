"""From the outbox to the person: claim, commit, send, record.

A message is sent at least once. Each is recorded right after the server took it, in a transaction of its own, so that
a worker killed at any point leaves at most the one in flight to be sent again, under the same Message-ID. No
transaction and no lock is held while sending.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from accounts.models import Verification
from accounts.services.customers import change_contact_point
from audit.services import SystemActor, record
from compliance.models import Channel, Outcome, Purpose
from compliance.rules import Rulebook
from compliance.selectors import facts_of, rulebook
from compliance.services import Candidate, decide_many, register
from reminders.channels import Outgoing, email
from reminders.models import Message, MessageStatus
from reminders.selectors import CLAIM_HELD_FOR, due, dues
from reminders.texts import render
from runs import clock

logger = logging.getLogger(__name__)

BATCH = 200
ACTOR = SystemActor("outbox")
LOOK_AGAIN_AFTER_SECONDS = CLAIM_HELD_FOR.total_seconds() / 6
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# About a day and a half; after that the reminder says nothing new.
ATTEMPTS_TO_GIVE_UP = 40
# How long a database that restarts is waited for.
RECONNECT_PAUSES = (0.1, 0.2, 0.5, 1, 2, 4, 8, 8)

# What becomes of a message that counts as a contact. One held back or withheld reached nobody and is none.
_REGISTERED = {"sent": Outcome.SENT, "failed": Outcome.FAILED}

T = TypeVar("T")


def deliver(*, seconds: float) -> dict[str, int]:
    """Send due messages, batch by batch, until none is due or `seconds` have passed (the batch begun is finished).

    Returns how many were sent, postponed, withheld, put off for a later attempt (retried) and failed. Runs beside
    others of its kind: a claim belongs to one. Outlives a restart of the database.
    """
    counts: Counter[str] = Counter()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        batch = _Batch.claim()
        if batch is None:
            break
        batch.deliver()
        counts += batch.counts
    return dict(counts)


class _Batch:
    """Up to `BATCH` messages under one claim, and what is known for them."""

    def __init__(self, token: uuid.UUID, messages: list[Message]) -> None:
        self.token = token
        self.messages = messages
        self.counts: Counter[str] = Counter()
        self._held = {message.pk for message in messages}
        self._look()

    @classmethod
    def claim(cls) -> _Batch | None:
        """Take what is due and nobody's, oldest first; None when there is nothing. Committed when it returns."""
        token = uuid.uuid4()
        mine = Message.objects.filter(claim=token).select_related("customer", "contact_point", "decision")

        def work() -> _Batch | None:
            # Not again when the claim was committed and only its answer lost.
            if not mine.exists():
                _take_due(token)
            messages = list(mine.order_by("send_after", "id"))
            return cls(token, messages) if messages else None

        return _through_restarts(work)

    def deliver(self) -> None:
        """Send them over one connection, each looked at just before and recorded right after."""
        by_id = {message.pk: message for message in self.messages}
        for outgoing, error in email.send(self._ready()):
            message = by_id[outgoing.message_id]
            if error is None:
                self._sent(message, outgoing)
            elif error.permanent:
                self._failed(message, str(error), nobody_there=error.unknown_recipient)
            else:
                self._retry(message, str(error))

    def _ready(self) -> Iterator[Outgoing]:
        for message in self.messages:
            if time.monotonic() - self._looked_at > LOOK_AGAIN_AFTER_SECONDS:
                _through_restarts(self._hold_on)
            if message.pk not in self._held:
                continue
            now = clock.now()
            if _lapsed(message, now) or not self._rules.decide(self._facts[message.pk], now).allowed:
                self._hold_back(message)
                continue
            owing = [self._dues[account] for account in _accounts(message) if account in self._dues]
            if not owing:
                self._settle(
                    message, "withheld", status=MessageStatus.WITHHELD, error="No longer late, or put on hold since."
                )
                continue
            try:
                subject, body = render(
                    name=message.template,
                    version=message.template_version,
                    language=message.language,
                    customer_name=message.customer.name,
                    dues=owing,
                )
                address = message.contact_point.value
            except Exception as error:
                # Whatever is wrong with one message must not stop the others; what it says may quote a person.
                self._retry(message, f"cannot be written: {type(error).__name__}")
                continue
            yield Outgoing(message.pk, message.header_id, address, subject, body, message.language)

    def _look(self) -> None:
        """Read what decides whether each may go: the gate's rules and facts, and what is owed."""
        self._looked_at = time.monotonic()
        self._rules: Rulebook = rulebook()
        known = facts_of(
            channel=Channel.EMAIL.value,
            purpose=Purpose.REMINDER.value,
            asked=[(message.customer_id, message.contact_point_id, _debt(message)) for message in self.messages],
            at=clock.now(),
            actor=ACTOR,
            rules=self._rules,
            replaced={(message.customer_id, message.decision_id) for message in self.messages},
        )
        self._facts = {message.pk: known.facts for message, known in zip(self.messages, known, strict=True)}
        accounts = [account for message in self.messages for account in _accounts(message)]
        self._dues = dues(accounts=accounts, on=clock.today())

    def _hold_on(self) -> None:
        """Keep the claim alive, learn what was lost to others while we were away, and look again."""
        mine = Message.objects.filter(claim=self.token, status=MessageStatus.CLAIMED)
        mine.update(claimed_at=clock.now())
        self._held = set(mine.values_list("pk", flat=True))
        self._look()

    def _sent(self, message: Message, outgoing: Outgoing) -> None:
        self._settle(
            message,
            "sent",
            status=MessageStatus.SENT,
            sent_at=clock.now(),
            attempts=message.attempts + 1,
            subject=outgoing.subject,
            body=outgoing.body,
            error="",
        )

    def _retry(self, message: Message, why: str) -> None:
        attempts = message.attempts + 1
        if attempts >= ATTEMPTS_TO_GIVE_UP:
            self._failed(message, why)
            return
        self._settle(
            message,
            "retried",
            status=MessageStatus.QUEUED,
            attempts=attempts,
            send_after=clock.now() + pause_after(attempts),
            error=why,
        )

    def _failed(self, message: Message, why: str, *, nobody_there: bool = False) -> None:
        def mark_wrong() -> None:
            point = message.contact_point
            change_contact_point(
                actor=ACTOR,
                contact_point_id=point.pk,
                source=point.source,
                relationship=point.relationship,
                permitted=point.permitted,
                verification=Verification.WRONG,
                reason=why,
            )

        self._settle(
            message,
            "failed",
            first=mark_wrong if nobody_there else None,
            status=MessageStatus.FAILED,
            attempts=message.attempts + 1,
            error=why,
        )

    def _hold_back(self, message: Message) -> None:
        """The gate says no where it said yes, or its yes has lapsed: ask again on the record, and follow the answer."""

        def work() -> None:
            with transaction.atomic():
                (answer,) = decide_many(
                    actor=ACTOR,
                    channel=message.channel,
                    purpose=message.purpose,
                    candidates=[
                        Candidate(message.customer_id, _debt(message), message.contact_point_id, message.decision_id)
                    ],
                    at=clock.now(),
                    postpone=True,
                )
                if answer.allowed:
                    self._settle(
                        message,
                        "postponed",
                        status=MessageStatus.QUEUED,
                        decision_id=answer.decision_id,
                        send_after=answer.at,
                    )
                else:
                    why = f"Refused by the gate: {answer.rule}."
                    self._settle(message, "withheld", status=MessageStatus.WITHHELD, error=why)

        _through_restarts(work)

    def _settle(
        self, message: Message, outcome: str, *, first: Callable[[], None] | None = None, **values: Any
    ) -> None:
        """Record what became of a message, if the claim on it is still ours; with its event, in one transaction."""

        def work() -> bool:
            with transaction.atomic():
                if first:
                    first()
                mine = Message.objects.filter(pk=message.pk, claim=self.token, status=MessageStatus.CLAIMED)
                if not mine.update(claim=None, claimed_at=None, **values):
                    return False
                if outcome in _REGISTERED:
                    sent = register.Sent(message.decision_id, clock.now(), _REGISTERED[outcome])
                    register.register_sent(actor=ACTOR, rows=[sent])
                after: dict[str, Any] = {
                    name: values[name] for name in ("status", "send_after", "attempts") if name in values
                }
                record(
                    actor=ACTOR,
                    verb=f"message.{outcome}",
                    subject=message,
                    before={"status": MessageStatus.QUEUED},
                    after=after,
                    reason=values.get("error", ""),
                    customer_id=message.customer_id,
                )
                return True

        if _through_restarts(work):
            self.counts[outcome] += 1
        else:
            logger.warning("Message %s was taken over by another worker.", message.pk)


def _take_due(token: uuid.UUID) -> None:
    now = clock.now()
    with transaction.atomic():
        ids = list(
            due(now)
            .filter(channel=Channel.EMAIL)
            .order_by("send_after", "id")
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)[:BATCH]
        )
        Message.objects.filter(pk__in=ids).update(status=MessageStatus.CLAIMED, claim=token, claimed_at=now)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed: a minute, doubled each time, an hour at most."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)


def _accounts(message: Message) -> list[int]:
    return [account["id"] for account in message.context["accounts"]]


def _debt(message: Message) -> int | None:
    """The one debt that the message is about; none named where there are several, of which some may be on hold."""
    accounts = _accounts(message)
    return accounts[0] if len(accounts) == 1 else None


def _lapsed(message: Message, now: datetime) -> bool:
    """Whether the place that the gate kept for the message may have gone to another meanwhile."""
    return message.decision.reserved_until is not None and message.decision.reserved_until <= now


def _through_restarts(work: Callable[[], T]) -> T:
    """Do `work` again when the connection to the database broke in it; it must be safe to repeat, as claims make it."""
    for pause in RECONNECT_PAUSES:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(pause)
    return work()
