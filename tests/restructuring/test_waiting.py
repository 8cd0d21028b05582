"""A plan that waits for a decision: nights alone do not spoil it; what else changes is told, and it is renewed with one press."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.errors import Conflict
from accounts.models import Account
from accounts.services import posting
from approvals import services as approvals
from approvals.models import Request
from restructuring.models import Plan
from restructuring.selectors.position import position
from restructuring.services.asking import renew_plan
from restructuring.terms import WHOLE, Terms
from runs import clock
from staff.models import User
from tests.factories import UserFactory
from tests.restructuring.deeds import ACTOR, TODAY, approve, ask, bill, close_through, noon, pay, proved, unsigned_plans

DAYS = 3


def nights(plan: Plan, account: Account, chen: User) -> Plan:
    """The plan, approved after some nights in the first of which a bill fell due, and another came."""
    close_through(TODAY + timedelta(days=DAYS - 1))
    with clock.frozen(noon(TODAY + timedelta(days=DAYS))):
        approve(chen, plan)
        plan.refresh_from_db()
        proved(account)
    return plan


@pytest.mark.parametrize("due_ahead", [0, 1], ids=["today", "tomorrow"])
def test_a_bill_that_falls_due_while_it_waits_stands_beside_it(
    due_ahead: int, account, lin, chen, terms: Terms
) -> None:
    unsigned_plans()
    bill(account, "B4", date(2026, 2, 10), TODAY + timedelta(days=due_ahead), "70")
    plan = nights(ask(lin, account, terms), account, chen)
    assert plan.status == "running"
    assert set(plan.targets.values_list("bill__ref", flat=True)) == {"B1", "B2", None}
    account.refresh_from_db()
    with clock.frozen(noon(TODAY + timedelta(days=DAYS))):
        assert account.standing.overdue_amount == 70


def test_a_bill_that_comes_while_it_waits_stands_beside_a_plan_of_the_whole(account, lin, chen, terms: Terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, replace(terms, covers=WHOLE))
    bill(account, "B4", TODAY + timedelta(days=1), date(2026, 4, 20), "70")
    assert nights(plan, account, chen).status == "running"
    assert "B4" not in plan.targets.values_list("bill__ref", flat=True)


def test_a_payment_that_bounced_changes_what_was_agreed(account, lin, chen, terms: Terms) -> None:
    unsigned_plans()
    payment = pay(account, "P1", 1000, date(2026, 2, 25))
    plan = ask(lin, account, terms)
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    with pytest.raises(Conflict, match=r"B1: 0.00 then, 1,000.00 now.*one press"):
        approve(chen, plan)


def test_who_asked_renews_it_with_one_press(account, lin, chen, terms: Terms, client: Client) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms, income=Decimal(6000), expenses=Decimal(4000))
    pay(account, "P1", 100)
    client.force_login(chen)
    with patch("restructuring.services.taking_over.position", wraps=position) as read:
        shown = client.get(f"/approvals/{plan.request_id}/").text
    # What moved, and whether it could be approved: the book is read once for both.
    assert read.call_count == 1
    assert 'id="misfit"' in shown
    assert shown.count("B1: 1,000.00 then, 900.00 now") == 2
    assert "B1: 1,000.00 then, 900.00 now" in shown
    assert "Lin renews it with one press" in shown
    assert f"/plans/{plan.ref}/renew/" not in client.get(f"/plans/{plan.ref}/").text
    assert client.post(f"/plans/{plan.ref}/renew/").status_code == 403
    client.force_login(lin)
    assert f"/plans/{plan.ref}/renew/" in client.get(f"/plans/{plan.ref}/").text
    said = client.post(f"/plans/{plan.ref}/renew/", follow=True).text
    plan.refresh_from_db()
    renewed = Plan.objects.latest("pk")
    assert (plan.status, plan.request.status, renewed.status) == ("cancelled", "withdrawn", "asked")
    assert f"Plan {renewed.ref} is asked for in place of {plan.ref}" in said
    assert (plan.balance - renewed.balance, renewed.terms, renewed.payable) == (100, plan.terms, plan.payable)
    assert renewed.request.reason == plan.request.reason
    for one, other in ((plan, renewed), (renewed, plan)):
        assert f'<a href="/plans/{other.ref}/">{other.ref}</a>' in client.get(f"/plans/{one.ref}/").text
    approve(chen, renewed)
    proved(account)
    # What is decided is not renewed.
    with pytest.raises(Conflict, match="nothing is to be decided"):
        renew_plan(actor=lin, plan_id=renewed.pk)


def test_sent_back_the_same_request_asks_for_what_is_owed_now(account, lin, chen, terms: Terms) -> None:
    unsigned_plans()
    plan = ask(lin, account, terms)
    pay(account, "P1", 100)
    request = Request.objects.get(pk=plan.request_id)
    approvals.send_back(actor=chen, request_id=request.pk, seen_version=request.version, comment="As it is now, please")
    with pytest.raises(PermissionDenied):
        renew_plan(actor=UserFactory(), plan_id=plan.pk)
    renewed = renew_plan(actor=lin, plan_id=plan.pk)
    assert (renewed.request_id, renewed.request.status) == (plan.request_id, "pending")
    assert renewed.replaces == plan
    approve(chen, renewed)
    proved(account)
