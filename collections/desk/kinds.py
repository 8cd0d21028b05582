"""What moves money or days on an account by another person's decision: reversal, refund, write-off, acceleration and its end, the
final due date."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.errors import Conflict, Invalid
from accounts.models import Acceleration, Account, AccountStatus, BillKind, Payment, ReliefKind, Reversal
from accounts.selectors.owed import Owed, owed_now
from accounts.services import acceleration, relief
from accounts.services.posting import change_account, post_bill, reverse_payment
from accounts.services.status import change_status
from approvals.kinds import Kind, day_in
from approvals.models import Request
from approvals.present import refuse
from desk.days import check_final_date
from desk.present import changes, now_on
from runs import clock
from runs.said import said as _
from runs.selectors import open_day
from staff.models import LimitKind, User

ASK = "accounts.ask_money"
# What gives the debt up or calls all of it due is the desk's to ask for, not data entry's.
ASK_WHOLE = "accounts.ask_write_off"


class ReversalCode(models.TextChoices):
    BOUNCED = "bounced", gettext_lazy("Returned by the bank")
    CHARGEBACK = "chargeback", gettext_lazy("Chargeback")
    ERROR = "error", gettext_lazy("Posted in error")


class _OfAccount(Kind):
    ask_permission = ASK
    decide_permission = "accounts.decide_money"
    template = "desk/_request.html"
    valid_for = timedelta(days=7)

    def check(self, request: Request) -> None:
        self.check_possible(request)
        if request.preview.get("before"):
            refuse(changes(request, now_on(request.subject_id)))

    def check_shown(self, request: Request, present: Mapping[str, Any] | None) -> None:
        self.check_possible(request)
        refuse(present["changes"] if present else [])

    @abstractmethod
    def check_possible(self, request: Request) -> None:
        """Refuse (`Conflict`) what cannot be done any more, however the account was shown."""

    def present(self, request: Request) -> dict[str, Any] | None:
        now = now_on(request.subject_id)
        return {"now": now, "changes": found} if (found := changes(request, now)) else None

    def url(self, request: Request) -> str:
        return reverse("money", args=[request.subject_ref])

    def change_url(self, request: Request) -> str:
        return f"{self.url(request)}?ask={self.code}"


class ReversePayment(_OfAccount):
    """A payment that came back, or should never have been posted."""

    code = "reversal"
    label = gettext_lazy("Reverse a payment")

    def check_possible(self, request: Request) -> None:
        if Reversal.objects.filter(payment=request.payload["payment"]).exists():
            raise Conflict(_("Payment %(ref)s is reversed already.") % {"ref": request.preview["payment"]})

    def apply(self, request: Request, *, actor: User) -> None:
        payment = Payment.objects.get(pk=request.payload["payment"])
        why = f"{ReversalCode(request.payload['code']).value}: {request.reason}"[:300]
        reverse_payment(actor=actor, payment_id=payment.pk, reason=why)


class Refund(_OfAccount):
    """Waiting credit paid out."""

    code = "refund"
    label = gettext_lazy("Refund waiting credit")
    limit = LimitKind.REFUND

    def check_possible(self, request: Request) -> None:
        credit = _owed(request).waiting_credit
        if credit < Decimal(request.payload["amount"]):
            raise Conflict(
                _("Only %(credit)s waits as credit by now, not the %(amount)s asked for.")
                % {"credit": f"{credit:,.2f}", "amount": f"{Decimal(request.payload['amount']):,.2f}"}
            )

    def apply(self, request: Request, *, actor: User) -> None:
        post_bill(
            actor=actor,
            account_id=request.subject_id,
            ref=f"REFUND-{request.pk}",
            statement_on=clock.today(),
            due_on=clock.today(),
            principal=Decimal(request.payload["amount"]),
            kind=BillKind.REFUND,
        )


class WriteOff(_OfAccount):
    """All that is owed on an account, given up: the account is charged off."""

    code = "write-off"
    ask_permission = ASK_WHOLE
    label = gettext_lazy("Write an account off")
    limit = LimitKind.WRITE_OFF

    def check_possible(self, request: Request) -> None:
        owed, asked = _owed(request), Decimal(request.payload["total"])
        # Late fees go on until somebody decides: what accrued since is given up with the rest.
        accrued = owed.late_fee_now - Decimal(request.payload["late_fee"])
        if not owed.total or accrued < 0 or owed.total - accrued != asked:
            raise Conflict(
                _("%(total)s is owed by now, not the %(asked)s asked for.")
                % {"total": f"{owed.total:,.2f}", "asked": f"{asked:,.2f}"}
            )

    def apply(self, request: Request, *, actor: User) -> None:
        owed, on = _owed(request), open_day() or clock.today()
        parts: list[tuple[int | None, Decimal]] = [(bill.bill_id, bill.total) for bill in owed.bills]
        parts.append((None, owed.late_fee_now))
        relief.grant_many(
            actor=actor,
            grants=[
                relief.Grant(
                    account_id=request.subject_id,
                    ref=f"WRITE-OFF-{request.pk}-{bill_id or 'fees'}",
                    kind=ReliefKind.WRITE_OFF,
                    amount=amount,
                    effective_on=on,
                    bill_id=bill_id,
                    reason=request.reason[:300],
                )
                for bill_id, amount in parts
                if amount
            ],
        )
        change_status(
            actor=actor, account_id=request.subject_id, to=AccountStatus.CHARGED_OFF, reason=request.reason[:300]
        )


class Accelerate(_OfAccount):
    """The whole balance called due, of which the debtor was notified."""

    code = "acceleration"
    ask_permission = ASK_WHOLE
    label = gettext_lazy("Call the whole balance due")
    limit = LimitKind.ACCELERATION

    def check_possible(self, request: Request) -> None:
        if Acceleration.objects.filter(account=request.subject_id, withdrawn_at__isnull=True).exists():
            raise Conflict(_("The whole balance was called due already."))
        if not _owed(request).total:
            raise Conflict(_("Nothing is owed any more."))

    def apply(self, request: Request, *, actor: User) -> None:
        acceleration.accelerate(
            actor=actor,
            account_id=request.subject_id,
            due_on=date.fromisoformat(request.payload["due_on"]),
            notified_on=date.fromisoformat(request.payload["notified_on"]),
            reason=request.reason[:300],
        )


class Decelerate(_OfAccount):
    """The call withdrawn, as if it had never been."""

    code = "deceleration"
    ask_permission = ASK_WHOLE
    label = gettext_lazy("Withdraw an acceleration")

    def check_possible(self, request: Request) -> None:
        if not Acceleration.objects.filter(account=request.subject_id, withdrawn_at__isnull=True).exists():
            raise Conflict(_("No acceleration is in force."))

    def apply(self, request: Request, *, actor: User) -> None:
        in_force = Acceleration.objects.get(account=request.subject_id, withdrawn_at__isnull=True)
        acceleration.withdraw(actor=actor, acceleration_id=in_force.pk, reason=request.reason[:300])


class ChangeFinalDate(_OfAccount):
    """The day on which all of an account is due, put right: nobody moves it alone, for the days past due follow it."""

    code = "final-date"
    label = gettext_lazy("Change the final due date")
    limit = LimitKind.ACCELERATION

    def check_possible(self, request: Request) -> None:
        present, seen = self._account(request).final_due_on, day_in(request.payload["was"])
        if present != seen:
            raise Conflict(
                _("The final due date is %(day)s by now, not %(seen)s.") % {"day": present or "–", "seen": seen or "–"}
            )
        try:
            check_final_date(self._account(request), day_in(request.payload["final_due_on"]))
        except Invalid as error:
            raise Conflict(error.args[0]) from error

    def apply(self, request: Request, *, actor: User) -> None:
        account = self._account(request)
        change_account(
            actor=actor,
            account_id=account.pk,
            seen_version=account.version,
            credit_limit=account.credit_limit,
            final_due_on=day_in(request.payload["final_due_on"]),
            reason=request.reason[:300],
        )

    def _account(self, request: Request) -> Account:
        return Account.objects.get(pk=request.subject_id)


KINDS = (ReversePayment(), Refund(), WriteOff(), Accelerate(), Decelerate(), ChangeFinalDate())


def _owed(request: Request) -> Owed:
    return owed_now([request.subject_id])[request.subject_id]
