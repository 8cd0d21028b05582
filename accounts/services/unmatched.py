"""Deciding about money that matched no account: a person says whose it is, or that it goes back."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Payment, UnmatchedPayment, UnmatchedStatus
from accounts.permissions import customers_visible_to
from accounts.services.locks import lock_account
from accounts.services.posting import post_payment
from audit.services import record
from runs import clock
from staff.models import User
from staff.permissions import require

MATCH = "accounts.match_unmatchedpayment"
LONGEST_REASON = 300


@transaction.atomic
def match(*, actor: User, unmatched_id: int, account_ref: str, reason: str) -> Payment:
    """Post the money on an account, from the day and moment on which it arrived. Locks customer → account → the waiting row.

    Raises:
        PermissionDenied: without the right to match.
        Invalid: no such account within the actor's reach, or no reason.
        Conflict: somebody decided already (who, when), or the book has that payment otherwise.
    """
    require(actor, MATCH)
    reason = _checked(reason)
    mine = Account.objects.filter(customer__in=customers_visible_to(actor), ref=account_ref.strip())
    key = mine.values_list("pk", flat=True).first()
    if key is None:
        raise Invalid(
            _("There is no account “%(ref)s”: enter the reference of one, whole.") % {"ref": account_ref}, "account"
        )
    account = lock_account(key)
    row = _lock(unmatched_id)
    payment = post_payment(
        actor=actor,
        account_id=account.pk,
        ref=row.ref,
        amount=row.amount,
        effective_on=row.effective_on,
        recorded_at=row.recorded_at,
        channel=row.channel,
    )
    row.payment = payment
    _decide(actor, row, UnmatchedStatus.MATCHED, reason, account)
    return payment


@transaction.atomic
def give_back(*, actor: User, unmatched_id: int, reason: str) -> UnmatchedPayment:
    """Note that the money goes back to who sent it, where `actor` approved that; the sending is the bank's. Locks the waiting
    row. Who may is said where it is asked for and decided.

    Raises:
        Conflict, Invalid: as `match`.
    """
    reason = _checked(reason)
    row = _lock(unmatched_id)
    _decide(actor, row, UnmatchedStatus.RETURNED, reason, None)
    return row


def _lock(unmatched_id: int) -> UnmatchedPayment:
    row = UnmatchedPayment.objects.select_for_update(no_key=True).get(pk=unmatched_id)
    check_waits(row)
    return row


def check_waits(row: UnmatchedPayment) -> None:
    """Refuse what somebody decided already.

    Raises:
        Conflict: it says what became of it, when and by whom.
    """
    if row.status != UnmatchedStatus.WAITING:
        raise Conflict(
            _("Payment %(ref)s is “%(state)s” since %(day)s, by %(name)s. Nothing was changed.")
            % {
                "ref": row.ref,
                "state": row.get_status_display(),
                "day": f"{row.decided_at:%Y-%m-%d}",
                "name": row.decided_by_name,
            }
        )


def _decide(actor: User, row: UnmatchedPayment, to: UnmatchedStatus, reason: str, account: Account | None) -> None:
    row.status, row.reason = to, reason
    row.decided_by_name, row.decided_at = str(actor)[:150], clock.now()
    row.save(update_fields=["status", "reason", "payment", "decided_by_name", "decided_at"])
    record(
        actor=actor,
        verb=f"unmatched-payment.{to.value}",
        subject=row,
        customer_id=account.customer_id if account else None,
        account_id=account.pk if account else None,
        before={"status": UnmatchedStatus.WAITING.value},
        after={"status": to.value, "amount": row.amount},
        reason=reason,
    )


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(
            _("Say why, in at most %(most)s characters: how do you know whose it is?") % {"most": LONGEST_REASON},
            "reason",
        )
    return reason
