"""What people, payers, days and the core system do by chance to a customer's accounts, and what must hold whatever they do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from accounts.errors import BookError
from accounts.models import Acceleration, Account, AccountStatus, Bill, Hold, Payment, Standing
from accounts.rules import cents
from accounts.selectors.owed import owed_now
from accounts.services import posting
from approvals import services as approvals
from approvals.models import OPEN, Request, RequestStatus
from audit.models import Event
from cases.models import Case
from cases.services import holds
from desk import asking as desk
from freezing.core import ACCEPTED, DONE, REFUSED, UNCLEAR, Answer
from freezing.models import OPEN as UNDER_WAY
from freezing.models import CommandVerb, CoreCommand, FreezePolicy
from freezing.services import commands
from freezing.services.sending import settle
from restructuring.models import LIVE, PROPOSED, BreachTerms, Plan, PlanRule
from restructuring.services.asking import ask_plan
from restructuring.terms import CARRY, LEAVE, OVERDUE, WHOLE, Terms
from runs import clock
from runs.selectors import book_day
from staff.models import User
from strategy.models import Proposal, Rule
from tests.restructuring.deeds import ACTOR, bill, close_through, noon, proved
from waivers.models import Basis, ReasonCode, Waiver, WaiverStatus
from waivers.selectors import Wanted
from waivers.services import asking as waivers
from waivers.services.granting import TAKEABLE, ask_to_take_back

which = st.sampled_from([0, 0, 0, 1])
any_of = st.integers(0, 9)
people = st.sampled_from(["lin", "lin", "lin", "chen"])
# What becomes of a request at once, if anything; what waits is decided about later, when the book has moved on.
verdicts = st.sampled_from(["approve", "approve", "approve", "wait", "wait", "reject", "send_back", "approve_own"])
days = st.integers(0, 25)
answers = st.sampled_from([DONE, DONE, DONE, ACCEPTED, REFUSED, UNCLEAR])


class Deeds(RuleBasedStateMachine):
    """What people, payers, the days and the core system do to one customer's two accounts. Each run begins with the same book
    and leaves no trace."""

    accounts: ClassVar[list[Account]]
    people: ClassVar[dict[str, User]]
    did: ClassVar[set[str]]

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.moved = True
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(transaction.set_rollback, True)

    def teardown(self) -> None:
        self.stack.close()

    # --- How deeds are done

    @property
    def day(self) -> date:
        """The open business day, on which the clock stands."""
        closed = book_day()
        assert closed is not None
        return closed + timedelta(days=1)

    @property
    def now(self) -> datetime:
        return noon(self.day) + timedelta(seconds=self.number)

    def do(self, name: str, deed: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """What came of it; None where it was refused, and then nothing at all happened."""
        self.number += 1
        before = Event.objects.count()
        with clock.frozen(self.now):
            try:
                done = deed(*given, **named)
            except (BookError, PermissionDenied):
                assert Event.objects.count() == before, name
                return None
        self.moved = True
        self.did.add(name)
        return done

    def asked(self, name: str, verdict: str, deed: Callable[..., Any], **named: Any) -> None:
        """Something is asked for, and perhaps decided at once."""
        request = self.do(name, deed, reason="Lost her job", **named)
        if isinstance(request, Plan | Waiver):
            request = request.request
        if request is not None:
            self.decide_about(request, verdict)

    def decide_about(self, request: Request, verdict: str) -> None:
        if verdict == "wait":
            return
        given: dict[str, Any] = {"request_id": request.pk, "seen_version": request.version}
        author = User.objects.get(pk=request.requested_by_id)
        if verdict == "approve_own":
            assert self.do("approved-own", approvals.approve, actor=author, **given) is None
            return
        by = next(self.people[name] for name in ("chen", "wang") if self.people[name] != author)
        verb = getattr(approvals, verdict)
        done = {"approve": "approved", "reject": "rejected", "send_back": "sent-back"}[verdict]
        self.do(done, verb, actor=by, comment="As agreed", **given)

    def owed(self, n: int) -> Any:
        return owed_now([self.accounts[n].pk])[self.accounts[n].pk]

    # --- The rules of the house

    @initialize(
        restores=st.booleans(), grace=st.integers(0, 5), after=st.integers(1, 2), freezes=st.booleans(), frees=st.booleans(),
        whole=st.booleans(),
    )  # fmt: skip
    def begin(self, restores: bool, grace: int, after: int, freezes: bool, frees: bool, whole: bool) -> None:
        PlanRule.objects.update(
            needs_signature=False,
            grace_days=grace,
            breach_after=after,
            breach_terms=BreachTerms.RESTORE if restores else BreachTerms.STAND,
        )
        FreezePolicy.objects.update(freezes=freezes, unfreezes=frees, whole_customer=whole, days_late=30)

    # --- Asking

    @rule(
        n=which, who=people, verdict=verdicts, kind=st.sampled_from(["instalments", "instalments", "extension", "settlement"]),
        first=st.integers(2, 25), covers=st.sampled_from([OVERDUE, WHOLE]), late_fee=st.sampled_from([CARRY, LEAVE]),
        method=st.sampled_from(["equal-instalments", "equal-principal", "stepped", "balloon"]), count=st.integers(1, 4),
        rate=st.integers(0, 20), cut=st.integers(0, 20_000),
    )  # fmt: skip
    def ask_a_plan(
        self, n: int, who: str, verdict: str, kind: str, first: int, covers: str, late_fee: str, method: str, count: int,
        rate: int, cut: int,
    ) -> None:  # fmt: skip
        terms = Terms(
            kind=kind,
            first_due_on=self.day + timedelta(days=first),
            covers=covers,
            late_fee=late_fee,
            method=method,
            count=count,
            annual_rate=Decimal(rate) / 100,
            step_every=2,
            step_rate=Decimal("0.1"),
            balloon=cut,
            discount=cut if kind == "settlement" else 0,
        )
        self.asked("plan-asked", verdict, ask_plan, actor=self.people[who], account_id=self.accounts[n].pk, terms=terms)

    @rule(
        n=which, who=people, verdict=verdicts, code=st.sampled_from(ReasonCode.values), percent=st.integers(1, 100),
        basis=st.sampled_from([Basis.FULL, Basis.PERCENT, Basis.AMOUNT]), pays=st.sampled_from([0, 0, 5, 100, 800]), by=days,
        needs=st.booleans(),
    )  # fmt: skip
    def ask_a_waiver(
        self, n: int, who: str, verdict: str, code: str, percent: int, basis: str, pays: int, by: int, needs: bool
    ) -> None:
        earlier = Waiver.objects.order_by("-pk").first() if needs else None
        wanted = Wanted(
            account_id=self.accounts[n].pk,
            reason_code=code,
            basis=basis,
            percent=Decimal(percent) if basis == Basis.PERCENT else None,
            amount=Decimal(percent) / 10 if basis == Basis.AMOUNT else None,
            condition_amount=Decimal(pays) if pays else None,
            condition_on=self.day + timedelta(days=by) if pays else None,
            needs_id=earlier.pk if earlier else None,
        )
        self.asked("waiver-asked", verdict, waivers.ask, actor=self.people[who], wanted=wanted)

    @precondition(lambda self: Waiver.objects.filter(status__in=TAKEABLE).exists())
    @rule(one=any_of, who=people, verdict=verdicts)
    def ask_to_take_a_waiver_back(self, one: int, who: str, verdict: str) -> None:
        waiver = pick(Waiver.objects.filter(status__in=TAKEABLE), one)
        named = {"actor": self.people[who], "waiver_id": waiver.pk}
        self.asked("waiver-back-asked", verdict, ask_to_take_back, **named)

    @rule(
        n=which,
        who=people,
        verdict=verdicts,
        kind=st.sampled_from(["refund", "write-off", "acceleration", "deceleration", "final-date"]),
        by=days,
    )
    def ask_at_the_money_desk(self, n: int, who: str, verdict: str, kind: str, by: int) -> None:
        named: dict[str, Any] = {"actor": self.people[who], "account": self.accounts[n]}
        if kind == "refund":
            named["amount"] = self.owed(n).waiting_credit
        elif kind == "acceleration":
            named |= {"notified_on": self.day, "due_on": self.day + timedelta(days=by)}
        elif kind == "final-date":
            named["final_due_on"] = self.day + timedelta(days=30 * by)
        self.asked(f"{kind}-asked", verdict, desk.ask, kind=kind, **named)

    @precondition(lambda self: Payment.objects.filter(reversal=None).exists())
    @rule(one=any_of, who=people, verdict=verdicts)
    def ask_for_a_reversal(self, one: int, who: str, verdict: str) -> None:
        payment = pick(Payment.objects.filter(reversal=None), one)
        named = {"account": payment.account, "kind": "reversal", "payment_ref": payment.ref, "code": "bounced"}
        self.asked("reversal-asked", verdict, desk.ask, actor=self.people[who], **named)

    @rule(n=which, who=people, verdict=verdicts, answer=st.none() | answers)
    def ask_to_freeze(self, n: int, who: str, verdict: str, answer: str | None) -> None:
        is_frozen = Account.objects.filter(pk=self.accounts[n].pk, status=AccountStatus.FROZEN).exists()
        verb = CommandVerb.UNFREEZE if is_frozen else CommandVerb.FREEZE
        named = {"actor": self.people[who], "account_id": self.accounts[n].pk, "verb": verb.value}
        self.asked(f"{verb.value}-asked", verdict, commands.ask, **named)
        if answer is not None:
            for command in CoreCommand.objects.filter(account=self.accounts[n], status__in=UNDER_WAY):
                self.do("told", settle, command.pk, Answer(answer))

    @precondition(lambda self: Case.objects.filter(status="open").exists())
    @rule(n=which, verdict=verdicts, back=st.integers(0, 9), on=days)
    def ask_for_a_deferral(self, n: int, verdict: str, back: int, on: int) -> None:
        case = Case.objects.get(status="open")
        placed = self.do(
            "deferral-asked",
            holds.place,
            actor=self.people["chen"],
            case_id=case.pk,
            seen_version=case.version,
            account_id=self.accounts[n].pk,
            kind="deferral",
            starts_on=self.day - timedelta(days=back),
            ends_on=self.day + timedelta(days=on),
            reason="Ill",
        )
        if placed is not None:
            self.decide_about(Request.objects.latest("pk"), verdict)

    # --- Deciding what waits

    @precondition(lambda self: Request.objects.filter(status__in=OPEN).exists())
    @rule(one=any_of, verdict=verdicts)
    def decide(self, one: int, verdict: str) -> None:
        self.decide_about(pick(Request.objects.filter(status__in=OPEN), one), verdict)

    @precondition(lambda self: Request.objects.filter(status__in=OPEN).exists())
    @rule(one=any_of, again=st.booleans())
    def withdraw_or_ask_again(self, one: int, again: bool) -> None:
        request = pick(Request.objects.filter(status__in=OPEN), one)
        given: dict[str, Any] = {"actor": request.requested_by, "seen_version": request.version}
        if not again:
            self.do("withdrawn", approvals.withdraw, request_id=request.pk, **given)
        elif request.kind == waivers.KIND:
            waiver = Waiver.objects.get(request=request)
            named = {"waiver_id": waiver.pk, "wanted": Wanted.of(waiver), "reason": "Again"}
            self.do("asked-again", waivers.ask_again, **named, **given)
        else:
            same = {name: getattr(request, name) for name in ("payload", "preview", "reason", "amount")}
            self.do("asked-again", approvals.resubmit, request_id=request.pk, **same, **given)

    # --- Money, days, the core system

    @rule(n=which, amount=st.sampled_from([50, 300, 900, 2500]), back=st.sampled_from([0, 0, 1, 9, 40]))
    def pay(self, n: int, amount: int, back: int) -> None:
        self.do(
            "paid",
            posting.post_payment,
            actor=ACTOR,
            account_id=self.accounts[n].pk,
            ref=f"P{self.number}",
            amount=Decimal(amount),
            effective_on=self.day - timedelta(days=back),
        )

    @rule(n=which, back=st.booleans())
    def pay_what_is_overdue(self, n: int, back: bool) -> None:
        owed = self.owed(n)
        amount = owed.overdue + owed.late_fee_now
        if cents(amount):
            on = self.day - timedelta(days=2 if back else 0)
            given = {"account_id": self.accounts[n].pk, "ref": f"P{self.number}", "amount": amount, "effective_on": on}
            self.do("paid", posting.post_payment, actor=ACTOR, **given)

    @precondition(lambda self: Payment.objects.filter(reversal=None).exists())
    @rule(one=any_of)
    def reverse(self, one: int) -> None:
        payment = pick(Payment.objects.filter(reversal=None), one)
        self.do("reversed", posting.reverse_payment, actor=ACTOR, payment_id=payment.pk, reason="returned")

    @precondition(lambda self: Bill.objects.filter(ref__startswith="N").count() < 4)
    @rule(n=which)
    def owe(self, n: int) -> None:
        self.do("owed", bill, self.accounts[n], f"N{self.number}", self.day, self.day + timedelta(days=15), "120")

    @rule(number=st.sampled_from([1, 1, 2, 3, 7]))
    def pass_days(self, number: int) -> None:
        self.do("day-passed", close_through, self.day + timedelta(days=number - 1))
        with clock.frozen(self.now):
            approvals.expire_overdue()

    @precondition(lambda self: Standing.objects.exists())
    @rule(one=any_of)
    def propose_to_freeze(self, one: int) -> None:
        late = pick(Account.objects.filter(standing__isnull=False), one)
        if not Proposal.objects.filter(account=late, kind="freeze", status="open").exists():
            Proposal.objects.create(
                account=late, kind="freeze", rule=Rule.objects.earliest("pk"), business_day=self.day
            )

    @precondition(lambda self: CoreCommand.objects.filter(status__in=UNDER_WAY).exists())
    @rule(one=any_of, answer=answers)
    def be_answered(self, one: int, answer: str) -> None:
        command = pick(CoreCommand.objects.filter(status__in=UNDER_WAY), one)
        self.do("told", settle, command.pk, Answer(answer))

    # --- What holds whatever happened

    @invariant()
    def the_book_proves_itself(self) -> None:
        if not self.moved:
            return
        connection.check_constraints()
        with clock.frozen(self.now):
            proved(*self.accounts)
        self.moved = False

    @invariant()
    def no_account_is_in_two_plans_and_a_live_one_holds_back_its_collection(self) -> None:
        for account in self.accounts:
            plans = Plan.objects.filter(account=account)
            assert plans.filter(status__in=LIVE).count() <= 1
            assert plans.filter(status__in=PROPOSED).count() <= 1
        for plan in Plan.objects.filter(running_on__isnull=False):
            ours = Hold.objects.filter(account=plan.account_id, reason=plan.ref, withdrawn_at=None, ends_on=None)
            assert sorted(ours.values_list("kind", flat=True)) == (["contact", "fees"] if plan.is_live else []), plan

    @invariant()
    def what_is_asked_for_is_open_once_and_decided_by_another(self) -> None:
        requests = list(Request.objects.all())
        subjects = [(one.kind, one.subject_type, one.subject_id) for one in requests if one.status in OPEN]
        assert len(subjects) == len(set(subjects))
        assert all(one.decided_by_id != one.requested_by_id for one in requests)
        approved = {one.pk for one in requests if one.status == RequestStatus.APPROVED}
        for waiver in Waiver.objects.exclude(status=WaiverStatus.ASKED):
            assert waiver.request_id in approved or waiver.policy.automatic_up_to >= waiver.amount
        for plan in Plan.objects.filter(running_on__isnull=False):
            assert plan.request_id in approved
        for account in self.accounts:
            assert Acceleration.objects.filter(account=account, withdrawn_at=None).count() <= 1

    @invariant()
    def an_account_stands_as_the_core_system_said_last(self) -> None:
        for account in Account.objects.all():
            told = CoreCommand.objects.filter(account=account)
            assert told.filter(status__in=UNDER_WAY).count() <= 1
            last = told.filter(status="confirmed").order_by("pk").last()
            if account.status != AccountStatus.CHARGED_OFF:
                is_frozen = last is not None and last.verb == CommandVerb.FREEZE
                assert account.status == (AccountStatus.FROZEN if is_frozen else AccountStatus.ACTIVE)


def pick(rows: Any, number: int) -> Any:
    """One of the rows by chance."""
    found = list(rows.order_by("pk"))
    return found[number % len(found)]
