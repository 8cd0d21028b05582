"""Asking for a plan: what it is about, and what the rules refuse."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.errors import Conflict, Invalid
from accounts.models import Bill
from accounts.selectors.owed import owed_now
from accounts.services import acceleration
from approvals import kinds
from approvals import services as approvals
from approvals.models import Request
from restructuring.terms import Terms
from strategy.models import Proposal, Rule
from tests.restructuring.deeds import (
    ACTOR,
    TODAY,
    ask,
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


def test_a_discount_beyond_the_rule_is_refused(account, lin) -> None:
    with pytest.raises(Invalid, match="is more than the"):
        ask(lin, account, Terms(kind="settlement", first_due_on=date(2026, 3, 15), discount=60_000))


def test_more_than_sixty_months_and_too_dear_are_refused(account, lin) -> None:
    with pytest.raises(Invalid, match="too late: it may be due until 2031-03-01"):
        ask(lin, account, Terms(kind="instalments", first_due_on=date(2026, 4, 1), count=61))
    with pytest.raises(Invalid, match=r"at most 24\.00 % is allowed"):
        ask(lin, account, Terms(kind="instalments", first_due_on=date(2026, 4, 1), count=6, annual_rate=Decimal("0.3")))


def test_a_call_for_the_whole_balance_is_withdrawn_before_a_plan_is_asked_for(account, lin, terms) -> None:
    acceleration.accelerate(
        actor=ACTOR, account_id=account.pk, due_on=date(2026, 2, 20), notified_on=date(2026, 2, 1), reason="x"
    )
    with pytest.raises(Conflict, match=r"is called due on 2026-02-20\. Have that withdrawn"):
        ask(lin, account, terms)
