"""The loop of one worker: each message looked at just before it goes, and recorded soon after."""

from __future__ import annotations

import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from django.db import transaction
from django.db.models import F, QuerySet

from accounts import vault
from audit.services import SystemActor
from compliance.rules import OPT_OUT, Facts, Rulebook
from compliance.selectors import facts_of, rulebook
from compliance.services import Candidate, decide_many
from reminders.channels import Outgoing, Sent, TransportError, registry
from reminders.contents import Content, content_of
from reminders.models import NOTHING_LEFT, Message, MessageKind, MessageStatus
from reminders.rendering import Rendered, render, texts_of
from reminders.selectors import CLAIM_HELD_FOR, price_of
from reminders.services.costs import parts_of
from reminders.services.delivery.claims import Claim, claim, hand_over, held_by
from reminders.services.delivery.restarts import through_restarts
from reminders.services.delivery.settling import ATTEMPTS_TO_GIVE_UP, Settled, pause_after, settle
from reminders.services.notices import by_letter
from runs import clock

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Beside(TypedDict):
        """What else is read with a message: its address, encrypted, and until when the gate keeps a place for it."""

        address: bytes
        reserved_until: datetime | None

    Due = WithAnnotations[Message, _Beside]

ACTOR = SystemActor("outbox")
LOOK_AGAIN_AFTER_SECONDS = CLAIM_HELD_FOR.total_seconds() / 6
# So many are recorded in one transaction, or what there is after a second. A worker that dies leaves as many to be sent again,
# or, of a channel that sends at most once, in doubt: those a person has to look at one by one.
RECORDED_TOGETHER = 100
RECORDED_AFTER_SECONDS = 1.0
# So many are looked at together before they go, and handed over in one transaction: as many as leave in that time. Where the
# provider slows down, what has not gone after twice that is looked at again, so that each goes while what was found holds.
LOOKED_AT_TOGETHER = 50
GONE_WITHIN_SECONDS = 0.5
# What is looked at of each message as it goes; the rest is read where it is asked for, which is seldom.
READ = (
    *("key", "customer_id", "contact_point_id", "decision_id", "channel", "purpose", "kind", "language", "context"),
    *("template", "template_version", "header_id", "attempts", "send_after", "secret"),
    "customer__name",
)


def deliver(channel: str, *, seconds: float) -> dict[str, int]:
    """Send due messages of a channel, batch by batch, until none is due or `seconds` have passed (the batch begun is
    finished, but for what a rate leaves for later).

    Returns how many were sent, postponed, withheld, put off for a later attempt (retried), failed and set aside because
    nobody knows whether they went. Runs beside others of its kind: a claim belongs to one. Outlives a restart of the
    database.
    """
    counts: Counter[str] = Counter()
    until = time.monotonic() + seconds
    pace = Pace()
    while time.monotonic() < until:
        batch = Batch.claim(channel, pace)
        if batch is None:
            break
        batch.deliver()
        counts += batch.counts
    return dict(counts)


class Pace:
    """How many are looked at together: as many as leave soon, at most twice as many as the last time."""

    def __init__(self) -> None:
        self.size = 1

    def left(self, seconds: float) -> None:
        """So many have left in so many seconds."""
        paced = int(self.size * GONE_WITHIN_SECONDS / max(seconds, 0.001))
        self.size = max(1, min(paced, 2 * self.size, LOOKED_AT_TOGETHER))


class Batch:
    """Some messages under one claim, and what is known for them."""

    def __init__(self, claimed: Claim, messages: list[Due], pace: Pace) -> None:
        self.claim_of = claimed
        self.pace = pace
        self.messages = messages
        self.counts: Counter[str] = Counter()
        self._settled: list[Settled] = []
        self._rendered: dict[int, Rendered] = {}
        self._settled_at = time.monotonic()
        self._held = {message.pk for message in messages}
        self._price = price_of(claimed.channel, registry.provider_of(claimed.channel), clock.today())
        self._look()

    @classmethod
    def claim(cls, channel: str, pace: Pace) -> Batch | None:
        """Take what is due and nobody's, oldest first; None when there is nothing. Committed when it returns."""
        token = uuid.uuid4()
        mine = held_by(channel, token)

        def work() -> Batch | None:
            # Asked anew when the claim was committed and only its answer lost: its messages are found, and it stays one.
            claimed = claim(channel, token) or (Claim(token, channel, clock.now()) if mine.exists() else None)
            messages = _read(mine) if claimed else []
            return cls(claimed, messages, pace) if claimed and messages else None

        return through_restarts(work)

    def deliver(self) -> None:
        """Send them over one connection; what was sent is recorded some at a time."""
        by_id = {message.pk: message for message in self.messages}
        for outgoing, result in registry.send(self.claim_of.channel, self._ready()):
            self._settled.append(self._judged(by_id[outgoing.message_id], outgoing, result))
            self._record_some()
        self._record()

    def _ready(self) -> Iterator[Outgoing]:
        """What may go, each looked at just before; of a channel that sends at most once, marked as handed over before."""
        waiting = deque(self.messages)
        while waiting:
            if time.monotonic() - self._looked_at > LOOK_AGAIN_AFTER_SECONDS:
                self._record()
                through_restarts(self._hold_on)
            began = time.monotonic()
            some = [waiting.popleft() for _ in range(min(self.pace.size, len(waiting)))]
            going = [outgoing for message in some if message.pk in self._held and (outgoing := self._written(message))]
            if self.claim_of.sends_at_most_once:
                going = self._record(going)
            for place, outgoing in enumerate(going):
                if place and time.monotonic() - began > 2 * GONE_WITHIN_SECONDS:
                    left = {other.message_id for other in going[place:]}
                    waiting.extendleft(message for message in reversed(some) if message.pk in left)
                    break
                self._wait_for_turn()
                yield outgoing
            self.pace.left(time.monotonic() - began)

    def _written(self, message: Due) -> Outgoing | None:
        """The message as it is to go, or None: then it was put off, withheld or given up."""
        now = clock.now()
        if _lapsed(message, now) or not self._rules.decide(self._facts[message.pk], now).allowed:
            self._hold_back(message)
            return None
        content = self._contents.get(message.pk)
        if content is None:
            why = "What it is about no longer holds: paid, put on hold, or done."
            self._settle_soon(Settled(message, "withheld", {"error": why, "held_by": NOTHING_LEFT}))
            return None
        try:
            written = self._texts[message.template, message.template_version][message.language]
            text = render(written, message.language, content.values)
            address = vault.decrypt(bytes(message.address))
        except Exception as error:
            # Whatever is wrong with one message must not stop the others; what it says may quote a person.
            self._settle_soon(_retried(message, f"cannot be written: {type(error).__name__}"))
            return None
        self._rendered[message.pk] = text
        return Outgoing(
            message.pk,
            message.header_id,
            address,
            text.subject,
            text.body,
            message.language,
            addressee=message.customer.name,
            template=f"{message.template}.v{message.template_version}.{message.language}",
            values=text.values,
        )

    def _wait_for_turn(self) -> None:
        if not self.claim_of.interval:
            return
        turn = getattr(self, "_turn", None)
        if turn is None:
            turn = time.monotonic() + max(0.0, (self.claim_of.begins_at - clock.now()).total_seconds())
        time.sleep(max(0.0, turn - time.monotonic()))
        self._turn = turn + self.claim_of.interval

    def _look(self) -> None:
        """Read what decides whether each may go: the gate's rules and facts, and whether what it is about still holds."""
        self._looked_at = time.monotonic()
        self._rules: Rulebook = rulebook()
        self._facts: dict[int, Facts] = {}
        for purpose in sorted({message.purpose for message in self.messages}):
            asked = [message for message in self.messages if message.purpose == purpose]
            known = facts_of(
                channel=self.claim_of.channel,
                purpose=purpose,
                asked=[(message.customer_id, message.contact_point_id, message.debt) for message in asked],
                at=clock.now(),
                actor=ACTOR,
                rules=self._rules,
                replaced={(message.customer_id, message.decision_id) for message in asked},
            )
            self._facts |= {message.pk: one.facts for message, one in zip(asked, known, strict=True)}
        self._texts = texts_of((message.template, message.template_version) for message in self.messages)
        self._contents: dict[int, Content] = content_of(self.messages, clock.today())

    def _hold_on(self) -> None:
        """Keep the claim alive, learn what was lost to others while we were away, and look again."""
        mine = held_by(self.claim_of.channel, self.claim_of.token)
        mine.update(claimed_at=clock.now())
        self._held = set(mine.values_list("pk", flat=True))
        self._look()

    def _judged(self, message: Message, outgoing: Outgoing, result: Sent | TransportError) -> Settled:
        if isinstance(result, Sent):
            return Settled(message, "sent", self._proof(outgoing, result))
        if result.uncertain and self.claim_of.sends_at_most_once:
            why = f"{result}: it may have been sent."
            return Settled(message, "set-aside", {**self._proof(outgoing, Sent()), "sent_at": None, "error": why})
        if result.permanent:
            return Settled(message, "failed", {"error": str(result)}, nobody_there=result.unknown_recipient)
        return _retried(message, str(result), result.retry_after)

    def _proof(self, outgoing: Outgoing, result: Sent) -> dict[str, object]:
        """What is kept of what went out."""
        each, currency = self._price
        text = self._rendered[outgoing.message_id]
        parts = result.parts or parts_of(self.claim_of.channel, text.body)
        return {
            "sent_at": clock.now(),
            "subject": text.kept_subject,
            "body": text.kept_body,
            "personal": text.personal,
            "provider": registry.provider_of(self.claim_of.channel),
            "provider_id": result.provider_id,
            "parts": parts,
            "cost": None if each is None else each * parts,
            "cost_currency": currency,
        }

    def _hold_back(self, message: Message) -> None:
        """The gate says no where it said yes, or its yes has lapsed: ask again on the record, and follow the answer."""

        def work() -> Counter[str]:
            with transaction.atomic():
                (answer,) = decide_many(
                    actor=ACTOR,
                    channel=message.channel,
                    purpose=message.purpose,
                    candidates=[
                        Candidate(message.customer_id, message.debt, message.contact_point_id, message.decision_id)
                    ],
                    at=clock.now(),
                    postpone=True,
                )
                if not answer.allowed:
                    why = f"Refused by the gate: {answer.rule}."
                    if answer.rule == OPT_OUT and message.kind == MessageKind.NOTICE:
                        why += " It goes by letter instead." if by_letter(message) else " No letter can go instead."
                    return settle(
                        [Settled(message, "withheld", {"error": why, "held_by": answer.rule})], self.claim_of.token
                    )
                mine = Message.objects.filter(pk=message.pk, claim=self.claim_of.token, status=MessageStatus.CLAIMED)
                mine.update(decision_id=answer.decision_id)
                values = {"send_after": answer.at, **({"held_by": answer.postponed_by} if answer.postponed_by else {})}
                return settle([Settled(message, "postponed", values)], self.claim_of.token)

        self.counts += through_restarts(work)

    def _settle_soon(self, settled: Settled) -> None:
        self._settled.append(settled)
        self._record_some()

    def _record_some(self) -> None:
        # Of a channel that sends at most once they are recorded as the next are handed over, in one transaction.
        full = len(self._settled) >= RECORDED_TOGETHER and not self.claim_of.sends_at_most_once
        if full or time.monotonic() - self._settled_at > RECORDED_AFTER_SECONDS:
            self._record()

    def _record(self, going: Sequence[Outgoing] = ()) -> list[Outgoing]:
        """Record what became of messages so far, and that these go to the provider now; those of them that are still ours.
        Committed when it returns."""
        settled, self._settled, self._settled_at = self._settled, [], time.monotonic()
        texts = {outgoing.message_id: self._rendered[outgoing.message_id] for outgoing in going}

        def work() -> tuple[Counter[str], set[int]]:
            with transaction.atomic():
                return settle(settled, self.claim_of.token), hand_over(
                    texts, self.claim_of.token, registry.provider_of(self.claim_of.channel)
                )

        counts, ours = through_restarts(work) if settled or going else (Counter[str](), set[int]())
        self.counts += counts
        return [outgoing for outgoing in going if outgoing.message_id in ours]


def _retried(message: Message, why: str, retry_after: float | None = None) -> Settled:
    attempts = message.attempts + 1
    if attempts >= ATTEMPTS_TO_GIVE_UP:
        return Settled(message, "failed", {"error": why})
    pause = max(pause_after(attempts), timedelta(seconds=retry_after or 0))
    return Settled(message, "retried", {"send_after": clock.now() + pause, "error": why})


def _read(messages: QuerySet[Message]) -> list[Due]:
    """The messages as they are looked at, oldest first. No more objects than needed: they cost more than the query."""
    read = messages.select_related("customer").only(*READ).order_by("send_after", "id")
    return list(read.annotate(address=F("contact_point__value_cipher"), reserved_until=F("decision__reserved_until")))


def _lapsed(message: Due, now: datetime) -> bool:
    """Whether the place that the gate kept for the message may have gone to another meanwhile."""
    return message.reserved_until is not None and message.reserved_until <= now
