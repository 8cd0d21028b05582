"""Asking for what moves money on an account: what the request will say, what it would do, and the request itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import rules
from accounts.errors import Conflict, Invalid
from accounts.models import Account, AccountStatus, BillKind, Payment
from accounts.rules import cents, ordinal
from accounts.selectors.facts import AccountFacts
from accounts.selectors.owed import owed_now
from accounts.selectors.what_if import NOT_YET, Change, Thought, pictures, with_reliefs
from accounts.services.locks import lock_account
from accounts.services.posting import check_amount
from approvals import kinds
from approvals import services as approvals
from approvals.models import Request
from desk.days import check_acceleration, check_final_date
from desk.present import told, told_again
from runs import clock
from runs.selectors import open_day
from staff.models import User


@dataclass(frozen=True)
class Wanted:
    """What is wanted on an account: what the request says, and, for its preview, the change to the account's facts, the day on
    which that takes effect (None: no day of its own) and the status that the account would get."""

    kind: str
    account: Account
    payload: dict[str, Any]
    said: dict[str, Any]
    amount: Decimal | None
    change: Change
    effective_on: date | None = None
    status: str = ""

    def effect(self) -> dict[str, Any]:
        """The account `before` and `after`, as a request keeps it, what `follows` elsewhere (coded reasons), and what is owed
        `again` where a plan falls back. Queries as `pictures`; no locks, and nothing is written."""
        before, after = pictures(self.account.pk, self.change, self.effective_on)
        return {
            "before": told(before, self.account.status),
            "after": told(after, self.status or self.account.status),
            "follows": list(after.follows),
            **({"again": told_again(after.again)} if after.again else {}),
        }

    def refusal(self) -> str:
        """Why it cannot be asked for now; blank where it can."""
        unwritten = Request(kind=self.kind, subject_id=self.account.pk, payload=self.payload, preview=self.said)
        try:
            kinds.get(self.kind).check(unwritten)
        except Conflict as error:
            return str(error)
        return ""


def reversal(account: Account, *, payment_ref: str, code: str) -> Wanted:
    """A payment of the account taken back; `code` says why it came back.

    Raises:
        Invalid: no such payment on that account.
    """
    payment = Payment.objects.filter(account=account, ref=payment_ref.strip()).first()
    if payment is None:
        raise Invalid(
            _("Account %(ref)s has no payment “%(payment)s”.") % {"ref": account, "payment": payment_ref}, "payment_ref"
        )
    key, on = payment.pk, payment.effective_on

    def change(facts: AccountFacts) -> AccountFacts:
        return replace(facts, credits=[credit for credit in facts.credits if credit.key != key])

    said = {"payment": payment.ref, "effective_on": on, "code": code}
    return Wanted("reversal", account, {"payment": key, "code": code}, said, payment.amount, change, on)


def refund(account: Account, *, amount: Decimal) -> Wanted:
    """Waiting credit paid out.

    Raises:
        Invalid: what is no amount.
    """
    check_amount(amount)
    today = clock.today()
    day, ref = today.toordinal(), f"REFUND-{NOT_YET}"
    asks = rules.Bill(NOT_YET, ref, day, day, 0, 0, cents(amount), None, BillKind.REFUND.value)

    def change(facts: AccountFacts) -> AccountFacts:
        bills = sorted([*facts.bills, asks], key=lambda bill: (bill.due_on, str(bill.ref)))
        return replace(facts, bills=bills)

    credit = owed_now([account.pk])[account.pk].waiting_credit
    return Wanted("refund", account, {"amount": str(amount)}, {"waiting_credit": credit}, amount, change, today)


def write_off(account: Account) -> Wanted:
    """All that is owed on the account now, written off."""
    owed, today = owed_now([account.pk])[account.pk], open_day() or clock.today()
    parts = [(bill.bill_id, bill.total) for bill in owed.bills] + [(0, owed.late_fee_now)]
    wanted = [Thought(bill, cents(amount), today.toordinal(), lapses=True) for bill, amount in parts if amount]

    def change(facts: AccountFacts) -> AccountFacts:
        return with_reliefs(facts, wanted)

    said = {"total": owed.total}
    gone = AccountStatus.CHARGED_OFF.value
    payload = {"total": str(owed.total), "late_fee": str(owed.late_fee_now)}
    return Wanted("write-off", account, payload, said, owed.total, change, today, gone)


def acceleration(account: Account, *, notified_on: date, due_on: date) -> Wanted:
    """Everything on the account called due.

    Raises:
        Invalid: as `desk.days.check_acceleration`.
    """
    check_acceleration(account, notified_on=notified_on, due_on=due_on)
    days = {"notified_on": notified_on.isoformat(), "due_on": due_on.isoformat()}
    total = owed_now([account.pk])[account.pk].total
    called = rules.Acceleration(due_on.toordinal(), 0)

    def change(facts: AccountFacts) -> AccountFacts:
        return replace(facts, accelerations=[*facts.accelerations, called])

    return Wanted("acceleration", account, days, days | {"total": total}, total, change)


def deceleration(account: Account) -> Wanted:
    """The acceleration in force, withdrawn."""

    def change(facts: AccountFacts) -> AccountFacts:
        return replace(facts, accelerations=[])

    return Wanted("deceleration", account, {}, {}, None, change)


def final_date(account: Account, *, final_due_on: date | None) -> Wanted:
    """Another final due date, or none.

    Raises:
        Invalid: the one it has, or as `desk.days.check_final_date`.
    """
    was = account.final_due_on
    if final_due_on == was:
        raise Invalid(_("%(day)s is the final due date already.") % {"day": was or "–"}, "final_due_on")
    check_final_date(account, final_due_on)
    payload = {"final_due_on": final_due_on and final_due_on.isoformat(), "was": was and was.isoformat()}
    day, total = ordinal(final_due_on), owed_now([account.pk])[account.pk].total

    def change(facts: AccountFacts) -> AccountFacts:
        return replace(facts, terms=replace(facts.terms, final_due_on=day))

    return Wanted("final-date", account, payload, {}, total, change)


WANTED: Mapping[str, Callable[..., Wanted]] = {
    "reversal": reversal,
    "refund": refund,
    "write-off": write_off,
    "acceleration": acceleration,
    "deceleration": deceleration,
    "final-date": final_date,
}


@transaction.atomic
def ask(
    *,
    actor: User,
    account: Account,
    kind: str,
    reason: str,
    documents: Sequence[UploadedFile] = (),
    **values: Any,
) -> Request:
    """Ask for what `WANTED[kind]` makes of `values`, or again for what was sent back. Locks customer → account, so that the
    preview is of one moment.

    Raises:
        Invalid: as the kind's own function; or no reason.
        PermissionDenied, Conflict: as `approvals.services.ask`.
    """
    account = lock_account(account.pk)
    wanted = WANTED[kind](account, **values)
    return approvals.ask_anew(
        actor=actor,
        kind=kind,
        subject=account,
        customer=account.customer,
        payload=wanted.payload,
        preview=wanted.said | wanted.effect(),
        reason=reason,
        amount=wanted.amount,
        currency=account.currency,
        documents=documents,
    )
