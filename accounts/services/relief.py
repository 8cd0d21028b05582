"""Reliefs: an amount taken off a bill or off the late fees, and taken back. Whoever may decide so is asked elsewhere."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import STAY, Account, Bill, Relief, ReliefKind, ReliefReversal
from accounts.rules import money
from accounts.selectors.rebuilt import Rebuilt
from accounts.services import reactions
from accounts.services.locks import lock_account
from accounts.services.posting import check_amount, check_day, must_agree, re_age
from audit.services import Actor, record
from runs import clock


@transaction.atomic
def grant(
    *,
    actor: Actor,
    account_id: int,
    ref: str,
    kind: str,
    amount: Decimal,
    effective_on: date,
    bill_id: int | None = None,
    reason: str,
) -> Relief:
    """Take `amount` off a bill, or with `bill_id` None off the account's late fees, on `effective_on`. Locks customer → account.

    Known from this moment. Like money on that day it has what accrued until the day before posted first, so that late
    fees are one number (`accounts.selectors.owed`). All kinds but closures and voids lapse where a back-dated entry met
    their target first (`Relief`). Granting the same relief again returns the first.

    Raises:
        Invalid: an amount or a day that the ledger does not take, or a bill of another account or of a later statement
            (`field` names which).
        Conflict: less than `amount` is left of the target on that day (nothing is changed), or the reference exists with
            other values.
    """
    check_amount(amount)
    account = lock_account(account_id)
    check_day(effective_on, account.opened_on)
    bill = None if bill_id is None else Bill.objects.filter(pk=bill_id, account=account).first()
    if bill_id is not None and bill is None:
        raise Invalid(_("The bill belongs to another account."), "bill")
    if bill is not None and bill.statement_on > effective_on:
        raise Invalid(
            _("On %(day)s there is no bill %(ref)s yet: expected a day from its statement, %(statement)s, on.")
            % {"day": effective_on.isoformat(), "ref": bill.ref, "statement": bill.statement_on.isoformat()},
            "effective_on",
        )
    values = {
        "account_id": account.pk,
        "kind": ReliefKind(kind).value,
        "bill_id": bill_id,
        "amount": amount,
        "effective_on": effective_on,
    }
    if existing := Relief.objects.filter(ref=ref).first():
        must_agree(existing, values)
        return existing
    try:
        with transaction.atomic():
            relief = Relief.objects.create(ref=ref, recorded_at=clock.now(), reason=reason, **values)
    except IntegrityError:
        # Another account's lock is not ours: the same reference may have come in there since we looked.
        if existing := Relief.objects.filter(ref=ref).first():
            must_agree(existing, values)
        raise
    record(
        actor=actor,
        verb="relief.granted",
        subject=relief,
        customer_id=account.customer_id,
        account_id=account.pk,
        after=_told(relief, bill),
        reason=reason,
    )
    rebuilt = re_age(actor=actor, account=account, cause="relief", effective_on=effective_on)
    _must_be_found(relief, bill, rebuilt)
    _tell_of_money(actor, account, relief)
    return relief


@transaction.atomic
def take_back(*, actor: Actor, relief_id: int, reason: str, effective_on: date | None = None) -> ReliefReversal:
    """Take a relief back, from `effective_on` (None: its own day, as if it never was). Locks customer → account.

    Raises:
        Conflict: it is taken back already.
        Invalid: the taking back would come before the relief did.
    """
    relief = Relief.objects.select_related("bill").get(pk=relief_id)
    account = lock_account(relief.account_id)
    effective_on = effective_on or relief.effective_on
    if ReliefReversal.objects.filter(relief=relief).exists():
        raise Conflict(_("Relief %(ref)s is taken back already.") % {"ref": relief.ref})
    if effective_on < relief.effective_on:
        raise Invalid(
            _("A relief of %(relief)s cannot be taken back on %(day)s, before it counted.")
            % {"relief": relief.effective_on.isoformat(), "day": effective_on.isoformat()},
            "effective_on",
        )
    reversal = ReliefReversal.objects.create(
        relief=relief, effective_on=effective_on, recorded_at=clock.now(), reason=reason
    )
    record(
        actor=actor,
        verb="relief.taken-back",
        subject=relief,
        customer_id=account.customer_id,
        account_id=account.pk,
        before=_told(relief, relief.bill),
        after={"effective_on": effective_on.isoformat()},
        reason=reason,
    )
    re_age(actor=actor, account=account, cause="relief", effective_on=effective_on)
    _tell_of_money(actor, account, relief)
    return reversal


def _must_be_found(relief: Relief, bill: Bill | None, rebuilt: Rebuilt) -> None:
    """A relief dated ahead is not in the replay yet: it takes what it finds on its day."""
    if relief.effective_on.toordinal() > rebuilt.as_of:
        return
    found = money(rebuilt.met(-relief.pk, relief.bill_id))
    if found < relief.amount:
        raise Conflict(
            _("Of %(what)s only %(left)s is left on %(day)s, not %(amount)s. Look at the account again.")
            % {
                "what": _("the late fees") if bill is None else _("bill %(ref)s") % {"ref": bill.ref},
                "left": f"{found:,.2f}",
                "day": relief.effective_on.isoformat(),
                "amount": f"{relief.amount:,.2f}",
            }
        )


def _tell_of_money(actor: Actor, account: Account, relief: Relief) -> None:
    """What is taken off may be what a plan waits for. The floor that makes plans closes bills itself and knows it."""
    if relief.kind not in STAY:
        reactions.money_moved(actor, [account.customer_id])


def _told(relief: Relief, bill: Bill | None) -> dict[str, str | None]:
    return {
        "kind": relief.kind,
        "bill": bill.ref if bill else None,
        "amount": str(relief.amount),
        "effective_on": relief.effective_on.isoformat(),
    }
