"""Asking for a waiver: decided by another person, or at once by a policy that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Bill
from accounts.permissions import customers_visible_to
from accounts.services.locks import lock_account
from accounts.services.posting import LAST_DAY, check_amount
from approvals import services as approvals
from approvals.models import OPEN, Request, RequestStatus
from audit.services import record
from runs import clock
from staff.models import User
from staff.permissions import require
from waivers import rules
from waivers.models import Basis, Waiver
from waivers.permissions import ASK
from waivers.selectors import Preview, Wanted, may_be_needed, preview
from waivers.sentences import is_beyond_what_is_owed, why_not
from waivers.services.granting import put_in_force

KIND: Final = "waiver"


@transaction.atomic
def ask(*, actor: User, wanted: Wanted, reason: str, documents: Sequence[UploadedFile] = ()) -> Waiver:
    """Ask for a waiver of an account's late fee. Where its policy grants it by itself it is in force at once (or waits for the
    agreed payment); else somebody else decides, with the documents before them. Locks customer → account.

    Raises:
        PermissionDenied: `actor` asks for none, or not for this customer.
        Invalid: how much, the condition or the reason makes no sense, there is not so much fee, no policy lets it pass, or a
            file is no document, or one that nobody would read.
        Conflict: one is asked for on the account already.
    """
    account = _account(actor, wanted)
    if waiting := open_request(account):
        raise Conflict(
            _("%(name)s asked for a waiver on account %(account)s already (request %(request)s). It must end first.")
            % {"name": waiting.requested_by_name, "account": account.ref, "request": waiting}
        )
    found = _previewed(wanted, account, None)
    _needs_reason(reason)
    if documents and found.is_automatic:
        raise Invalid(
            _("The policy grants this by itself: nobody would read the documents. Take them out, and ask for it."),
            "documents",
        )
    waiver = Waiver.objects.create(
        account=account,
        customer_id=account.customer_id,
        currency=account.currency,
        asked_on=clock.today(),
        asked_at=clock.now(),
        asked_by=actor,
        asked_by_name=str(actor)[:150],
        **_fields(found),
    )
    _record(waiver, actor, "waiver.asked", reason)
    if found.is_automatic:
        put_in_force(waiver, actor=actor, reason=reason.strip()[:300])
    else:
        waiver.request = approvals.ask(
            actor=actor,
            kind=KIND,
            subject=account,
            payload={"waiver": waiver.pk},
            preview=told(found),
            reason=reason,
            customer=account.customer,
            amount=waiver.amount,
            currency=account.currency,
            documents=documents,
        )
        waiver.save(update_fields=["request"])
    return waiver


@transaction.atomic
def ask_again(
    *,
    actor: User,
    waiver_id: int,
    seen_version: int,
    wanted: Wanted,
    reason: str,
    documents: Sequence[UploadedFile] = (),
) -> Waiver:
    """Ask again, changed or not, for what was sent back, documents added to those that it has. `seen_version` is the request's.
    Locks customer → account → request.

    Raises:
        PermissionDenied: somebody else asked for it, or as `ask`.
        Invalid: as `ask`.
        StaleScreen, Conflict: the request changed, or is not one that was sent back.
    """
    waiver = Waiver.objects.select_related("request").get(pk=waiver_id)
    if (
        waiver.request is None
        or waiver.request.status != RequestStatus.CHANGES
        or waiver.account_id != wanted.account_id
    ):
        raise Conflict(_("Waiver %(waiver)s was not sent back for changes.") % {"waiver": waiver})
    account = _account(actor, wanted)
    found = _previewed(wanted, account, waiver)
    fields = _fields(found)
    for name, value in fields.items():
        setattr(waiver, name, value)
    waiver.save(update_fields=list(fields))
    approvals.resubmit(
        actor=actor,
        request_id=waiver.request.pk,
        seen_version=seen_version,
        payload={"waiver": waiver.pk},
        preview=told(found),
        reason=reason,
        amount=waiver.amount,
        documents=documents,
    )
    _record(waiver, actor, "waiver.changed", reason)
    return waiver


def open_request(account: Account) -> Request | None:
    """The request for a waiver on an account that nobody decided yet, if there is one."""
    return Request.objects.filter(
        kind=KIND, subject_type="account", subject_id=account.pk, status__in=OPEN, expires_at__gt=clock.now()
    ).first()


def _account(actor: User, wanted: Wanted) -> Account:
    """The account, locked, if `actor` may ask for it."""
    require(actor, ASK)
    account = lock_account(wanted.account_id)
    if not customers_visible_to(actor).filter(pk=account.customer_id).exists():
        raise PermissionDenied
    return account


def _previewed(wanted: Wanted, account: Account, waiver: Waiver | None) -> Preview:
    """What it would do, if it can be asked for."""
    check_wanted(wanted, account, waiver)
    found = preview(wanted, account=account, without=waiver)
    if refusal := why_not(found):
        field = {Basis.AMOUNT: "amount", Basis.PERCENT: "percent", Basis.BILL: "bill"}.get(Basis(wanted.basis))
        if 0 < found.amount <= found.available:
            field = "condition_amount" if is_beyond_what_is_owed(found) else None
        raise Invalid(refusal, field)
    return found


def check_wanted(wanted: Wanted, account: Account, waiver: Waiver | None = None) -> None:
    """Refuse (`Invalid`, by field) what makes no sense whatever the fee is."""
    if wanted.basis == Basis.AMOUNT:
        check_amount(wanted.amount or Decimal(0))
    if wanted.basis == Basis.PERCENT and not (wanted.percent is not None and 0 < wanted.percent <= 100):
        raise Invalid(
            _("%(percent)s is no percentage of a fee: expected more than 0, at most 100.")
            % {"percent": "–" if wanted.percent is None else wanted.percent},
            "percent",
        )
    if wanted.basis == Basis.BILL and not Bill.objects.filter(pk=wanted.bill_id or 0, account=account).exists():
        raise Invalid(_("Choose a bill of account %(account)s.") % {"account": account.ref}, "bill")
    if (wanted.condition_amount is None) != (wanted.condition_on is None):
        raise Invalid(
            _("An agreed payment is an amount and a day: enter both, or neither."),
            "condition_on" if wanted.condition_on is None else "condition_amount",
        )
    if wanted.condition_amount is not None and wanted.condition_on is not None:
        _check_condition(wanted.condition_amount, wanted.condition_on)
    if wanted.needs_id is not None:
        possible = may_be_needed(account).exclude(pk=waiver.pk if waiver else 0)
        if not possible.filter(pk=wanted.needs_id).exists() or (waiver and _would_circle(wanted.needs_id, waiver)):
            raise Invalid(
                _("Waiver W%(key)s is none that this could wait for. Choose one of the list.")
                % {"key": wanted.needs_id},
                "needs",
            )


def _would_circle(needs_id: int, waiver: Waiver) -> bool:
    """A waiver depends on older ones alone."""
    return needs_id >= waiver.pk


def _check_condition(amount: Decimal, by: date) -> None:
    try:
        check_amount(amount)
    except Invalid as error:
        raise Invalid(str(error), "condition_amount") from None
    today = clock.today()
    if not today <= by <= LAST_DAY or by > rules.months_before(today, -12):
        raise Invalid(
            _("%(day)s is no day for an agreed payment: expected today, %(today)s, or later, within a year.")
            % {"day": by.isoformat(), "today": today.isoformat()},
            "condition_on",
        )


def _fields(found: Preview) -> dict[str, Any]:
    """What a waiver keeps of what was previewed."""
    wanted = found.wanted
    return {
        "basis": wanted.basis,
        "percent": wanted.percent if wanted.basis == Basis.PERCENT else None,
        "bill_id": wanted.bill_id if wanted.basis == Basis.BILL else None,
        "amount": found.amount,
        "reason_code": wanted.reason_code,
        "policy": found.policy,
        "condition_amount": wanted.condition_amount,
        "condition_on": wanted.condition_on,
        "needs_id": wanted.needs_id,
    }


def told(found: Preview) -> Mapping[str, Any]:
    """What whoever decides is shown, as it was when it was asked for."""
    assert found.policy is not None
    wanted = found.wanted
    bill = Bill.objects.get(pk=wanted.bill_id or 0) if wanted.basis == Basis.BILL else None
    return {
        "account": found.account.ref,
        "day": found.day,
        "basis": wanted.basis,
        "percent": wanted.percent if wanted.basis == Basis.PERCENT else None,
        "bill": bill.ref if bill else "",
        "reason_code": wanted.reason_code,
        "policy": found.policy.title,
        "fee": found.fee,
        "fee_now": found.fee_now,
        "promised": found.promised,
        "amount": found.amount,
        "fee_after": found.fee_after,
        "owed": found.owed_then,
        "owed_after": found.owed_after,
        "condition_amount": wanted.condition_amount,
        "condition_on": wanted.condition_on,
        "needs": f"W{wanted.needs_id}" if wanted.needs_id else "",
    }


def _needs_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("Say why: whoever decides reads it first."), "reason")


def _record(waiver: Waiver, actor: User, verb: str, reason: str) -> None:
    record(
        actor=actor,
        verb=verb,
        subject=waiver,
        customer_id=waiver.customer_id,
        account_id=waiver.account_id,
        after={
            "amount": waiver.amount,
            "currency": waiver.currency,
            "reason_code": waiver.reason_code,
            "condition_amount": waiver.condition_amount,
            "condition_on": waiver.condition_on,
        },
        reason=reason.strip(),
    )
