"""Taking a promise to pay, and cancelling one. What becomes of it is judged in `judging`, by the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Standing
from accounts.services.posting import LAST_DAY, MOST
from audit.services import Actor, record
from cases.models import Case, Promise, PromiseInstalment, PromiseStatus
from cases.selectors.debts import debts
from cases.selectors.terms import work_terms
from cases.services.authority import most_days
from cases.services.concluding import conclude
from cases.services.contacts import check_contact
from cases.services.judging import judge
from cases.services.versions import lock_case
from runs import clock
from runs.selectors import book_day
from staff.limits import ask_further
from staff.models import LimitKind, User

CENT = Decimal("0.01")


@transaction.atomic
def take_promise(
    *,
    actor: User,
    case_id: int,
    seen_version: int,
    instalments: Sequence[tuple[date, Decimal]],
    account_id: int | None = None,
    contact_id: int | None = None,
    note: str = "",
) -> Promise:
    """Take the debtor's promise to pay by these dates and amounts, from today on.

    `account_id` None: on whatever of the customer's debts in the case's currency; else it is in the account's. An open promise
    of the case is cancelled: the new one replaces it. Of today's money, what is recorded from now on counts. Locks customer →
    case.

    Raises:
        StaleScreen: the case changed since `seen_version`.
        Conflict: the case is closed.
        Invalid: no instalment or too many, a date or an amount out of place, more than is owed, or beyond what the actor
            may decide; the message says how far she may go, and who may further. `field` is "instalments", "account",
            "contact" or "note".
    """
    case = lock_case(case_id=case_id, seen_version=seen_version, open_only=True)
    currency = check_promise(case, instalments, account_id, contact_id, note, actor=actor)
    return _take(case, actor, actor, currency, instalments, account_id, contact_id, note)


@transaction.atomic
def take_approved(
    *,
    actor: User,
    taken_by: User,
    case_id: int,
    instalments: Sequence[tuple[date, Decimal]],
    account_id: int | None,
    contact_id: int | None,
    note: str,
) -> Promise:
    """Take a promise that `taken_by` asked for and `actor` approved, whose limit was asked there; else as `take_promise`. Locks
    customer → case."""
    case = lock_case(case_id=case_id, open_only=True)
    currency = check_promise(case, instalments, account_id, contact_id, note)
    return _take(case, actor, taken_by, currency, instalments, account_id, contact_id, note)


def check_promise(
    case: Case,
    instalments: Sequence[tuple[date, Decimal]],
    account_id: int | None,
    contact_id: int | None,
    note: str,
    *,
    actor: User | None = None,
) -> str:
    """Refuse (`Invalid`) what is no promise of the case, which is locked, or goes beyond what `actor`, if any, may decide; the
    currency that it is in."""
    today = clock.today()
    _check_instalments(instalments, today)
    if actor is not None:
        _check_authority(actor, instalments[-1][0], today)
    currency = _check_owed(case, account_id, sum((part for _day, part in instalments), Decimal(0)))
    check_contact(case, contact_id)
    if len(note) > 300:
        raise Invalid(_("The note is %(count)d characters long; it may have 300.") % {"count": len(note)}, "note")
    return currency


def _take(
    case: Case,
    actor: User,
    taken_by: User,
    currency: str,
    instalments: Sequence[tuple[date, Decimal]],
    account_id: int | None,
    contact_id: int | None,
    note: str,
) -> Promise:
    amount = sum((part for _day, part in instalments), Decimal(0))
    before = Promise.objects.filter(case=case, status=PromiseStatus.OPEN).first()
    if before is not None:
        _cancel(before)
    now = clock.now()
    promise = Promise.objects.create(
        case=case,
        account_id=account_id,
        contact_id=contact_id,
        currency=currency,
        amount=amount,
        made_on=clock.today(),
        made_at=now,
        taken_by=taken_by,
        taken_by_name=str(taken_by),
        note=note.strip(),
    )
    PromiseInstalment.objects.bulk_create(
        PromiseInstalment(promise=promise, number=number, due_on=due_on, amount=part)
        for number, (due_on, part) in enumerate(instalments, start=1)
    )
    if before is not None:
        record(
            actor=actor,
            verb="promise.replaced",
            subject=before,
            customer_id=case.customer_id,
            account_id=before.account_id,
            before={"status": PromiseStatus.OPEN},
            after={"status": before.status, "promise": promise.pk},
        )
    record(
        actor=actor,
        verb="promise.taken",
        subject=promise,
        customer_id=case.customer_id,
        account_id=account_id,
        after={
            "amount": str(amount),
            "currency": currency,
            "instalments": [f"{due_on.isoformat()} {part}" for due_on, part in instalments],
        },
    )
    judge(actor=actor, customer_ids=[case.customer_id])
    conclude(case)
    promise.refresh_from_db()
    return promise


@transaction.atomic
def cancel_promise(*, actor: User, promise_id: int, seen_version: int, reason: str) -> Promise:
    """Cancel an open promise: it is not judged any more. `seen_version` is the case's. Locks customer → case.

    Raises:
        StaleScreen: the case changed since `seen_version`.
        Conflict: the promise is not open any more.
        Invalid: no reason.
    """
    case = lock_case(
        case_id=Promise.objects.values_list("case_id", flat=True).get(pk=promise_id), seen_version=seen_version
    )
    promise = Promise.objects.get(pk=promise_id)
    if promise.status != PromiseStatus.OPEN:
        raise Conflict(
            _("This promise is not open any more but: %(status)s.") % {"status": promise.get_status_display()}
        )
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Say why the promise is cancelled."), "reason")
    _cancel_for(promise, case, actor, reason)
    return promise


def cancel_promises(*, actor: Actor, account: Account, reason: str) -> list[Promise]:
    """Cancel the open promises to pay this account's debt, which from now on is to be paid otherwise: those on it, and those on
    all debts in its currency while no other of the customer's is overdue. In the caller's transaction, which holds the
    customer; locks the cases. Calling again changes nothing.
    """
    on_it = Q(account=account)
    others = Standing.objects.filter(account__customer=account.customer_id, account__currency=account.currency)
    if not others.exclude(account=account).filter(overdue_amount__gt=0).exists():
        on_it |= Q(account=None, currency=account.currency)
    found = list(
        Promise.objects.filter(on_it, case__customer=account.customer_id, status=PromiseStatus.OPEN).order_by(
            "case", "pk"
        )
    )
    for promise in found:
        case = lock_case(case_id=promise.case_id)
        _cancel_for(promise, case, actor, reason)
    return found


def _cancel_for(promise: Promise, case: Case, actor: Actor, reason: str) -> None:
    _cancel(promise)
    record(
        actor=actor,
        verb="promise.cancelled",
        subject=promise,
        customer_id=case.customer_id,
        account_id=promise.account_id,
        before={"status": PromiseStatus.OPEN},
        after={"status": promise.status},
        reason=reason,
    )
    conclude(case)


def _cancel(promise: Promise) -> None:
    """Instalments that were judged stay judged; the open ones go with the promise."""
    promise.status = PromiseStatus.CANCELLED
    promise.closed_at = clock.now()
    promise.version += 1
    promise.save(update_fields=["status", "closed_at", "version"])
    promise.instalments.filter(status=PromiseStatus.OPEN).update(status=PromiseStatus.CANCELLED)


def _check_instalments(instalments: Sequence[tuple[date, Decimal]], today: date) -> None:
    if not instalments:
        raise Invalid(_("A promise needs a date and an amount."), "instalments")
    most = work_terms(today).promise_most_instalments
    if len(instalments) > most:
        raise Invalid(
            _("%(count)d instalments are too many: a promise has at most %(most)d.")
            % {"count": len(instalments), "most": most},
            "instalments",
        )
    earliest = today
    for due_on, amount in instalments:
        if not amount.is_finite() or not 0 < amount <= MOST or amount != amount.quantize(CENT):
            raise Invalid(
                _("%(amount)s is no amount to promise: expected more than 0, with two decimals at most.")
                % {"amount": amount},
                "instalments",
            )
        if due_on > LAST_DAY:
            raise Invalid(
                _("%(day)s is too far ahead: expected %(last)s or earlier.")
                % {"day": due_on.isoformat(), "last": LAST_DAY.isoformat()},
                "instalments",
            )
        if due_on < earliest:
            raise Invalid(
                _(
                    "%(day)s is too early: expected %(earliest)s or later. Instalments go from today on, one after another."
                )
                % {"day": due_on.isoformat(), "earliest": earliest.isoformat()},
                "instalments",
            )
        earliest = due_on + timedelta(days=1)


def _check_authority(actor: User, last: date, today: date) -> None:
    most = most_days(actor, LimitKind.PROMISE_DAYS, today)
    ahead = (last - today).days
    if most is not None and ahead > most:
        raise Invalid(
            _("%(day)s is too far ahead: you may take promises until %(last)s.")
            % {"day": last.isoformat(), "last": (today + timedelta(days=most)).isoformat()}
            + ask_further(LimitKind.PROMISE_DAYS, ahead, today),
            "instalments",
        )


def _check_owed(case: Case, account_id: int | None, amount: Decimal) -> str:
    """Not more than is owed, on the account or on all in the case's currency, with what is billed by the book's day. The
    currency."""
    account, currency = None, case.currency
    if account_id is not None:
        account = Account.objects.filter(pk=account_id, customer_id=case.customer_id).first()
        if account is None:
            raise Invalid(_("That account is another customer's."), "account")
        currency = account.currency
    owed = sum(
        (
            max(view.owed, Decimal(0))
            for view in debts(case.customer_id, book_day() or clock.today())
            if view.account.currency == currency and account_id in (None, view.account.pk)
        ),
        Decimal(0),
    )
    if amount > owed:
        told = {"amount": f"{amount:,.2f}", "owed": f"{owed:,.2f}", "currency": currency}
        if account is None:
            message = _("%(amount)s %(currency)s is more than is owed: %(owed)s %(currency)s in all.") % told
        else:
            message = _("%(amount)s %(currency)s is more than is owed on %(account)s: %(owed)s %(currency)s.") % (
                told | {"account": account.ref}
            )
        raise Invalid(message, "instalments")
    return currency
