"""What people decide about receipts of which nobody knows what they are about, and answers that somebody has to read."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint
from accounts.references import customer_named, typed
from accounts.services.locks import lock_customer
from audit.services import record
from compliance.services import opt_outs as compliance
from reminders.models import Message, Receipt, ReceiptKind, ReceiptState
from reminders.permissions import receipts_visible_to, visible_to
from reminders.services.receipts import place
from reminders.services.reviewing import checked_reason
from runs import clock
from staff.models import User
from staff.permissions import require

PERMISSION = "reminders.review_receipt"


@transaction.atomic
def attach(*, actor: User, receipt_id: int, message_id: int, reason: str) -> Receipt:
    """Enter that a receipt is about a message, and act on it as if the provider had named it. Locks the customer.

    Raises:
        PermissionDenied: the actor may not decide on receipts.
        Conflict: it is not under review any more, is out of the actor's sight, or the message was never sent.
        Invalid: no reason, or no such message in the actor's sight and of the receipt's channel.
    """
    receipt, reason = _asked(actor, receipt_id, reason)
    message = visible_to(actor).select_related("contact_point").filter(pk=message_id, channel=receipt.channel).first()
    if message is None or (receipt.customer_id and receipt.customer_id != message.customer_id):
        raise Invalid(
            _(
                "There is no message %(message)s by %(channel)s among those you see. Enter its number as its page shows it."
            )
            % {"message": message_id, "channel": receipt.get_channel_display()},
            "message_id",
        )
    lock_customer(message.customer_id)
    receipt = _locked(receipt)
    place(receipt, message, [message.contact_point], actor)
    if receipt.state == ReceiptState.REVIEW and receipt.kind != ReceiptKind.REPLIED:
        raise Conflict(
            _("Message %(message)s is “%(status)s”: nothing can be told of its way. Nothing was changed.")
            % {"message": message.pk, "status": message.get_status_display()}
        )
    # An answer that the register does not take has been read now.
    receipt.customer_id = message.customer_id
    _decide(actor, receipt, ReceiptState.APPLIED, reason, "receipt.attached", message)
    return receipt


@transaction.atomic
def keep_with(*, actor: User, receipt_id: int, customer_ref: str, reason: str) -> Receipt:
    """Enter whom a receipt is about of which nobody knew it, by the reference of the customer, an account or a case: it stands
    with her from then on, an answer in her timeline. Nothing else is done. Locks the customer.

    Raises:
        PermissionDenied: the actor may not decide on receipts.
        Conflict: it is not under review any more, or is out of the actor's sight.
        Invalid: no reason, nobody in the actor's sight has that reference, or it is known whom the receipt is about.
    """
    receipt, reason = _asked(actor, receipt_id, reason)
    ref = typed(customer_ref)
    customer = customer_named(ref, actor)
    if customer is None:
        raise Invalid(
            _("There is no customer, account or case “%(ref)s” among those you see. Enter a whole reference.")
            % {"ref": ref},
            "customer_ref",
        )
    lock_customer(customer.pk)
    receipt = _locked(receipt)
    if receipt.customer_id is not None:
        raise Invalid(_("It is known whom this is about. Enter the message that it belongs to, or dismiss it."))
    receipt.customer = customer
    _decide(actor, receipt, ReceiptState.APPLIED, reason, "receipt.kept-with")
    return receipt


@transaction.atomic
def opt_out(*, actor: User, receipt_id: int, reason: str) -> Receipt:
    """Enter that who answered asks not to be contacted so: opted out of the channel where the answer came from. Locks the
    customer.

    Raises:
        PermissionDenied: the actor may not decide on receipts.
        Conflict: it is not under review any more, or is out of the actor's sight.
        Invalid: no reason, nobody knows where it came from, or no opt-out holds there.
    """
    receipt, point, reason = _whose(actor, receipt_id, reason)
    compliance.opt_out(
        actor=actor,
        contact_point_id=point.pk,
        channel=receipt.channel,
        source=receipt.provider,
        evidence=f"receipt {receipt.pk}",
        at=receipt.at,
    )
    _decide(actor, receipt, ReceiptState.APPLIED, reason, "receipt.opted-out")
    return receipt


@transaction.atomic
def take_in(*, actor: User, receipt_id: int, reason: str) -> Receipt:
    """Enter that an answer was read and opts nobody out: a contact that the person made, where she wrote herself. Locks the
    customer.

    Raises: as `opt_out`.
    """
    receipt, point, reason = _whose(actor, receipt_id, reason)
    place(receipt, receipt.message, [point], actor)
    _decide(actor, receipt, ReceiptState.APPLIED, reason, "receipt.read")
    return receipt


@transaction.atomic
def dismiss(*, actor: User, receipt_id: int, reason: str) -> Receipt:
    """Close a receipt without acting on it; it is kept.

    Raises:
        PermissionDenied: the actor may not decide on receipts.
        Conflict: it is not under review any more, or is out of the actor's sight.
        Invalid: no reason.
    """
    receipt, reason = _asked(actor, receipt_id, reason)
    receipt = _locked(receipt)
    _decide(actor, receipt, ReceiptState.DISMISSED, reason, "receipt.dismissed")
    return receipt


def is_placed(receipt: Receipt) -> bool:
    """Whether it is an answer of which we know where it came from, so that it can be acted on without a message."""
    return receipt.kind == ReceiptKind.REPLIED and receipt.contact_point_id is not None


def _whose(actor: User, receipt_id: int, reason: str) -> tuple[Receipt, ContactPoint, str]:
    """An answer, locked with its customer, where it came from, and the reason."""
    receipt, reason = _asked(actor, receipt_id, reason)
    point = receipt.contact_point
    if point is None or not is_placed(receipt):
        raise Invalid(_("Nobody knows from whom this came. Enter the message that it answers, or dismiss it."))
    lock_customer(point.customer_id)
    return _locked(receipt), point, reason


def _asked(actor: User, receipt_id: int, reason: str) -> tuple[Receipt, str]:
    require(actor, PERMISSION)
    receipt = receipts_visible_to(actor).filter(pk=receipt_id).first()
    if receipt is None:
        raise Conflict(_("There is no receipt %(receipt)s among those you see.") % {"receipt": receipt_id})
    return receipt, checked_reason(reason)


def _locked(receipt: Receipt) -> Receipt:
    found = Receipt.objects.select_for_update(no_key=True, of=("self",)).get(pk=receipt.pk)
    if found.state != ReceiptState.REVIEW:
        raise Conflict(
            _(
                "This receipt is “%(state)s” by now: a colleague was quicker, or its message became known. Nothing was changed."
            )
            % {"state": found.get_state_display()}
        )
    return found


def _decide(
    actor: User, receipt: Receipt, state: ReceiptState, reason: str, verb: str, message: Message | None = None
) -> None:
    receipt.state, receipt.reason = state, reason
    receipt.decided_at, receipt.decided_by_name = clock.now(), str(actor)[:150]
    receipt.save(update_fields=["state", "reason", "decided_at", "decided_by_name", "customer"])
    record(
        actor=actor,
        verb=verb,
        subject=receipt,
        customer_id=receipt.customer_id,
        before={"state": ReceiptState.REVIEW},
        after={"kind": receipt.kind, "channel": receipt.channel, **({"message": message.pk} if message else {})},
        reason=reason,
    )
