"""The one way in for a single change of the book: accounts, bills, payments, reversals.

Every function locks customer → account, writes the entry, replays the account, writes its standing and events, and lets
upper floors react, in one transaction. Back-dated postings are ordinary. Money is `Decimal` with two places in the
account's currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.currencies import is_currency, no_currency
from accounts.errors import Conflict, Invalid
from accounts.models import Account, Bill, BillKind, EntryKind, LedgerEntry, Origin, Payment, Product, Relief, Reversal
from accounts.services.locks import lock_account, lock_customer
from accounts.services.opening import ensure_open
from accounts.services.re_aging import re_age, together
from audit.services import Actor, record, record_many
from runs import clock

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2999, 12, 31)
MOST = Decimal("999999999999.99")  # what a column of money holds
TOLD_OF_BILLS = ("kind", "statement_on", "due_on", "principal", "interest", "service_fee", "minimum_given")


@transaction.atomic
def open_account(
    *,
    actor: Actor,
    ref: str,
    customer_id: int,
    product_code: str,
    currency: str,
    credit_limit: Decimal | None = None,
    opened_on: date | None = None,
    final_due_on: date | None = None,
    origin: str = Origin.ENTERED,
) -> Account:
    """Open a credit line. Locks the customer.

    Raises:
        Invalid: an unknown product or currency, or a final due date before the opening.
        Conflict: the reference is taken.
    """
    ensure_open()
    customer = lock_customer(customer_id)
    product = Product.objects.filter(code=product_code).first()
    if product is None:
        raise Invalid(_("There is no product %(code)s.") % {"code": product_code}, "product")
    if not is_currency(currency):
        raise Invalid(no_currency(currency), "currency")
    if opened_on and final_due_on and final_due_on < opened_on:
        raise Invalid(_("The final due date lies before the opening of the account."), "final_due_on")
    if Account.objects.filter(ref=ref).exists():
        raise Conflict(_("The account reference %(ref)s is taken. Choose another.") % {"ref": ref})
    account = Account.objects.create(
        ref=ref,
        customer=customer,
        product=product,
        currency=currency,
        credit_limit=credit_limit,
        opened_on=opened_on,
        final_due_on=final_due_on,
        origin=origin,
        recorded_at=clock.now(),
    )
    record(
        actor=actor,
        verb="account.opened",
        subject=account,
        customer_id=customer.pk,
        account_id=account.pk,
        after={"product": product.code, "currency": currency, "credit_limit": _text(credit_limit)},
    )
    re_age(actor=actor, account=account, cause="account", effective_on=None)
    return account


@transaction.atomic
def change_account(
    *,
    actor: Actor,
    account_id: int,
    seen_version: int,
    credit_limit: Decimal | None,
    final_due_on: date | None,
    reason: str = "",
) -> Account:
    """Change an account's limit or final due date; a moved final date re-ages the account. Locks customer → account.

    Raises:
        Conflict: someone changed the account since `seen_version` was read.
        Invalid: a final due date before the opening.
    """
    account = lock_account(account_id)
    if account.version != seen_version:
        raise Conflict(_("Someone changed this account meanwhile. Look at it again, then repeat your change."))
    if account.opened_on and final_due_on and final_due_on < account.opened_on:
        raise Invalid(_("The final due date lies before the opening of the account."), "final_due_on")
    before = {"credit_limit": _text(account.credit_limit), "final_due_on": _text(account.final_due_on)}
    account.credit_limit, account.final_due_on = credit_limit, final_due_on
    account.version += 1
    account.save(update_fields=["credit_limit", "final_due_on", "version"])
    record(
        actor=actor,
        verb="account.changed",
        subject=account,
        customer_id=account.customer_id,
        account_id=account.pk,
        before=before,
        after={"credit_limit": _text(credit_limit), "final_due_on": _text(final_due_on)},
        reason=reason,
    )
    re_age(actor=actor, account=account, cause="account", effective_on=None)
    return account


@dataclass(frozen=True)
class NewBill:
    """A bill to be posted. `minimum_due` None lets the product's rule decide; bills of plans and refunds (`kind`) ask for the
    whole then."""

    ref: str
    statement_on: date
    due_on: date
    principal: Decimal
    interest: Decimal = Decimal(0)
    service_fee: Decimal = Decimal(0)
    minimum_due: Decimal | None = None
    kind: str = BillKind.STATEMENT


def post_bill(
    *,
    actor: Actor,
    account_id: int,
    ref: str,
    statement_on: date,
    due_on: date,
    principal: Decimal,
    interest: Decimal = Decimal(0),
    service_fee: Decimal = Decimal(0),
    minimum_due: Decimal | None = None,
    kind: str = BillKind.STATEMENT,
) -> Bill:
    """Post one bill, as `post_bills`. Locks customer → account."""
    new = NewBill(ref, statement_on, due_on, principal, interest, service_fee, minimum_due, kind)
    (bill,) = post_bills(actor=actor, account_id=account_id, bills=[new])
    return bill


@transaction.atomic
def post_bills(*, actor: Actor, account_id: int, bills: Sequence[NewBill]) -> list[Bill]:
    """Post bills of one account, their charges, and whatever the replay, one for all, makes of them; returned in the order in
    which they are given. Locks customer → account.

    A refund of waiting credit is a bill due on its statement day: the credit meets it at once, and what is not there after
    all is owed. Posting the same bill again changes nothing.

    Raises:
        Invalid: a negative amount, or due before the statement.
        Conflict: a reference exists with other values.
    """
    for one in bills:
        check_bill(one)
    account = lock_account(account_id)
    now = clock.now()
    posted = {bill.ref: bill for bill in Bill.objects.filter(ref__in=[one.ref for one in bills])}
    new: list[Bill] = []
    for one in bills:
        values = {"account_id": account.pk, **vars(one), "kind": BillKind(one.kind).value}
        values["minimum_given"] = values.pop("minimum_due")
        if existing := posted.get(one.ref):
            must_agree(existing, values)
        else:
            # The replay writes the caches, the minimum in force among them, before anyone can read the row.
            posted[one.ref] = Bill(recorded_at=now, minimum_due=0, **values)
            new.append(posted[one.ref])
    Bill.objects.bulk_create(new)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account=account,
            kind=EntryKind.CHARGE,
            amount=bill.principal + bill.interest + bill.service_fee,
            effective_on=bill.statement_on,
            recorded_at=now,
            bill=bill,
        )
        for bill in new
    )
    record_many(
        actor=actor,
        verb="bill.posted",
        subject_type="bill",
        rows=[
            (
                bill.pk,
                bill.ref,
                account.customer_id,
                account.pk,
                None,
                {name: _text(getattr(bill, name)) for name in TOLD_OF_BILLS},
                "",
            )
            for bill in new
        ],
    )
    with together(actor=actor, cause="bill"):
        for bill in new:
            re_age(actor=actor, account=account, cause="bill", effective_on=bill.statement_on)
    fresh = Bill.objects.in_bulk([bill.pk for bill in posted.values()])
    return [fresh[posted[one.ref].pk] for one in bills]


@transaction.atomic
def post_payment(
    *,
    actor: Actor,
    account_id: int,
    ref: str,
    amount: Decimal,
    effective_on: date,
    recorded_at: datetime | None = None,
    channel: str = "",
    designated_bill_id: int | None = None,
) -> Payment:
    """Post money in. It counts from `effective_on`; `recorded_at` None means known from this moment.

    Locks customer → account. Posting the same payment again returns the first.

    Raises:
        Invalid: an amount or a day that the ledger does not take (`field` names which), or a designated bill of another
            account.
        Conflict: the reference exists with other values, or was taken for another account at this moment.
    """
    check_amount(amount)
    account = lock_account(account_id)
    check_day(effective_on, account.opened_on)
    if designated_bill_id and not Bill.objects.filter(pk=designated_bill_id, account=account).exists():
        raise Invalid(_("The designated bill belongs to another account."), "designated_bill")
    values = {
        "account_id": account.pk,
        "amount": amount,
        "effective_on": effective_on,
        "channel": channel,
        "designated_bill_id": designated_bill_id,
    }
    if existing := Payment.objects.filter(ref=ref).first():
        must_agree(existing, values | ({"recorded_at": recorded_at} if recorded_at else {}))
        return existing
    try:
        with transaction.atomic():
            payment = Payment.objects.create(ref=ref, recorded_at=recorded_at or clock.now(), **values)
    except IntegrityError:
        # Another account's lock is not ours: the same reference may have come in there since we looked.
        if existing := Payment.objects.filter(ref=ref).first():
            must_agree(existing, values)
        raise
    LedgerEntry.objects.create(
        account=account,
        kind=EntryKind.PAYMENT,
        amount=-amount,
        effective_on=effective_on,
        recorded_at=payment.recorded_at,
        payment=payment,
    )
    record(
        actor=actor,
        verb="payment.posted",
        subject=payment,
        customer_id=account.customer_id,
        account_id=account.pk,
        after={"amount": _text(amount), "effective_on": effective_on.isoformat(), "channel": channel},
    )
    re_age(actor=actor, account=account, cause="payment", effective_on=effective_on, moves_money=True)
    return payment


@transaction.atomic
def reverse_payment(
    *, actor: Actor, payment_id: int, reason: str, effective_on: date | None = None, recorded_at: datetime | None = None
) -> Reversal:
    """Take a payment back, from `effective_on` (None: the payment's own day). Locks customer → account.

    Raises:
        Conflict: it is reversed already.
        Invalid: the reversal would take effect before the payment did.
    """
    payment = Payment.objects.get(pk=payment_id)
    account = lock_account(payment.account_id)
    effective_on = effective_on or payment.effective_on
    if Reversal.objects.filter(payment=payment).exists():
        raise Conflict(_("Payment %(ref)s is reversed already.") % {"ref": payment.ref})
    if effective_on < payment.effective_on:
        raise Invalid(
            _("A reversal on %(reversal)s cannot come before its payment of %(payment)s.")
            % {"reversal": effective_on.isoformat(), "payment": payment.effective_on.isoformat()},
            "effective_on",
        )
    now = recorded_at or clock.now()
    reversal = Reversal.objects.create(payment=payment, effective_on=effective_on, recorded_at=now, reason=reason)
    LedgerEntry.objects.create(
        account=account,
        kind=EntryKind.REVERSAL,
        amount=payment.amount,
        effective_on=effective_on,
        recorded_at=now,
        payment=payment,
        reverses=LedgerEntry.objects.get(account=account, payment=payment, kind=EntryKind.PAYMENT),
    )
    record(
        actor=actor,
        verb="payment.reversed",
        subject=payment,
        customer_id=account.customer_id,
        account_id=account.pk,
        before={"amount": _text(payment.amount)},
        after={"effective_on": effective_on.isoformat()},
        reason=reason,
    )
    re_age(actor=actor, account=account, cause="reversal", effective_on=effective_on, moves_money=True)
    return reversal


def check_bill(one: NewBill) -> None:
    """Refuse (`Invalid`) a bill of a negative amount, or due before its statement."""
    for field in ("principal", "interest", "service_fee", "minimum_due"):
        amount = getattr(one, field)
        if amount is not None and amount < 0:
            raise Invalid(_("%(amount)s is negative. Bills hold amounts of 0 or more.") % {"amount": amount}, field)
    if one.due_on < one.statement_on:
        raise Invalid(
            _("Due on %(due)s lies before the statement of %(statement)s.")
            % {"due": one.due_on.isoformat(), "statement": one.statement_on.isoformat()},
            "due_on",
        )


def check_amount(amount: Decimal) -> None:
    """Refuse (`Invalid`) what is no amount of money to post: not above 0, over `MOST`, or of parts of a cent."""
    if not amount.is_finite() or not 0 < amount <= MOST or amount != round(amount, 2):
        raise Invalid(
            _("%(amount)s is no amount: expected more than 0, at most %(most)s, with two decimals at most.")
            % {"amount": amount, "most": f"{MOST:,}"},
            "amount",
        )


def check_day(day: date, opened_on: date | None) -> None:
    """Refuse (`Invalid`) a day that the ledger does not take, or one before the account was opened."""
    first = max(FIRST_DAY, opened_on or FIRST_DAY)
    if not first <= day <= LAST_DAY:
        raise Invalid(
            _("%(day)s is no day for this account: expected %(first)s to %(last)s.")
            % {"day": day.isoformat(), "first": first.isoformat(), "last": LAST_DAY.isoformat()},
            "effective_on",
        )


def must_agree(existing: Bill | Payment | Relief, values: dict[str, object]) -> None:
    """Refuse (`Conflict`) a reference that exists with other values: the same posting again is none."""
    for field, value in values.items():
        if getattr(existing, field) != value:
            raise Conflict(
                _("%(ref)s exists with another %(field)s: %(there)s, not %(given)s.")
                % {"ref": existing.ref, "field": field, "there": getattr(existing, field), "given": value}
            )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
