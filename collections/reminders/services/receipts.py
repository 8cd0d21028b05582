"""Receipts: what a provider tells of messages is kept once, and acted on at once.

The same event told twice changes nothing; told out of order, the later moment wins. What nobody can place is kept for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from accounts import vault
from accounts.errors import BookError
from accounts.models import ContactPoint, Relationship, Verification
from accounts.services.customers import verify_contact_point
from accounts.services.locks import lock_customer
from audit.services import Actor, SystemActor, record
from compliance.models import Outcome
from compliance.rules import KINDS
from compliance.services import register
from compliance.services.opt_outs import opt_out
from compliance.services.reactions import person_changed
from reminders.models import Delivery, Message, MessageStatus, OptOutWords, Receipt, ReceiptKind, ReceiptState
from reminders.rules.opting_out import mentions, opts_out
from reminders.services.costs import cost_of
from runs import clock
from runs.texts import coded

ACTOR = SystemActor("receipts")
# What is looked at again in one go, when messages are known by then.
MOST_AGAIN = 500
# What a kind says of the message; of two of the same moment the later in this order holds.
_SAYS = {
    ReceiptKind.DELIVERED: Delivery.DELIVERED,
    ReceiptKind.UNDELIVERED: Delivery.UNDELIVERED,
    ReceiptKind.BOUNCED: Delivery.BOUNCED,
    ReceiptKind.COMPLAINED: Delivery.COMPLAINED,
}
_ORDER = list(_SAYS.values())


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a hook read it. `message_ref`: the provider's number of the message; `message_key`: ours, where it gives it
    back. `address` (of who answers) and `text` are in clear and live in memory only."""

    event_id: str
    kind: str
    channel: str
    at: datetime | None = None
    message_ref: str = ""
    message_key: str = ""
    address: str = ""
    text: str = ""
    detail: str = ""

    def __repr__(self) -> str:
        return f"Told({self.kind})"


def receive(provider: str, events: Iterable[Told]) -> Counter[str]:
    """Keep each event and act on it, in one transaction each: how many were applied, are to be looked at (review), or were
    told before (repeated).

    Locks the customer, then the message. An event whose message is not known yet is looked at again by `reconsider`.
    """
    counts: Counter[str] = Counter()
    for told in events:
        counts[_receive(provider, told)] += 1
    return counts


@transaction.atomic
def _receive(provider: str, told: Told) -> str:
    now = clock.now()
    row = Receipt(
        provider=provider,
        event_id=told.event_id,
        kind=told.kind,
        channel=told.channel,
        # A clock that runs ahead must not win over all that is told later.
        at=min(told.at or now, now),
        received_at=now,
        message_ref=told.message_ref,
        message_key=told.message_key,
        state=ReceiptState.REVIEW,
        detail=told.detail,
        text_cipher=vault.encrypt(told.text) if told.text else None,
        address_cipher=vault.encrypt(told.address) if told.address else None,
    )
    message = _message_of(row)
    points = [message.contact_point] if message else _points_at(told.channel, told.address)
    # Before the receipt is written: who waits for the other's receipt must not hold what the other wants.
    for customer_id in sorted({point.customer_id for point in points}):
        lock_customer(customer_id)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return "repeated"
    place(row, message, points)
    return row.state


def reconsider() -> int:
    """Place receipts that came before their message was known: providers are sometimes quicker than the record of the sending.
    How many. Locks as `receive`; safe to repeat."""
    unplaced = Receipt.objects.filter(state=ReceiptState.REVIEW, message=None)
    if not unplaced.exists():
        return 0
    known = _known()
    by_number = known.filter(provider=OuterRef("provider"), provider_id=OuterRef("message_ref")).exclude(provider_id="")
    by_key = known.filter(header_id=Concat(Value("<"), OuterRef("message_key"), Value(">")))
    waiting = unplaced.filter(Exists(by_number) | Exists(by_key))
    found = 0
    for receipt in waiting.order_by("id")[:MOST_AGAIN]:
        message = _message_of(receipt)
        if message is not None:
            with transaction.atomic():
                lock_customer(message.customer_id)
                kept = Receipt.objects.select_for_update(no_key=True, of=("self",)).get(pk=receipt.pk)
                if kept.state == ReceiptState.REVIEW and kept.message_id is None:
                    place(kept, message, [message.contact_point])
                    found += 1
    return found


def place(receipt: Receipt, message: Message | None, points: list[ContactPoint], actor: Actor = ACTOR) -> None:
    """Act on a receipt that is under review, of `message` or of who is reached at `points`, whose customers are locked; it is
    applied then, or stays for a person to look at."""
    receipt.message = message
    if len(points) == 1:
        receipt.contact_point, receipt.customer_id = points[0], points[0].customer_id
    if receipt.kind == ReceiptKind.REPLIED:
        applied = _answered(receipt, points, actor)
    elif receipt.kind == ReceiptKind.OPTED_OUT:
        applied = _opt_out(receipt, points, actor)
    else:
        applied = message is not None and _delivered(receipt, message, actor)
    receipt.state = ReceiptState.APPLIED if applied else ReceiptState.REVIEW
    receipt.save(update_fields=["message", "contact_point", "customer", "state"])


def _message_of(receipt: Receipt) -> Message | None:
    """The message that a receipt is about: by our key, else by the provider's number of it, of that provider alone."""
    named = Q(pk__in=[])
    if receipt.message_key:
        named |= Q(header_id=f"<{receipt.message_key}>", channel=receipt.channel)
    if receipt.message_ref:
        named |= Q(provider=receipt.provider, provider_id=receipt.message_ref)
    found = list(_known().filter(named).select_related("contact_point", "customer")[:2])
    return found[0] if len(found) == 1 else None


def _known() -> QuerySet[Message]:
    """The messages that receipts can be about: what is being sent is not recorded yet, and waits for its record."""
    return Message.objects.exclude(status__in=[MessageStatus.QUEUED, MessageStatus.CLAIMED])


def _points_at(channel: str, address: str) -> list[ContactPoint]:
    """Whose contact point that address is, of everybody's."""
    if not address:
        return []
    indexes = {kind: vault.blind_index(kind, address) for kind in KINDS.get(channel, ())}
    return list(
        ContactPoint.objects.filter(
            kind__in=indexes, value_index__in=indexes.values(), verification__in=("verified", "unverified")
        ).order_by("pk")
    )


def _delivered(receipt: Receipt, message: Message, actor: Actor) -> bool:
    """What became of the message, unless something later is known; a bounce and a complaint hold for the contact point."""
    message = (
        Message.objects.select_for_update(no_key=True, of=("self",)).select_related("contact_point").get(pk=message.pk)
    )
    says = _SAYS[ReceiptKind(receipt.kind)]
    if message.status not in (MessageStatus.SENT, MessageStatus.REVIEW):
        return False
    values: dict[str, object] = {}
    if message.status == MessageStatus.REVIEW:
        # Nobody knew whether it went. Now somebody does.
        values = {
            **cost_of(message),
            "status": MessageStatus.SENT,
            "sent_at": message.handed_at or receipt.at,
            "error": "",
        }
        if receipt.message_ref:
            values |= {"provider": receipt.provider, "provider_id": receipt.message_ref}
    before = message.delivery
    newer = _is_newer(message, says, receipt.at)
    if newer:
        values |= {"delivery": says, "delivery_at": receipt.at}
    if values:
        Message.objects.filter(pk=message.pk).update(**values)
        record(
            actor=actor,
            verb="message.receipt",
            subject=message,
            customer_id=message.customer_id,
            before={"delivery": before, "status": message.status},
            after={
                "delivery": says if newer else before,
                "status": values.get("status", message.status),
                "receipt": receipt.pk,
            },
        )
    point = message.contact_point
    if says == Delivery.BOUNCED and newer:
        _verify(
            actor,
            point,
            Verification.WRONG,
            coded("receipt-bounced", receipt.pk, " ".join(receipt.detail.split()) or "–"),
        )
    elif says == Delivery.DELIVERED and newer and before == Delivery.BOUNCED:
        # Somebody is there after all; who, nobody has proved again.
        _verify(actor, point, Verification.UNVERIFIED, coded("receipt-delivered", receipt.pk))
    if says == Delivery.COMPLAINED:
        _opt_out(receipt, [point], actor)
    return True


def _is_newer(message: Message, says: Delivery, at: datetime) -> bool:
    if message.delivery_at is None or not message.delivery:
        return True
    was = Delivery(message.delivery)
    if was == Delivery.COMPLAINED:
        return False  # it came, and was unwelcome: nothing that is told of the way there changes that
    if says == Delivery.COMPLAINED:
        return True
    return (at, _ORDER.index(says)) > (message.delivery_at, _ORDER.index(was))


def _verify(actor: Actor, point: ContactPoint, verification: str, reason: str) -> None:
    point.refresh_from_db()
    if point.verification == verification or (
        verification == Verification.UNVERIFIED and point.verification != Verification.WRONG
    ):
        return
    verify_contact_point(actor=actor, contact_point_id=point.pk, verification=verification, reason=reason)
    person_changed(actor, [point.customer_id])


def _opt_out(receipt: Receipt, points: Iterable[ContactPoint], actor: Actor) -> bool:
    """Opt out everyone who is reached there, in the receipt's channel; whether anybody is, and could be."""
    done = False
    for point in points:
        try:
            with transaction.atomic():
                opt_out(
                    actor=actor,
                    contact_point_id=point.pk,
                    channel=receipt.channel,
                    source=receipt.provider,
                    evidence=f"receipt {receipt.pk}",
                    at=receipt.at,
                )
            done = True
        except BookError:
            return False
    return done


def _answered(receipt: Receipt, points: list[ContactPoint], actor: Actor) -> bool:
    """An answer that is a word of opting out does so. Any other is entered as a contact where it is plain who wrote; else, or
    where it holds such a word, it waits for a person to read it."""
    words = _words(receipt)
    if opts_out(receipt.text, words):
        return _opt_out(receipt, points, actor)
    if len(points) != 1:
        return False
    point = points[0]
    if actor is ACTOR and (mentions(receipt.text, words) or not _came_from(receipt, point)):
        return False
    hers = point.relationship == Relationship.OWN and point.verification == Verification.VERIFIED
    if not hers:
        return False
    try:
        with transaction.atomic():
            register.log_inbound(
                actor=actor,
                customer_id=point.customer_id,
                channel=receipt.channel,
                outcome=Outcome.RIGHT_PARTY,
                contact_point_id=point.pk,
                at=receipt.at,
                note=f"Receipt {receipt.pk}",
            )
    except BookError:
        return False
    return True


def _came_from(receipt: Receipt, point: ContactPoint) -> bool:
    """Whether the answer came from there: a message may be answered from elsewhere. Where nobody says, it did."""
    if not receipt.address_cipher:
        return True
    return vault.blind_index(point.kind, vault.decrypt(bytes(receipt.address_cipher))) == point.value_index


def _words(receipt: Receipt) -> list[str]:
    """The words of opting out in force on the day of the answer, of all languages: people answer as they like."""
    rows = (
        OptOutWords.objects.filter(effective_from__lte=receipt.at.date())
        .order_by("language", "-effective_from")
        .distinct("language")
    )
    return [word for row in rows for word in row.words]
