"""Previews say what becomes of a plan, and show the figures that come about."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.selectors.what_if import picture
from approvals import services as approvals
from approvals.models import Request
from desk import asking as desk
from desk.present import now_on
from restructuring.models import Plan, PlanRule
from restructuring.terms import Terms
from runs import clock
from runs.texts import coded
from staff.models import User
from tests.restructuring.deeds import TODAY, close_through, noon, pay, running
from tests.restructuring.test_written_off import allow_write_offs

pytestmark = pytest.mark.django_db


def reverse_payment(account: Account, lin: User, chen: User) -> Request:
    request = desk.ask(actor=lin, account=account, kind="reversal", reason="x", payment_ref="P1", code="bounced")
    return approvals.approve(actor=chen, request_id=request.pk, seen_version=request.version)


def shown(client: Client, chen: User, request: Request) -> str:
    client.force_login(chen)
    return client.get(reverse("approval", args=[request.pk])).content.decode()


def test_a_reversal_says_that_the_plan_opens_again_and_shows_what_comes_about(
    account: Account, lin: User, chen: User, client: Client
) -> None:
    PlanRule.objects.update(breach_after=12)
    plan = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 3, 3), count=6))
    pay(account, "P1", plan.total + 300)
    close_through(date(2026, 3, 25))
    with clock.frozen(noon(date(2026, 3, 26))):
        client.force_login(lin)
        asked = {"verb": "reversal", "preview": "1", "reversal-payment_ref": "P1", "reversal-code": "bounced"}
        seen = client.post(reverse("money", args=[account.ref]), asked, headers={"HX-Request": "true"})
        assert f"Plan {plan.ref} opens again with it" in seen.content.decode()
        request = reverse_payment(account, lin, chen)
        plan.refresh_from_db()
        assert plan.status == "at-risk"
        after = request.preview["after"]
        assert {name: str(value) for name, value in now_on(account.pk).items() if name in after} | {"due_on": None} == {
            name: value if value is None else str(value) for name, value in after.items()
        }
        assert picture(account.pk).owed.late_fee_now == 0
        assert f"Plan {plan.ref} opens again with it" in shown(client, chen, request)


def test_a_write_off_says_that_the_plan_ends(account: Account, lin: User, chen: User, terms, client: Client) -> None:
    allow_write_offs()
    plan = running(lin, chen, account, terms)
    request = desk.ask(actor=lin, account=account, kind="write-off", reason="x")
    assert f"Plan {plan.ref} ends with it." in shown(client, chen, request)


def test_a_reversal_that_breaches_says_so_and_money_beside_says_nothing(account, lin, chen, soon) -> None:
    plan: Plan = running(lin, chen, account, soon)
    pay(account, "P1", 300 + plan.instalments.get(number=1).total)
    pay(account, "P2", "1")
    close_through(plan.instalments.get(number=1).due_on + timedelta(days=plan.grace_days + 1))
    with clock.frozen(noon(plan.instalments.get(number=1).due_on + timedelta(days=plan.grace_days + 2))):
        for payment, follows in (("P2", []), ("P1", [coded("plan-falls-back", plan.ref)])):
            wanted = desk.reversal(account, payment_ref=payment, code="bounced")
            assert wanted.effect()["follows"] == follows
        reverse_payment(account, lin, chen)
        plan.refresh_from_db()
        assert plan.status == "breached"
    assert plan.ended_on > TODAY
