"""What the demo's people asked for and decided about debts in its last days, so that every page of it has something to show:
waivers, plans, freezes, a deferral, money; some of it waits for a decision still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.importing.files import PAYMENTS
from accounts.importing.run import run_import
from accounts.importing.sources import Source
from accounts.models import Account, UnmatchedPayment
from accounts.rules import money
from accounts.selectors.owed import owed_now
from accounts.services.posting import post_payment
from accounts.services.unmatched import match
from approvals import services as approvals
from approvals.models import Request
from audit.services import SystemActor
from cases.models import Case
from cases.services import holds
from desk import asking as desk
from desk import giving_back
from freezing.core import DONE, REFUSED, Answer
from freezing.models import CoreCommand
from freezing.services import commands
from freezing.services.sending import settle
from restructuring.models import Plan
from restructuring.services.agreements import agreement_of, sign_by_scan
from restructuring.services.asking import ask_plan
from restructuring.terms import WHOLE, Terms
from runs import clock
from runs.selectors import book_day
from staff.limits import within
from staff.models import LimitKind, User
from waivers.models import Basis, ReasonCode, Waiver
from waivers.selectors import Wanted
from waivers.services import asking as waivers

ACTOR = SystemActor("demo")
# Not more than a reader can look over.
FEE_WORTH_A_DECISION = Decimal(20)


class Deeds:
    """What is done on each day that the demo lives through: the collectors ask, the supervisor decides."""

    def __init__(self) -> None:
        people = {user.username: user for user in User.objects.all()}
        self.collector, self.senior = people["collector"], people["senior"]
        self.supervisor, self.deputy, self.entry = people["supervisor"], people["deputy"], people["entry"]
        self.early, self.late = _late("M1", "M2", "M3"), _late("M4", "M5", "M6", "M7+")
        self.settled: Plan | None = None

    def on(self, number: int) -> None:
        """The deeds of the n-th day, at the clock's moment."""
        days: dict[int, Callable[[], None]] = {1: self.begin, 2: self.pay, 4: self.go_on, 5: self.leave_waiting}
        if number in days:
            days[number]()

    # --- Day by day

    def begin(self) -> None:
        """Plans that will be kept, breached, at risk and on track; waivers granted and refused; a freeze and a deferral."""
        today = clock.today()
        try:
            self.settled = self.plan(kind="settlement", first_due_on=today + timedelta(days=2), covers=WHOLE)
            for days in (1, 3, 25):
                self.plan(kind="instalments", first_due_on=today + timedelta(days=days), count=3)
        except ImproperlyConfigured:
            pass  # no font that writes an agreement: the demo goes without plans
        granted = self.waiver(ReasonCode.GOODWILL, "Paid on time for years; it was the first fee.")
        self.approve(granted.request)
        refused = self.waiver(ReasonCode.LENDER_ERROR, "Says that our letter never came.")
        self.decide(approvals.reject, refused.request, "The letter was delivered; see the receipt.")
        self.freeze(DONE, "More than ninety days late and still spending.")
        self.approve(self.deferral(days=21), by=self.deputy)

    def pay(self) -> None:
        """The lump sum of the settlement comes, and more than was agreed."""
        if self.settled is not None:
            self.receive(self.settled.account_id, self.settled.total + 500)

    def go_on(self) -> None:
        """A waiver that waits for its payment, one that the policy grants by itself, and what the money desk does."""
        conditional = self.waiver(
            ReasonCode.REPAYMENT, "Will pay half by the end of next week.", basis=Basis.PERCENT, percent=Decimal(50), pays=2
        )  # fmt: skip
        self.approve(conditional.request)
        first = next(self.early)
        self.receive(first.pk, Decimal(200))
        small = min(owed_now([first.pk])[first.pk].late_fee_now, Decimal(100))
        self.waiver(ReasonCode.FIRST, "First time late, and paid since.", first, basis=Basis.AMOUNT, amount=small)
        account = next(self.late)
        payment = self.receive(account.pk, Decimal(1500))
        self.approve(
            desk.ask(
                actor=self.senior,
                account=account,
                kind="reversal",
                payment_ref=payment,
                code="bounced",
                reason="Returned by the customer's bank.",
            )
        )
        self.approve(
            desk.ask(
                actor=self.senior,
                account=self.decidable(LimitKind.WRITE_OFF),
                kind="write-off",
                reason="Died; the estate has nothing.",
            )
        )
        self.approve(self.acceleration("Three instalments missed; noticed by letter."))
        self.freeze(REFUSED, "Nothing came since the third letter.")

    def leave_waiting(self) -> None:
        """Of each kind one that is not decided yet."""
        today = clock.today()
        try:
            self.plan(kind="instalments", first_due_on=today + timedelta(days=20), count=6, decided=False)
            self.plan(kind="extension", first_due_on=today + timedelta(days=30), decided=False, signed=False)
        except ImproperlyConfigured:
            pass
        self.waiver(ReasonCode.HARDSHIP, "Lost the job last month.", basis=Basis.PERCENT, percent=Decimal(60))
        back = self.waiver(ReasonCode.COMPLAINT, "The complaint was decided in the customer's favour.")
        self.decide(approvals.send_back, back.request, "Attach the answer to the complaint, please.")
        if self.settled is not None:
            account = self.settled.account
            desk.ask(
                actor=self.collector,
                account=account,
                kind="refund",
                amount=Decimal(500),
                reason="Paid more than agreed.",
            )
        desk.ask(
            actor=self.senior,
            account=self.decidable(LimitKind.WRITE_OFF),
            kind="write-off",
            reason="Insolvent; nothing to expect.",
        )
        commands.ask(
            actor=self.senior, account_id=next(self.late).pk, verb="freeze", reason="Four months late, still spending."
        )
        self.acceleration("Four instalments missed; noticed by letter.")
        self.deferral(days=30)

    def receive_files(self) -> None:
        """Money of today's file: some names no account; one payment is matched, one goes back, the others wait."""
        account = next(self.early)
        mistyped = account.ref.replace("-", "").lower()
        rows = [(account.ref, 800), (mistyped, 650), ("DEMO-99999", 1200), ("4559 0021", 430), ("unknown", 75)]
        today = clock.today().isoformat()
        lines = ["payment_ref,account_ref,amount,effective_on,recorded_at,channel"]
        lines += [
            f"DEMO-FILE-{n},{ref},{amount},{today},,bank transfer" for n, (ref, amount) in enumerate(rows, start=1)
        ]
        content = "\n".join(lines).encode()
        run_import([Source(PAYMENTS, len(content), lambda: BytesIO(content))], actor=ACTOR)
        by_ref = {row.ref: row.pk for row in UnmatchedPayment.objects.filter(ref__startswith="DEMO-FILE-")}
        match(
            actor=self.entry, unmatched_id=by_ref["DEMO-FILE-2"], account_ref=account.ref, reason="Her name and amount."
        )
        self.approve(
            giving_back.ask(actor=self.entry, unmatched_id=by_ref["DEMO-FILE-5"], reason="No customer of ours.")
        )
        giving_back.ask(actor=self.entry, unmatched_id=by_ref["DEMO-FILE-4"], reason="The sender asks for it back.")

    # --- Asking and deciding

    def approve(self, request: Request | None, *, by: User | None = None) -> None:
        self.decide(approvals.approve, request, "", by=by)

    def decide(
        self, verdict: Callable[..., Request], request: Request | None, comment: str, *, by: User | None = None
    ) -> None:
        assert request is not None
        verdict(actor=by or self.supervisor, request_id=request.pk, seen_version=request.version, comment=comment)

    def plan(self, *, decided: bool = True, signed: bool = True, **terms: Any) -> Plan:
        account = next(self.early)
        if terms["kind"] == "settlement":
            terms["discount"] = int(owed_now([account.pk])[account.pk].total * 10)  # a tenth, in cents
        plan = ask_plan(
            actor=self.collector,
            account_id=account.pk,
            terms=Terms(annual_rate=Decimal("0.06") if terms["kind"] == "instalments" else Decimal(0), **terms),
            reason="Lost a part of the income, and can pay this.",
            income=Decimal(36_000),
            expenses=Decimal(24_000),
        )
        if signed:
            agreement = agreement_of(actor=self.collector, plan_id=plan.pk, language="zh-hans")
            scan = SimpleUploadedFile("scan.pdf", agreement.file.read(), "application/pdf")
            sign_by_scan(actor=self.collector, plan_id=plan.pk, language="zh-hans", file=scan)
        if decided:
            self.approve(plan.request)
        return plan

    def waiver(
        self, code: str, reason: str, account: Account | None = None, *, pays: int | None = None, **how: Any
    ) -> Waiver:
        """Ask for a waiver; `pays`: once so many parts in a hundred of what is overdue came within nine days."""
        account = account or next(self.early)
        if pays is not None:
            overdue = owed_now([account.pk])[account.pk].overdue
            how |= {"condition_amount": money(int(overdue * 50)), "condition_on": clock.today() + timedelta(days=9)}
        wanted = Wanted(account_id=account.pk, reason_code=code, **how)
        return waivers.ask(actor=self.collector, wanted=wanted, reason=reason)

    def freeze(self, answer: str, reason: str) -> None:
        request = commands.ask(actor=self.senior, account_id=next(self.late).pk, verb="freeze", reason=reason)
        self.approve(request)
        told = CoreCommand.objects.filter(request=request)
        told.update(attempts=1, sent_at=clock.now())
        for command in told:
            settle(command.pk, Answer(answer, "credit-line-closed" if answer == REFUSED else ""))

    def deferral(self, *, days: int) -> Request:
        account = next(self.early)
        case = Case.objects.get(customer=account.customer_id, status="open")
        today = clock.today()
        holds.place(
            actor=self.supervisor,
            case_id=case.pk,
            seen_version=case.version,
            account_id=account.pk,
            kind="deferral",
            starts_on=today,
            ends_on=today + timedelta(days=days - 1),
            reason="In hospital; the letter of the hospital is here.",
        )
        return Request.objects.filter(kind="deferral", subject_id=case.pk).latest("pk")

    def acceleration(self, reason: str) -> Request:
        today = clock.today()
        return desk.ask(
            actor=self.senior,
            account=self.decidable(LimitKind.ACCELERATION),
            kind="acceleration",
            notified_on=today - timedelta(days=10),
            due_on=today + timedelta(days=5),
            reason=reason,
        )

    def decidable(self, kind: LimitKind) -> Account:
        """A late account of which the supervisor may decide about all that is owed: what nobody may decide waits for ever."""
        return next(
            account
            for account in self.late
            if within(self.supervisor, kind, owed_now([account.pk])[account.pk].total, clock.today(), account.currency)
        )

    def receive(self, account_id: int, amount: Decimal) -> str:
        ref = f"DEMO-{account_id}-{clock.today():%m%d}"
        post_payment(
            actor=ACTOR,
            account_id=account_id,
            ref=ref,
            amount=amount,
            effective_on=clock.today(),
            channel="bank transfer",
        )
        return ref


def _late(*buckets: str) -> Iterator[Account]:
    """Late accounts of these buckets that nobody works on and whose late fee is worth a decision, one after the other. Not
    those of which the book knows a payment of the next days: it would overtake what waits for a decision."""
    found = (
        Account.objects.filter(standing__bucket__in=buckets, status="active")
        .filter(customer__cases__status="open", customer__cases__assignee=None)
        .exclude(payments__effective_on__gt=book_day())
        .select_related("customer")
        .order_by("-pk")[:80]
    )
    fees = owed_now([account.pk for account in found])
    yield from (account for account in found if fees[account.pk].late_fee_now >= FEE_WORTH_A_DECISION)
