"""What the simulator says before anything is asked for: what was sent back, that nothing is offered, what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.errors import Invalid
from accounts.models import Account
from approvals import services as approvals
from approvals.models import Request
from restructuring.forms import OfferForm, as_chosen
from restructuring.models import Plan, PlanRule
from restructuring.terms import WHOLE, Terms
from staff.models import User
from tests.restructuring.deeds import TODAY as DAY
from tests.restructuring.deeds import ask, close_through, pay
from tests.restructuring.test_pages import chosen

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


@pytest.fixture
def page(account: Account, lin: User, client: Client) -> Client:
    close_through(date(2026, 2, 28))
    client.force_login(lin)
    return client


TERMS = [
    Terms(
        kind="instalments", first_due_on=DAY, count=7, annual_rate=Decimal("0.0725"), method="balloon", balloon=12345
    ),
    Terms(
        kind="instalments", first_due_on=DAY, method="stepped", step_every=3, step_rate=Decimal("-0.1"), interest_only=2
    ),
    Terms(kind="extension", first_due_on=DAY, annual_rate=Decimal("0.1"), day_count="30/360"),
    Terms(kind="settlement", first_due_on=DAY, discount=30000, covers=WHOLE, late_fee="leave"),
]


@pytest.mark.parametrize("terms", TERMS)
def test_what_was_chosen_is_chosen_again(terms: Terms) -> None:
    values = {f"a-{name}": "" if value is None else str(value) for name, value in as_chosen(terms).items()}
    form = OfferForm(values, prefix="a")
    assert form.is_valid(), form.errors
    assert form.terms(terms.covers, terms.late_fee) == replace(terms, step_every=terms.step_every or 12)


def test_what_was_sent_back_is_there_to_be_changed(page: Client, account, lin, chen, terms: Terms) -> None:
    sent = replace(terms, covers=WHOLE, late_fee="leave", count=9, annual_rate=Decimal("0.0725"))
    plan = ask(lin, account, sent, income=Decimal(6000), expenses=Decimal(4321))
    approvals.send_back(actor=chen, request_id=plan.request_id, seen_version=1, comment="Twelve, rather")
    shown = page.get(reverse("plan", args=[plan.ref])).content.decode()
    address = reverse("plan-new", args=[account.ref])
    assert "Twelve, rather" in shown
    assert f'href="{address}"' in shown
    shown = page.get(address).content.decode()
    request = Request.objects.get()
    assert "Twelve, rather" in shown
    assert f"request {request}</a> for plan {plan.ref}" in shown
    for value in (
        'value="whole" selected',
        'value="leave" selected',
        'value="9"',
        'value="7.25"',
        "4321",
        "Lost her job",
    ):
        assert value in shown, value
    assert shown.count("<article") == 1
    page.post(address, chosen(ask="1", offer="a", reason="Twelve now", **{"a-count": "12"}))
    again = Plan.objects.latest("pk")
    assert (again.request_id, again.instalments.count()) == (request.pk, 12)
    # Of another's, and once it is asked again, nothing is filled in.
    assert "Twelve, rather" not in page.get(address).content.decode()


def test_of_an_account_on_which_nothing_can_be_offered_it_says_so_at_once(page: Client, account, lin, terms) -> None:
    address = reverse("plan-new", args=[account.ref])
    Account.objects.update(status="charged-off")
    told = "Account A1 is written off: no plan is offered on it."
    shown = page.get(address).content.decode()
    assert (told in shown, "<fieldset" in shown) == (True, False)
    assert page.post(address, chosen(ask="1", offer="a", reason="x")).status_code == 409
    account.refresh_from_db()
    with pytest.raises(Invalid, match="is written off"):
        ask(lin, account, terms)
    Account.objects.update(status="active")
    pay(account, "P1", 5000)
    shown = page.get(address).content.decode()
    assert ("owes nothing that a plan could take over" in shown, "<fieldset" in shown) == (True, False)


def test_what_the_household_can_pay_and_a_first_payment_far_away_are_said(page: Client, account) -> None:
    address = reverse("plan-new", args=[account.ref])

    def part(**values: str) -> str:
        return page.post(address, chosen(**values), headers=PART).content.decode()

    shown = part(income="4100", **{"b-kind": "", "a-first_due_on": "2026-05-02"})
    assert "The household can pay 50.00 a month; at most" in shown
    assert "Can be paid a month" in shown
    assert "The first payment is due on" not in shown
    shown = part(**{"b-kind": "", "a-first_due_on": "2026-05-03"})
    assert "The first payment is due on 2026-05-03, only in 63 days" in shown
    assert "The household can pay" not in shown
    PlanRule.objects.update(far_away_days=63)
    assert "The first payment is due on" not in part(**{"b-kind": "", "a-first_due_on": "2026-05-03"})
