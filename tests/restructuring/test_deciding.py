"""A plan is decided: what enters the book, and what refuses it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F

from accounts.errors import Conflict
from accounts.models import Bill, Hold, Relief, Standing, Watch
from accounts.selectors.owed import owed_now
from accounts.services.relief import grant
from approvals.models import Request
from cases.selectors import timeline
from restructuring.models import Plan, PlanInstalment, PlanTarget
from restructuring.terms import LEAVE, WHOLE, Terms
from runs import clock
from staff.models import AuthorityLimit
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
