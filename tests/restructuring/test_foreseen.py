"""Previews say what becomes of a plan, and show the figures that come about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.selectors.owed import owed_now
from accounts.selectors.what_if import picture
from approvals import services as approvals
from approvals.models import Request
from desk import asking as desk
from desk.present import now_on
from restructuring.models import BreachTerms, PlanRule
from restructuring.selectors.consequences import if_breached, of_plans
from restructuring.terms import CARRY, LEAVE, Terms
from runs import clock
from runs.texts import coded
from staff.models import User
from tests.restructuring.deeds import bill, close_through, noon, pay, proved, running
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


@pytest.mark.parametrize("late_fee", [CARRY, LEAVE])
def test_a_reversal_that_breaches_shows_what_is_owed_again_to_the_cent(
    account: Account, lin: User, chen: User, client: Client, late_fee: str
) -> None:
    PlanRule.objects.update(breach_after=1, grace_days=2)
    Account.objects.update(final_due_on=date(2026, 3, 25))
    terms = Terms(kind="instalments", first_due_on=date(2026, 3, 5), count=6, late_fee=late_fee)
    plan = running(lin, chen, account, terms)
    first = plan.instalments.get(number=1)
    pay(account, "P1", first.total + 50)
    pay(account, "P2", "1")
    close_through(first.due_on + timedelta(days=plan.grace_days + 1))
    with clock.frozen(noon(first.due_on + timedelta(days=plan.grace_days + 2))):
        assert desk.reversal(account, payment_ref="P2", code="bounced").effect()["follows"] == []
        request = reverse_payment(account, lin, chen)
        assert request.preview["follows"] == [coded("plan-restores", plan.ref)]
        plan.refresh_from_db()
        assert plan.status == "breached"
        shown_then, again = request.preview["after"], request.preview["again"]
        assert {name: str(value) for name, value in now_on(account.pk).items() if name in shown_then} == {
            name: str(value) for name, value in shown_then.items()
        }
        owed = owed_now([account.pk])[account.pk]
        taken_over = {target.bill.ref for target in plan.targets.all() if target.bill}
        assert [(one["ref"], one["principal"], one["interest"], one["service_fee"]) for one in again["bills"]] == [
            (bill.ref, str(bill.principal), str(bill.interest), str(bill.service_fee))
            for bill in owed.bills
            if bill.ref in taken_over
        ]
        # Late fees that the plan left were owed before it fell back, too.
        assert again["late_fee"] == (str(owed.late_fee_now) if late_fee == CARRY else "0.00")
        assert Decimal(again["total"]) == sum(Decimal(one["total"]) for one in again["bills"]) + Decimal(
            again["late_fee"]
        )
        page = shown(client, chen, request)
        assert f"Plan {plan.ref} is breached by it, and what it took over is owed again." in page
        assert f"¥{Decimal(again['total']):,.2f}" in page
    proved(account)


def test_a_live_plans_page_shows_what_a_breach_would_bring_back(
    account: Account, lin: User, chen: User, terms: Terms, client: Client
) -> None:
    before = picture(account.pk).owed
    plan = running(lin, chen, account, terms)
    plan.refresh_from_db()
    again = if_breached(plan)
    assert again is not None
    # Bill 3 stands beside the plan; nothing was paid, so all of the others comes back, with the late fees of that day.
    assert again.total == before.total - 300
    assert [bill.ref for bill in again.bills] == ["B1", "B2"]
    client.force_login(lin)
    address = reverse("plan", args=[plan.ref])
    assert f"¥{again.total:,.2f}</td>" in client.get(address).content.decode()
    plan.breach_terms = BreachTerms.STAND
    assert if_breached(plan) is None


def test_a_plan_that_another_took_the_place_of_is_breached_by_a_reversal(
    account: Account, lin: User, chen: User
) -> None:
    PlanRule.objects.update(breach_after=12)
    kept = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 3, 3), count=2))
    pay(account, "P1", kept.total + 300)
    bill(account, "B4", date(2026, 3, 2), date(2026, 3, 3), "100")
    close_through(date(2026, 3, 4))
    with clock.frozen(noon(date(2026, 3, 5))):
        running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 4, 3), count=2))
        request = reverse_payment(account, lin, chen)
        kept.refresh_from_db()
        assert kept.status == "breached"
        assert request.preview["follows"] == [coded("plan-is-breached", kept.ref)]
        assert "again" not in request.preview


def test_a_plan_that_ends_makes_room_for_one_that_opens_again(account: Account, lin: User, chen: User) -> None:
    first = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 6, 1), count=1))
    pay(account, "P1", first.total + 300)
    bill(account, "B4", date(2026, 3, 2), date(2026, 3, 3), "100")
    close_through(date(2026, 3, 4))
    with clock.frozen(noon(date(2026, 3, 5))):
        second = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 3, 15), count=1))
        owed = owed_now([account.pk])[account.pk]
        then = replace(owed, bills=[replace(owed.bills[0], bill_id=first.instalments.get().bill_id)])
        follows = of_plans(account.pk, then)
        assert follows is not None
        assert follows.said == (coded("plan-reopens", first.ref), coded("plan-ends", second.ref))
