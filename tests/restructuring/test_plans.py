"""A plan's life in the book: asked for, decided, kept, breached, opened again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.urls import reverse

from accounts.errors import Conflict, Invalid
from accounts.models import Bill, Hold, Relief, Standing, Watch
from accounts.selectors.explain import explain
from accounts.selectors.owed import owed_now
from accounts.services import acceleration, posting
from accounts.services.relief import grant
from approvals import kinds
from approvals import services as approvals
from approvals.models import Request
from audit.models import Event
from cases.selectors import timeline
from restructuring.models import Plan, PlanInstalment, PlanRule, PlanTarget
from restructuring.terms import LEAVE, WHOLE, Terms
from runs import clock
from staff.models import AuthorityLimit
from strategy.models import Proposal, Rule
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.restructuring.deeds import (
    ACTOR,
    TODAY,
    approve,
    ask,
    bill,
    close_through,
    noon,
    pay,
    proved,
    running,
    unsigned_plans,
)

pytestmark = pytest.mark.django_db


def test_what_is_asked_for_is_the_overdue_amount_with_its_late_fees(account, lin, chen, terms) -> None:
    owed = owed_now([account.pk])[account.pk]
    plan = ask(lin, account, terms, income=Decimal(6000), expenses=Decimal(4000))
    assert (plan.principal, plan.interest, plan.service_fee) == (1400, 80, 20)
    assert plan.late_fee == owed.late_fee_now > 0
    assert plan.balance + plan.plan_interest == plan.total == sum(one.total for one in plan.instalments.all())
    assert plan.payable == Decimal("1000.00")
    assert plan.annual_cost is not None
    assert 0.055 < plan.annual_cost < 0.062
    request = Request.objects.get()
    assert (request.kind, request.amount, request.customer_id) == ("restructuring", plan.balance, account.customer_id)
    assert request.preview["total"] == str(plan.total)
    assert not Bill.objects.filter(kind="plan").exists()


def test_approved_it_closes_the_old_bills_and_opens_its_own_in_one_go(account, lin, chen, terms) -> None:
    before = proved(account)
    standing = Standing.objects.get(account=account)
    assert standing.bucket == "M2"
    plan = running(lin, chen, account, terms)
    assert plan.status == "running"
    assert proved(account) == before + plan.plan_interest
    owed = owed_now([account.pk])[account.pk]
    assert (owed.overdue, owed.late_fee_now) == (0, 0)
    assert [one.ref for one in owed.bills] == ["B3", *(f"{plan.ref}-{n}" for n in range(1, 7))]
    assert sum(Relief.objects.filter(kind="closure").values_list("amount", flat=True)) == plan.balance
    watch = Watch.objects.get()
    assert (watch.floor, watch.starts_on, watch.ends_on) == ("special-mention", TODAY, date(2027, 3, 1))
    held = Hold.objects.filter(withdrawn_at=None).order_by("kind").values_list("kind", "starts_on", "ends_on")
    assert list(held) == [("contact", TODAY, None), ("fees", TODAY, None)]
    assert Request.objects.get().status == "approved"


def test_the_class_stays_no_better_than_the_watch_says(account, lin, chen, terms) -> None:
    running(lin, chen, account, terms)
    standing = Standing.objects.filter(account=account).first()
    assert standing is None or standing.risk_class == "special-mention"


def test_asked_for_it_takes_up_what_a_strategy_proposed(account, lin, chen, terms) -> None:
    rule = Rule.objects.get(code="first-late")
    proposed, frozen = (
        Proposal.objects.create(account=account, kind=kind, rule=rule, business_day=TODAY)
        for kind in ("plan", "freeze")
    )
    ask(lin, account, terms)
    proposed.refresh_from_db()
    frozen.refresh_from_db()
    assert (proposed.status, frozen.status) == ("taken", "open")


def test_an_unsigned_plan_is_not_decided(account, lin, chen, terms) -> None:
    plan = ask(lin, account, terms)
    with pytest.raises(Conflict, match="is not signed yet"):
        approve(chen, plan)
    plan.refresh_from_db()
    assert (plan.status, Relief.objects.count()) == ("asked", 0)


def test_nobody_approves_her_own(account, chen, terms) -> None:
    unsigned_plans()
    UserFactory(role="supervisor")
    plan = ask(chen, account, terms)
    with pytest.raises(Conflict, match="somebody else"):
        approve(chen, plan)
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.update(decided_by=chen, decided_at=clock.now())


def test_a_payment_meanwhile_is_told_and_nothing_is_changed(account, lin, chen, terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms)
    pay(account, "P1", "100")
    with pytest.raises(Conflict, match=r"B1: 1,000\.00 then, 900\.00 now"):
        approve(chen, plan)
    assert not Relief.objects.exists()
    assert not Hold.objects.exists()


def test_a_waiver_of_the_same_fee_meanwhile_is_told(account, lin, chen, terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms)
    grant(
        actor=ACTOR, account_id=account.pk, ref="W1", kind="waiver", amount=Decimal(5), effective_on=TODAY, reason="x"
    )
    with pytest.raises(Conflict, match="late fees: "):
        approve(chen, plan)


def test_days_that_pass_until_the_decision_cost_no_late_fee(account, lin, chen, terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms)
    close_through(date(2026, 3, 5))
    with clock.frozen(noon(date(2026, 3, 6))):
        assert owed_now([account.pk])[account.pk].late_fee_now > plan.late_fee
        approve(chen, plan)
        plan.refresh_from_db()
        assert (plan.status, plan.running_on) == ("running", date(2026, 3, 6))
        assert owed_now([account.pk])[account.pk].late_fee_now == 0
        proved(account)


def test_an_account_is_never_in_two_plans(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    with pytest.raises(Conflict, match=f"has plan {plan.ref}, which is not over"):
        ask(lin, account, terms)
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan.objects.create(
            ref="R2", account=account, customer_id=account.customer_id, rule=plan.rule, kind="instalments",
            status="running", currency="CNY", starts_on=TODAY, running_on=TODAY, terms={}, principal=1, interest=0,
            service_fee=0, late_fee=0, total=1, present_value=1, grace_days=1, breach_after=1, breach_terms="restore",
            asked_at=clock.now(),
        )  # fmt: skip


def test_a_second_proposal_waits_for_the_first_and_a_sent_back_one_is_asked_again(account, lin, chen, terms) -> None:
    first = ask(lin, account, terms)
    with pytest.raises(Conflict, match="must end first"):
        ask(lin, account, terms)
    approvals.send_back(actor=chen, request_id=first.request_id, seen_version=1, comment="Longer")
    assert kinds.get("restructuring").change_url(Request.objects.get()) == reverse("plan-new", args=[account.ref])
    second = ask(lin, account, Terms(kind="instalments", first_due_on=date(2026, 4, 1), count=12))
    first.refresh_from_db()
    assert (first.status, second.status, second.request_id) == ("cancelled", "asked", first.request_id)
    request = Request.objects.get()
    assert (request.status, request.payload) == ("pending", {"plan": second.pk})
    approvals.reject(actor=chen, request_id=request.pk, seen_version=request.version, comment="No")
    third = ask(lin, account, terms)
    second.refresh_from_db()
    assert (second.status, third.status) == ("cancelled", "asked")


def test_a_kept_plan_ends_and_lets_go(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    bill_3 = Decimal(300)
    pay(account, "P1", plan.total + bill_3)
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("kept", TODAY)
    assert not Hold.objects.filter(withdrawn_at=None, ends_on=None).exists()
    assert Watch.objects.filter(withdrawn_at=None).exists()
    assert proved(account) == 0


def test_a_reversal_opens_a_kept_plan_again(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    payment = pay(account, "P1", plan.total + 300)
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("running", None)
    assert set(Hold.objects.filter(withdrawn_at=None, ends_on=None).values_list("kind", flat=True)) == {
        "contact",
        "fees",
    }
    proved(account)
    assert Event.objects.filter(verb="plan.reopened").count() == 1


def test_a_missed_instalment_is_at_risk_then_breached_and_everything_paid_is_credited(account, lin, chen, soon) -> None:
    plan = running(lin, chen, account, soon)
    first = plan.instalments.first()
    close_through(date(2026, 3, 5))
    plan.refresh_from_db()
    assert (plan.status, plan.late) == ("running", 0)
    close_through(date(2026, 3, 6))
    plan.refresh_from_db()
    assert (plan.status, plan.late, plan.missed) == ("at-risk", 1, 0)
    assert list_differences() == []
    with clock.frozen(noon(date(2026, 3, 7))):
        pay(account, "P1", first.total + 300)  # B3 too
        plan.refresh_from_db()
        assert plan.status == "running"
    close_through(date(2026, 4, 8))
    plan.refresh_from_db()
    assert plan.status == "at-risk"
    close_through(date(2026, 4, 9))
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("breached", date(2026, 4, 9))
    with clock.frozen(noon(date(2026, 4, 10))):
        page = signed_in(chen).get(reverse("plan", args=[plan.ref])).content.decode()
        assert "– <small>credited to the old bills</small>" in page
        assert 'data-label="Paid">–</td>' in page
        # The old debt, no late fee of the days of the plan, less what was paid.
        left = proved(account)
        owed = owed_now([account.pk])[account.pk]
        assert left - owed.late_fee_not_posted == plan.balance - first.total
        assert {one.kind for one in owed.bills} == {"statement"}
        # The plan's own bills are void; nothing took them over.
        voids = Relief.objects.filter(bill__kind="plan").values_list("kind", flat=True)
        assert set(voids) == {"void"}
        assert len(voids) == 6
        told = " ".join(explain(account).sentences)
        assert "“Void: the plan fell back”" in told
        assert "“Taken over by a plan”" in told
        standing = Standing.objects.get(account=account)
        assert standing.overdue_since == date(2026, 1, 20)
        watch = Watch.objects.get(withdrawn_at=None)
        assert watch.ends_on == date(2027, 4, 9)
        assert not Hold.objects.filter(withdrawn_at=None, ends_on=None).exists()
        # Nothing more happens to it.
        close_through(date(2026, 4, 10))
        plan.refresh_from_db()
        assert plan.status == "breached"


def list_differences() -> list[object]:
    from accounts.selectors.verify import account_range, differences

    return list(differences(*account_range()))


def test_terms_that_let_the_instalments_stand_leave_the_plans_bills(account, lin, chen, soon) -> None:
    PlanRule.objects.update(breach_terms="stand")
    plan = running(lin, chen, account, soon)
    close_through(date(2026, 3, 9))
    plan.refresh_from_db()
    assert plan.status == "breached"
    with clock.frozen(noon(date(2026, 3, 10))):
        owed = owed_now([account.pk])[account.pk]
        assert [one.ref for one in owed.bills if one.kind != "plan"] == ["B3"]
        assert owed.overdue == plan.instalments.first().total
        proved(account)


def test_more_missed_instalments_may_be_borne_and_each_begins_the_watch_anew(account, lin, chen, soon) -> None:
    PlanRule.objects.update(breach_after=2)
    plan = running(lin, chen, account, soon)
    close_through(date(2026, 3, 9))
    plan.refresh_from_db()
    assert (plan.status, plan.missed) == ("at-risk", 1)
    assert Watch.objects.get(withdrawn_at=None).ends_on == date(2027, 3, 9)
    assert list_differences() == []


def test_the_gate_knows_that_a_kept_plan_is_not_collected(account, lin, chen, terms) -> None:
    from compliance.selectors import look
    from tests.factories import ContactPointFactory

    ContactPointFactory(customer=account.customer, kind="mobile", clear="13800002046")
    with clock.frozen(noon(TODAY) + timedelta(hours=2)):
        (seen,) = look(customer_id=account.customer_id, account_id=account.pk)
        assert seen.verdict.allowed
        running(lin, chen, account, terms)
        (seen,) = look(customer_id=account.customer_id, account_id=account.pk)
    assert not seen.verdict.allowed
    assert seen.verdict.rule == "hold"


def test_a_settlement_lets_the_rest_off_when_it_is_paid_and_not_when_it_is_breached(account, lin, chen) -> None:
    before = proved(account)
    terms = Terms(kind="settlement", first_due_on=date(2026, 3, 15), discount=30_000)
    plan = running(lin, chen, account, terms)
    assert (plan.total, plan.discount) == (plan.balance - 300, 300)
    assert proved(account) == before - 300
    close_through(date(2026, 3, 18))
    plan.refresh_from_db()
    assert plan.status == "at-risk"
    close_through(date(2026, 3, 19))
    plan.refresh_from_db()
    assert plan.status == "breached"
    with clock.frozen(noon(date(2026, 3, 20))):
        owed = owed_now([account.pk])[account.pk]
        assert proved(account) - owed.late_fee_not_posted == before


def test_a_discount_beyond_the_rule_is_refused(account, lin) -> None:
    with pytest.raises(Invalid, match="is more than the"):
        ask(lin, account, Terms(kind="settlement", first_due_on=date(2026, 3, 15), discount=60_000))


def test_more_than_sixty_months_and_too_dear_are_refused(account, lin) -> None:
    with pytest.raises(Invalid, match="too late: it may be due until 2031-03-01"):
        ask(lin, account, Terms(kind="instalments", first_due_on=date(2026, 4, 1), count=61))
    with pytest.raises(Invalid, match=r"at most 24\.00 % is allowed"):
        ask(lin, account, Terms(kind="instalments", first_due_on=date(2026, 4, 1), count=6, annual_rate=Decimal("0.3")))


def test_an_extension_moves_the_due_dates(account, lin, chen) -> None:
    plan = running(lin, chen, account, Terms(kind="extension", first_due_on=date(2026, 4, 20)))
    bills = Bill.objects.filter(kind="plan").order_by("due_on")
    assert list(bills.values_list("due_on", flat=True)) == [date(2026, 4, 20), date(2026, 5, 21)]
    assert plan.total == plan.balance
    proved(account)


def test_a_plan_over_the_whole_balance_takes_what_is_not_due_yet(account, lin, chen) -> None:
    plan = running(
        lin,
        chen,
        account,
        Terms(kind="instalments", first_due_on=date(2026, 4, 1), count=3, covers=WHOLE, late_fee=LEAVE),
    )
    assert (plan.principal, plan.late_fee) == (1700, 0)
    owed = owed_now([account.pk])[account.pk]
    assert {one.kind for one in owed.bills} == {"plan"}
    assert owed.late_fee_now > 0
    proved(account)


def test_the_final_date_moves_with_a_plan_and_back(account, lin, chen, soon) -> None:
    account.refresh_from_db()
    posting.change_account(
        actor=ACTOR,
        account_id=account.pk,
        seen_version=account.version,
        credit_limit=None,
        final_due_on=date(2026, 2, 20),
    )
    plan = running(lin, chen, account, soon)
    account.refresh_from_db()
    assert account.final_due_on == date(2026, 8, 5)
    # The final date was over, so the whole balance was overdue: B3 is in the plan too.
    assert plan.principal == 1700
    assert not Standing.objects.filter(account=account, overdue_amount__gt=0).exists()
    close_through(date(2026, 3, 9))
    account.refresh_from_db()
    plan.refresh_from_db()
    assert (plan.status, account.final_due_on) == ("breached", date(2026, 2, 20))
    with clock.frozen(noon(date(2026, 3, 10))):
        proved(account)


def test_a_call_for_the_whole_balance_is_withdrawn_before_a_plan_is_asked_for(account, lin, terms) -> None:
    acceleration.accelerate(
        actor=ACTOR, account_id=account.pk, due_on=date(2026, 2, 20), notified_on=date(2026, 2, 1), reason="x"
    )
    with pytest.raises(Conflict, match=r"is called due on 2026-02-20\. Have that withdrawn"):
        ask(lin, account, terms)


def test_a_first_instalment_that_is_over_cannot_be_approved(account, lin, chen) -> None:
    unsigned_plans()
    plan = ask(lin, account, Terms(kind="instalments", first_due_on=date(2026, 3, 3), count=2))
    close_through(date(2026, 3, 2))
    with clock.frozen(noon(date(2026, 3, 3))), pytest.raises(Conflict, match="was to be paid on 2026-03-03"):
        approve(chen, plan)


def test_more_than_her_authority_climbs(account, lin, chen, terms) -> None:
    bill(account, "B9", date(2026, 1, 1), date(2026, 1, 20), "60000")
    unsigned_plans()
    limits = AuthorityLimit.objects.filter(kind="restructuring")
    limits.update(most=100_000)
    plan = ask(lin, account, terms)
    limits.update(most=50_000)
    with pytest.raises(Conflict, match="more than you may decide"):
        approve(chen, plan)


def test_what_was_agreed_cannot_be_changed_in_the_database(account, lin, chen, terms) -> None:
    ask(lin, account, terms)
    for change in (
        lambda: Plan.objects.update(total=F("total") + 1, plan_interest=F("plan_interest") + 1),
        lambda: PlanInstalment.objects.filter(number=1).update(due_on=TODAY),
        lambda: PlanTarget.objects.update(amount=1),
        lambda: Plan.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_timeline_tells_of_it_once(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    entries = timeline(account.customer_id, "work")
    assert sorted((one.what, one.facts["verb"]) for one in entries) == [
        ("event", "plan.running"),
        ("request", "request.approved"),
        ("request", "request.asked"),
    ]
    approved = next(one.facts for one in entries if one.facts["verb"] == "request.approved")
    assert (approved["of"], approved["amount"], approved["actor"]) == ("restructuring", str(plan.balance), "Chen")
    (taken,) = (one.facts for one in timeline(account.customer_id, "money") if one.what == "relief")
    assert (taken["kind"], taken["amount"], taken["of"]) == ("closure", str(plan.balance), plan.ref)
