"""What is overdue for a plan is what a posting of today finds; and what falls due beside one is said."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.errors import Conflict
from accounts.models import Account
from accounts.selectors.owed import owed_now
from accounts.services import posting
from cases.models import Case
from restructuring.models import Plan
from restructuring.selectors.position import position
from restructuring.terms import OVERDUE, Terms
from runs import clock
from staff.models import User
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

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.fixture
def since_yesterday(account: Account) -> Account:
    """Another 70.00, late since yesterday's end, which the last closed day does not know yet."""
    close_through(YESTERDAY)
    bill(account, "B4", date(2026, 2, 10), YESTERDAY, "70")
    return account


def parts(account: Account) -> list[tuple[str, int]]:
    return [(part.ref, part.balance.total) for part in position(account).parts(OVERDUE, "leave")]


def test_what_fell_due_yesterday_is_taken_over_whatever_was_posted(since_yesterday, lin, chen, terms: Terms) -> None:
    account = since_yesterday
    assert owed_now([account.pk])[account.pk].overdue == 1500, "as of the closed day"
    before = parts(account)
    assert before == [("B1", 100_000), ("B2", 50_000), ("B4", 7_000)]
    unsigned_plans()
    plan = ask(lin, account, terms)
    assert plan.principal + plan.interest + plan.service_fee == position(account).owed.overdue == 1570
    # Something that has nothing to do with it takes the account to today.
    bill(account, "B5", TODAY, date(2026, 6, 1), "10")
    assert owed_now([account.pk])[account.pk].overdue == 1570
    assert parts(account) == before
    approve(chen, plan)
    assert owed_now([account.pk])[account.pk].overdue == 0
    close_through(TOMORROW)
    with clock.frozen(noon(TOMORROW + timedelta(days=1))):
        assert owed_now([account.pk])[account.pk].overdue == 0
        proved(account)


def test_a_bill_due_today_can_be_paid_until_midnight(account, lin, terms: Terms) -> None:
    close_through(YESTERDAY)
    bill(account, "B4", date(2026, 2, 10), TODAY, "70")
    assert [ref for ref, _cents in parts(account)] == ["B1", "B2"]
    close_through(TODAY)
    assert [ref for ref, _cents in parts(account)] == ["B1", "B2"], "its day was closed early, and is not over"
    with clock.frozen(noon(TOMORROW)):
        assert [ref for ref, _cents in parts(account)] == ["B1", "B2", "B4"]


def test_a_payment_of_a_bill_of_yesterday_that_bounced_is_told(since_yesterday, lin, chen, terms: Terms) -> None:
    unsigned_plans()
    payment = pay(since_yesterday, "P1", 1570, YESTERDAY)
    bill(since_yesterday, "B0", date(2026, 1, 2), date(2026, 1, 25), "40")
    with clock.frozen(noon(TODAY)):
        plan = ask(lin, since_yesterday, terms)
        posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
        with pytest.raises(Conflict, match=r"B4: [\d.]+ then, 70.00 now"):
            approve(chen, plan)


def test_what_falls_due_beside_a_plan_is_said_with_its_amount(
    account: Account, lin: User, chen: User, terms: Terms, client: Client
) -> None:
    plan: Plan = running(lin, chen, account, terms)
    case = Case.objects.get()
    client.force_login(chen)
    pages = [reverse("plan", args=[plan.ref]), reverse("case-beside", args=[case.ref])]

    def told(said: str) -> list[bool]:
        return [said in client.get(page).content.decode() for page in pages]

    assert told("overdue beside this plan") == [False, False]
    close_through(date(2026, 3, 21))
    with clock.frozen(noon(date(2026, 3, 22))):
        assert owed_now([account.pk])[account.pk].overdue == Decimal(300)
        assert (
            told("300.00 is overdue beside this plan, which did not take it over. It is collected as ever")
            == [True] * 2
        )
