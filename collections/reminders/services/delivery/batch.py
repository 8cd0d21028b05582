"""The loop of one worker: each message looked at just before it goes, and recorded soon after."""

from __future__ import annotations

import time
import uuid
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypedDict

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
from reminders.services.delivery.sending import Beside, InTurn, Load
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
# So many at most are looked at together before they go, handed over in one transaction and recorded in one; and so many loads of
# them are under way at a time. A worker that dies leaves as many as are under way to be sent again, or, of a channel that sends
# at most once, in doubt: those a person has to look at one by one.
LOOKED_AT_TOGETHER = 50
AHEAD = 2
# As many are under way as leave in that time. Where the provider slows down, what has not gone after twice that is looked at
# again, so that each goes while what was found holds.
GONE_WITHIN_SECONDS = 0.5
# No provider puts a message off for longer.
LONGEST_ASKED_FOR_SECONDS = 24 * 60 * 60
# What is looked at of each message as it goes; the rest is read where it is asked for, which is seldom.
READ = (
    *("key", "customer_id", "contact_point_id", "decision_id", "channel", "purpose", "kind", "language", "context"),
    *("template", "template_version", "header_id", "attempts", "send_after", "secret"),
    "customer__name",
)


def deliver(channel: str, *, seconds: float) -> dict[str, int]:
    """Send due messages of a channel until none is due or `seconds` have passed (what was claimed is finished, but for what a
    rate leaves for later).

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
        batch.deliver(until)
        counts += batch.counts
        if set(batch.counts) == {"retried"}:
            # Nobody takes anything: what else is due waits for the next job instead of losing an attempt too.
            break
    return dict(counts)


class Pace:
    """How many are looked at together: as many as leave soon, at most twice as many as the last time."""

    def __init__(self) -> None:
        self.size = 1

    def left(self, seconds: float) -> None:
        """So many have left in so many seconds."""
        paced = int(self.size * GONE_WITHIN_SECONDS / AHEAD / max(seconds, 0.001))
        self.size = max(1, min(paced, 2 * self.size, LOOKED_AT_TOGETHER))


class Batch:
    """Messages under one claim, which takes more while there are some, and what is known for those that have not gone."""

    def __init__(self, claimed: Claim, pace: Pace) -> None:
        self.claim_of = claimed
        self.pace = pace
        self.counts: Counter[str] = Counter()
        self._waiting: deque[Due] = deque()
        self._settled: list[Settled] = []
        self._messages: dict[int, Due] = {}
        self._held: set[int] = set()
        self._facts: dict[int, Facts] = {}
        self._texts: dict[tuple[str, int], Any] = {}
        self._contents: dict[int, Content] = {}
        self._rendered: dict[int, Rendered] = {}
        self._looked_at = time.monotonic()
        self._takes_more = False
        self._price_on = cache(partial(price_of, claimed.channel, registry.provider_of(claimed.channel)))

    @classmethod
    def claim(cls, channel: str, pace: Pace) -> Batch | None:
        """Take what is due and nobody's, oldest first; None when there is nothing. Committed when it returns."""
        token = uuid.uuid4()

        def work() -> Batch | None:
            # Asked anew when the claim was committed and only its answer lost: its messages are found, and it stays one.
            claimed = claim(channel, token)
            if claimed is None and held_by(channel, token).exists():
                claimed = Claim(token, channel, clock.now())
            batch = cls(claimed, pace) if claimed else None
            return batch if batch and batch._take() else None

        return through_restarts(work)

    def deliver(self, until: float) -> None:
        """Send them over one connection, and until then (`time.monotonic`) what is due besides. While some are on their way what
        became of others is recorded, the next are looked at, and more are claimed."""
        self._takes_more = not self.claim_of.interval
        with (InTurn if self.claim_of.sends_at_most_once else Beside)(self.claim_of) as sending:
            while self._waiting or sending.under_way:
                if not self._waiting and self._takes_more and time.monotonic() < until:
                    sending.keep_to(self._claim_more())
                elif self._waiting and sending.under_way < self._ahead:
                    sending.await_turn()
                    if (load := self._next()).going:
                        sending.give(load)
                else:
                    self._hear(sending.hear())
        self._record()

    def _claim_more(self) -> Claim:
        """Let the claim take more, until there is no more, or a rate was set meanwhile; the claim as it is now."""

        def work() -> Claim:
            claimed = claim(self.claim_of.channel, self.claim_of.token) or self.claim_of
            self._takes_more = self._take() and not claimed.interval
            return claimed

        self.claim_of = through_restarts(work)
        return self.claim_of

    def _take(self) -> bool:
        """Read and look at what the claim holds and was not read yet; whether there is any."""
        messages = _read(held_by(self.claim_of.channel, self.claim_of.token).exclude(pk__in=list(self._messages)))
        self._rules: Rulebook = rulebook()
        self._look(messages)
        self._messages |= {message.pk: message for message in messages}
        self._held |= {message.pk for message in messages}
        self._waiting += messages
        return bool(messages)

    @property
    def _ahead(self) -> int:
        """So many loads are under way at a time: the next is ready when one has left, where it does not have to wait long and a
        death may let them go once more."""
        quick = self.pace.size > 1 and not self.claim_of.interval
        return AHEAD if quick and not self.claim_of.sends_at_most_once else 1

    def _next(self) -> Load:
        """Those of the next that may go, looked at just before; of a channel that sends at most once, marked as handed over."""
        if time.monotonic() - self._looked_at > LOOK_AGAIN_AFTER_SECONDS:
            self._record()
            through_restarts(self._hold_on)
        until = time.monotonic() + 2 * GONE_WITHIN_SECONDS
        some = [self._waiting.popleft() for _ in range(min(self.pace.size, len(self._waiting)))]
        going = [outgoing for message in some if (outgoing := self._written(message))]
        return Load(self._record(going) if self.claim_of.sends_at_most_once else going, until)

    def _hear(self, load: Load) -> None:
        """Judge what became of a load; what did not go in time waits again, before the others."""
        left = []
        for outgoing, result, at in load.told:
            message = self._messages[outgoing.message_id]
            if result is None:
                left.append(message)
            else:
                self._settled.append(self._judged(message, outgoing, result, at))
        self._waiting.extendleft(reversed(left))
        if self._settled and all(one.outcome == "retried" for one in self._settled):
            self._takes_more = False
        self.pace.left(load.seconds)
        # Of a channel that sends at most once they are recorded as the next are handed over, in one transaction.
        if not self.claim_of.sends_at_most_once or not self._waiting:
            self._record()

    def _written(self, message: Due) -> Outgoing | None:
        """The message as it is to go, or None: then it was put off, withheld or given up, or is another's now."""
        if message.pk not in self._held:
            self._forget(message.pk)
            return None
        now = clock.now()
        # Also at the last moment at which it may go.
        for at in (now, now + timedelta(seconds=2 * GONE_WITHIN_SECONDS)):
            if _lapsed(message, at) or not self._rules.decide(self._facts[message.pk], at).allowed:
                self._hold_back(message, at)
                return None
        content = self._contents.get(message.pk)
        if content is None:
            why = "What it is about no longer holds: paid, put on hold, or done."
            self._settled.append(Settled(message, "withheld", {"error": why, "held_by": NOTHING_LEFT}))
            return None
        try:
            written = self._texts[message.template, message.template_version][message.language]
            text = render(written, message.language, content.values)
            address = vault.decrypt(bytes(message.address))
        except Exception as error:
            # Whatever is wrong with one message must not stop the others; what it says may quote a person.
            self._settled.append(_retried(message, f"cannot be written: {type(error).__name__}"))
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

    def _look(self, messages: Sequence[Due]) -> None:
        """Read what decides whether each may go: the gate's facts, and whether what it is about still holds."""
        for purpose in sorted({message.purpose for message in messages}):
            asked = [message for message in messages if message.purpose == purpose]
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
        self._texts |= texts_of((message.template, message.template_version) for message in messages)
        self._contents |= content_of(messages, clock.today())

    def _hold_on(self) -> None:
        """Keep the claim alive, learn what was lost to others while we were away, and look again at what has not gone."""
        mine = held_by(self.claim_of.channel, self.claim_of.token)
        mine.update(claimed_at=clock.now())
        self._held = set(mine.values_list("pk", flat=True))
        self._rules = rulebook()
        self._contents.clear()
        # Also at what is under way, of which some may not go in time.
        self._look(list(self._messages.values()))
        self._looked_at = time.monotonic()

    def _judged(self, message: Message, outgoing: Outgoing, result: Sent | TransportError, at: datetime) -> Settled:
        if isinstance(result, Sent):
            return Settled(message, "sent", self._proof(outgoing, result, at))
        if result.uncertain and self.claim_of.sends_at_most_once:
            why = f"{result}: it may have been sent."
            return Settled(message, "set-aside", {**self._proof(outgoing, Sent(), at), "sent_at": None, "error": why})
        if result.permanent:
            return Settled(message, "failed", {"error": str(result)}, nobody_there=result.unknown_recipient)
        return _retried(message, str(result), result.retry_after)

    def _proof(self, outgoing: Outgoing, result: Sent, at: datetime) -> dict[str, object]:
        """What is kept of what went out."""
        each, currency = self._price_on(clock.day_of(at))
        text = self._rendered[outgoing.message_id]
        parts = result.parts or parts_of(self.claim_of.channel, text.body)
        return {
            # Of a channel that sends at most once its words were kept as it was handed over.
            **({} if self.claim_of.sends_at_most_once else text.kept),
            "sent_at": at,
            "provider": registry.provider_of(self.claim_of.channel),
            "provider_id": result.provider_id,
            "parts": parts,
            "cost": None if each is None else each * parts,
            "cost_currency": currency,
        }

    def _hold_back(self, message: Message, at: datetime) -> None:
        """The gate says no for that moment where it said yes, or its yes has lapsed: ask again on the record, and follow the
        answer."""

        def work() -> Counter[str]:
            with transaction.atomic():
                (answer,) = decide_many(
                    actor=ACTOR,
                    channel=message.channel,
                    purpose=message.purpose,
                    candidates=[
                        Candidate(message.customer_id, message.debt, message.contact_point_id, message.decision_id)
                    ],
                    at=at,
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
        self._forget(message.pk)

    def _record(self, going: Sequence[Outgoing] = ()) -> list[Outgoing]:
        """Record what became of messages so far, and that these go to the provider now; those of them that are still ours.
        Committed when it returns."""
        settled, self._settled = self._settled, []
        texts = {outgoing.message_id: self._rendered[outgoing.message_id] for outgoing in going}

        def work() -> tuple[Counter[str], set[int]]:
            with transaction.atomic():
                return settle(settled, self.claim_of.token), hand_over(
                    texts, self.claim_of.token, registry.provider_of(self.claim_of.channel)
                )

        counts, ours = through_restarts(work) if settled or going else (Counter[str](), set[int]())
        self.counts += counts
        for key in (*(one.message.pk for one in settled), *(texts.keys() - ours)):
            self._forget(key)
        return [outgoing for outgoing in going if outgoing.message_id in ours]

    def _forget(self, key: int) -> None:
        """What became of it is recorded, or another's to record."""
        self._held.discard(key)
        for known in (self._messages, self._facts, self._contents, self._rendered):
            known.pop(key, None)


def _retried(message: Message, why: str, retry_after: float | None = None) -> Settled:
    attempts = message.attempts + 1
    if attempts >= ATTEMPTS_TO_GIVE_UP:
        return Settled(message, "failed", {"error": why})
    pause = max(pause_after(attempts), timedelta(seconds=min(retry_after or 0, LONGEST_ASKED_FOR_SECONDS)))
    return Settled(message, "retried", {"send_after": clock.now() + pause, "error": why})


def _read(messages: QuerySet[Message]) -> list[Due]:
    """The messages as they are looked at, oldest first. No more objects than needed: they cost more than the query."""
    read = messages.select_related("customer").only(*READ).order_by("send_after", "id")
    return list(read.annotate(address=F("contact_point__value_cipher"), reserved_until=F("decision__reserved_until")))


def _lapsed(message: Due, now: datetime) -> bool:
    """Whether the place that the gate kept for the message may have gone to another meanwhile."""
    return message.reserved_until is not None and message.reserved_until <= now
