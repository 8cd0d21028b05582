"""What people decide about messages: those of which nobody knows whether they went, and those that wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import BookError, Conflict, Invalid
from audit.services import record
from compliance.sentences import RULE_NAMES
from compliance.services import Candidate, Decided, decide_many
from reminders.models import Message, MessageKind, MessageStatus
from reminders.permissions import visible_to
from reminders.services.costs import cost_of
from runs import clock
from staff.models import User
from staff.permissions import require

PERMISSION = "reminders.review_message"
LONGEST_REASON = 300
LONGEST_NUMBER = 120


@dataclass(frozen=True)
class Refused:
    """A message about which nothing was decided, and why."""

    message_id: int
    why: str


@transaction.atomic
def mark_sent(*, actor: User, message_id: int, provider_id: str = "", reason: str) -> None:
    """Enter that a message under review did go, under that number of the provider's where one is known.

    It counts as sent when it was handed over. It was entered as a contact when it was set aside, so nothing is added there.

    Raises:
        PermissionDenied: the actor may not review, or not this person's messages.
        Conflict: it is under review no longer.
        Invalid: no reason, or the number is too long.
    """
    message, reason = _asked(actor, message_id, reason)
    number = provider_id.strip()
    if len(number) > LONGEST_NUMBER:
        raise Invalid(
            _(
                "The provider's number has %(length)s characters; it may have %(most)s. Enter it as the provider shows it."
            )
            % {"length": len(number), "most": LONGEST_NUMBER},
            "provider_id",
        )
    _move(
        message,
        MessageStatus.REVIEW,
        {
            **cost_of(message),
            "status": MessageStatus.SENT,
            "sent_at": message.handed_at or clock.now(),
            "provider_id": number or message.provider_id,
            "error": "",
        },
    )
    after = {"status": MessageStatus.SENT, **({"provider_id": number} if number else {})}
    _recorded(actor, message, "message.marked-sent", after, reason)


@transaction.atomic
def send_again(*, actor: User, message_id: int, reason: str) -> Decided:
    """Queue a message under review once more, knowing that the person may get it twice; what the gate answered.

    The gate is asked anew, for now or the next moment at which it allows; the first message counts as a contact there. Locks
    the customer. A refusal is kept like every answer of the gate, and leaves the message under review.

    Raises:
        PermissionDenied: the actor may not review, or not this person's messages.
        Conflict: it is under review no longer, or held a code, which was not kept.
        Invalid: no reason.
    """
    message, reason = _asked(actor, message_id, reason)
    _check("send-again", message)
    (answer,) = decide_many(
        actor=actor,
        channel=message.channel,
        purpose=message.purpose,
        candidates=[Candidate(message.customer_id, message.debt, message.contact_point_id)],
        at=clock.now(),
        postpone=True,
    )
    if not answer.allowed:
        return answer
    _move(
        message,
        MessageStatus.REVIEW,
        {
            "status": MessageStatus.QUEUED,
            "decision_id": answer.decision_id,
            "send_after": answer.at,
            "held_by": answer.postponed_by,
            "handed_at": None,
            "provider_id": "",
            "error": "",
        },
    )
    after = {"status": MessageStatus.QUEUED, "send_after": answer.at, "decision": answer.decision_id}
    _recorded(actor, message, "message.sent-again", after, reason)
    return answer


@transaction.atomic
def give_up(*, actor: User, message_id: int, reason: str) -> None:
    """Close a message under review as failed: whether it went stays unknown, and it is not sent again.

    Raises: as `mark_sent`.
    """
    message, reason = _asked(actor, message_id, reason)
    _move(message, MessageStatus.REVIEW, {"status": MessageStatus.FAILED})
    _recorded(actor, message, "message.given-up", {"status": MessageStatus.FAILED}, reason)


@transaction.atomic
def cancel(*, actor: User, message_id: int, reason: str) -> None:
    """Take a queued message out of the outbox before a worker claims it. Its place at the gate lapses by itself.

    Raises:
        PermissionDenied: the actor may not review, or not this person's messages.
        Conflict: it is queued no longer: a worker has it, or it went.
        Invalid: no reason.
    """
    message, reason = _asked(actor, message_id, reason)
    _move(message, MessageStatus.QUEUED, {"status": MessageStatus.CANCELLED, "secret": None})
    _recorded(actor, message, "message.cancelled", {"status": MessageStatus.CANCELLED}, reason)


# What may be decided about several at once.
TOGETHER: Mapping[str, Callable[..., Decided | None]] = {
    "mark-sent": mark_sent,
    "send-again": send_again,
    "give-up": give_up,
}


def look_together(
    *, actor: User, verb: str, message_ids: Sequence[int], reason: str
) -> tuple[list[Message], list[Refused]]:
    """Which of these messages `decide_together` would decide about now, and which it would refuse, with why; nothing is decided.
    The gate is asked only as one is sent again. One query.

    Raises: as `decide_together`.
    """
    _check_together(actor, verb, message_ids, reason)
    found = visible_to(actor).select_related("customer", "contact_point").in_bulk(message_ids)
    able: list[Message] = []
    refused = []
    for message_id in message_ids:
        try:
            message = found.get(message_id) or _missing(message_id)
            _check(verb, message)
        except Conflict as error:
            refused.append(Refused(message_id, str(error)))
        else:
            able.append(message)
    return able, refused


def decide_together(*, actor: User, verb: str, message_ids: Sequence[int], reason: str) -> list[Refused]:
    """Decide the same about several messages under review, each as it would be alone and in a transaction of its own; those that
    were refused, with why, in order.

    Raises:
        PermissionDenied: the actor may not review.
        Invalid: no message, no such decision, or no reason; then nothing is decided.
    """
    reason = _check_together(actor, verb, message_ids, reason)
    refused = []
    for message_id in message_ids:
        try:
            answer = TOGETHER[verb](actor=actor, message_id=message_id, reason=reason)
        except BookError as error:
            refused.append(Refused(message_id, str(error)))
        else:
            if answer is not None and not answer.allowed:
                refused.append(Refused(message_id, say_refused(answer)))
    return refused


def _check_together(actor: User, verb: str, message_ids: Sequence[int], reason: str) -> str:
    """The reason without blanks around it; raises as `decide_together`."""
    require(actor, PERMISSION)
    reason = checked_reason(reason)
    if verb not in TOGETHER:
        raise Invalid(
            _("“%(verb)s” is no decision about a message. Press one of the buttons.") % {"verb": verb}, "verb"
        )
    if not message_ids:
        raise Invalid(_("No message was selected. Tick the messages first."))
    return reason


def say_refused(answer: Decided) -> str:
    """That the gate refuses to send one again."""
    return _("The gate refuses it now (%(rule)s). The message stays here; that it was asked is kept.") % {
        "rule": RULE_NAMES.get(answer.rule, answer.rule)
    }


def _asked(actor: User, message_id: int, reason: str) -> tuple[Message, str]:
    """The message, if the actor may decide about it, and the reason without blanks around it."""
    require(actor, PERMISSION)
    return visible_to(actor).filter(pk=message_id).first() or _missing(message_id), checked_reason(reason)


def _missing(message_id: int) -> NoReturn:
    raise Conflict(_("There is no message %(message)s among those you see.") % {"message": message_id})


def checked_reason(reason: str) -> str:
    """The reason without blanks around it.

    Raises:
        Invalid: there is none, or it is too long to be kept.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid(_("A reason is needed: say why, for whoever reads this later."), "reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            _("The reason has %(length)s characters; it may have %(most)s. Shorten it.")
            % {"length": len(reason), "most": LONGEST_REASON},
            "reason",
        )
    return reason


def _move(message: Message, expected: MessageStatus, values: Mapping[str, Any]) -> None:
    """Change it only while it is what was expected: whoever was quicker, a worker or a colleague, has decided."""
    if not Message.objects.filter(pk=message.pk, status=expected).update(**values):
        message.refresh_from_db(fields=["status"])
        _still(message, expected)


def _check(verb: str, message: Message) -> None:
    """Refuse (Conflict) what cannot be decided about a message under review."""
    _still(message, MessageStatus.REVIEW)
    if verb == "send-again" and message.kind == MessageKind.SIGNING:
        raise Conflict(
            _("Its code is not kept, so it cannot be sent again. Send another code from the page of the plan.")
        )


def _still(message: Message, expected: MessageStatus) -> None:
    if message.status != expected:
        raise Conflict(
            _(
                "The message was “%(expected)s” on your screen and is “%(status)s” by now: a colleague or a worker was quicker."
                " Nothing was changed; look at it as it stands."
            )
            % {"expected": expected.label, "status": message.get_status_display()}
        )


def _recorded(actor: User, message: Message, verb: str, after: Mapping[str, Any], reason: str) -> None:
    before = {"status": message.status}
    record(
        actor=actor,
        verb=verb,
        subject=message,
        customer_id=message.customer_id,
        before=before,
        after=after,
        reason=reason,
    )
