"""Asking for what moves money on an account: the payload, and the preview that the decider is shown and that must still hold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Invalid
from accounts.models import Account, Payment
from accounts.selectors.owed import owed_now
from accounts.services.locks import lock_account
from accounts.services.posting import check_amount
from approvals import services as approvals
from approvals.models import Request
from runs import clock
from staff.models import User


@transaction.atomic
def ask_reversal(*, actor: User, account: Account, payment_ref: str, code: str, reason: str) -> Request:
    """Ask for a payment of the account to be taken back; `code` says why it came back. Locks the customer.

    Raises:
        Invalid: no such payment on that account.
        PermissionDenied, Conflict: as `approvals.services.ask`.
    """
    payment = Payment.objects.filter(account=account, ref=payment_ref.strip()).first()
    if payment is None:
        raise Invalid(
            _("Account %(ref)s has no payment “%(payment)s”.") % {"ref": account, "payment": payment_ref}, "payment_ref"
        )
    preview = {"payment": payment.ref, "effective_on": payment.effective_on, "code": code}
    return _ask(actor, account, "reversal", {"payment": payment.pk, "code": code}, preview, reason, payment.amount)


@transaction.atomic
def ask_refund(*, actor: User, account: Account, amount: Decimal, reason: str) -> Request:
    """Ask for waiting credit to be paid out. Locks the customer. Raises as `ask_reversal`; `Invalid` for what is no amount."""
    check_amount(amount)
    preview = {"waiting_credit": owed_now([account.pk])[account.pk].waiting_credit}
    return _ask(actor, account, "refund", {"amount": str(amount)}, preview, reason, amount)


@transaction.atomic
def ask_write_off(*, actor: User, account: Account, reason: str) -> Request:
    """Ask for all that is owed on the account now to be written off. Locks customer → account. Raises as `ask_reversal`."""
    lock_account(account.pk)
    total = owed_now([account.pk])[account.pk].total
    return _ask(actor, account, "write-off", {"total": str(total)}, {"total": total}, reason, total)


@transaction.atomic
def ask_acceleration(*, actor: User, account: Account, notified_on: date, due_on: date, reason: str) -> Request:
    """Ask for everything on the account to be called due. Locks the customer. Raises as `ask_reversal`; `Invalid`: due before the
    debtor was notified, or notified in the future."""
    if not notified_on <= min(due_on, clock.today()):
        raise Invalid(
            _("Notified on %(notified)s: expected a day that has come, and none after %(due)s.")
            % {"notified": notified_on, "due": due_on},
            "notified_on",
        )
    days = {"notified_on": notified_on.isoformat(), "due_on": due_on.isoformat()}
    total = owed_now([account.pk])[account.pk].total
    return _ask(actor, account, "acceleration", days, days | {"total": total}, reason, total)


@transaction.atomic
def ask_deceleration(*, actor: User, account: Account, reason: str) -> Request:
    """Ask for the acceleration in force to be withdrawn. Locks the customer. Raises as `ask_reversal`."""
    return _ask(actor, account, "deceleration", {}, {}, reason, None)


def _ask(
    actor: User,
    account: Account,
    kind: str,
    payload: dict[str, Any],
    preview: dict[str, Any],
    reason: str,
    amount: Decimal | None,
) -> Request:
    return approvals.ask(
        actor=actor,
        kind=kind,
        subject=account,
        customer=account.customer,
        payload=payload,
        preview=preview,
        reason=reason,
        amount=amount,
        currency=account.currency,
    )
