"""A plan whose account is written off ends as what it is: neither kept nor breached."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Hold, Relief, Watch
from accounts.services import posting
from accounts.services.relief import TakingBack, take_back_many
from approvals import services as approvals
from approvals.models import Request
from audit.models import Event
from cases.models import Case
from cases.selectors.debts import debts
from desk import asking as desk
from restructuring.models import Plan, PlanRule, PlanStatus
from restructuring.selectors.lists import instalments_of, with_progress
from restructuring.terms import Terms
from runs import clock
from staff.models import AuthorityLimit, Role, User
from tests.restructuring.deeds import ACTOR, TODAY, ask, bill, close_through, noon, pay, proved, running

MIGRATION = import_module("restructuring.migrations.0005_written_off_and_ended_with_requests")


@pytest.fixture
def plan(account: Account, lin: User, chen: User, terms) -> Plan:
    """In the book, and its first instalment is paid."""
    allow_write_offs()
    plan = running(lin, chen, account, terms)
    pay(account, "P1", 300 + plan.instalments.get(number=1).total)  # the bill that it left comes first
    return plan


def allow_write_offs() -> None:
    AuthorityLimit.objects.update_or_create(
        role=Role.objects.get(code="supervisor"),
        kind="write-off",
        currency="CNY",
        effective_from=date(2026, 1, 1),
        defaults={"most": 50_000, "source": "test"},
    )


def write_off(account: Account, lin: User, chen: User) -> None:
    request = desk.ask(actor=lin, account=account, kind="write-off", reason="Died without estate")
    approvals.approve(actor=chen, request_id=request.pk, seen_version=request.version)


def take_the_write_off_back(account: Account) -> None:
    reliefs = Relief.objects.filter(account=account, kind="write-off")
    take_back_many(actor=ACTOR, wanted=[TakingBack(one.pk, "An estate was found") for one in reliefs])


def test_it_ends_as_written_off_and_lets_go(plan: Plan, account: Account, lin: User, chen: User) -> None:
    write_off(account, lin, chen)
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on, plan.late) == ("written-off", TODAY, 0)
    assert not Hold.objects.filter(withdrawn_at=None, ends_on=None).exists()
    assert Watch.objects.filter(withdrawn_at=None).exists()
    assert proved(account) == 0
    assert list(Event.objects.filter(subject_type="plan").order_by("pk").values_list("verb", flat=True)) == [
        *("plan.asked", "plan.running", "plan.written-off")
    ]
    # The night has nothing to add, and what was paid is told apart from what was given up.
    close_through(TODAY + timedelta(days=1))
    plan.refresh_from_db()
    assert plan.status == "written-off"
    first, *others = instalments_of(plan, TODAY)
    assert (first.state, first.left) == ("paid", 0)
    assert {(one.state, one.paid) for one in others} == {("written-off", Decimal(0))}
    assert with_progress(Plan.objects.all()).get().paid == first.paid  # type: ignore[attr-defined]  # annotated
    proved(account)


def test_the_write_off_taken_back_opens_it_again(plan: Plan, account: Account, lin: User, chen: User) -> None:
    owed = proved(account)
    write_off(account, lin, chen)
    take_the_write_off_back(account)
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("running", None)
    assert Hold.objects.filter(withdrawn_at=None, ends_on=None).count() == 2
    assert proved(account) == owed


def test_paid_before_it_was_written_off_it_was_kept(plan: Plan, account: Account, lin: User, chen: User) -> None:
    """A payment of an earlier day that comes late leaves the write-off nothing to take."""
    left = proved(account)
    with clock.frozen(noon(TODAY + timedelta(days=2))):
        close_through(TODAY + timedelta(days=1))
        write_off(account, lin, chen)
        plan.refresh_from_db()
        assert plan.status == "written-off"
        late = pay(account, "P2", left, TODAY + timedelta(days=1))
        plan.refresh_from_db()
        assert plan.status == "kept"
        proved(account)
        posting.reverse_payment(actor=ACTOR, payment_id=late.pk, reason="returned")
        plan.refresh_from_db()
        assert plan.status == "written-off"
        proved(account)


def test_a_breached_plan_stays_breached(account: Account, lin: User, chen: User) -> None:
    allow_write_offs()
    PlanRule.objects.update(grace_days=0)
    plan = running(lin, chen, account, Terms(kind="instalments", first_due_on=TODAY + timedelta(days=1), count=2))
    close_through(TODAY + timedelta(days=2))
    plan.refresh_from_db()
    assert plan.status == "breached"
    with clock.frozen(noon(TODAY + timedelta(days=3))):
        write_off(account, lin, chen)
    plan.refresh_from_db()
    assert plan.status == "breached"
    assert proved(account) == 0


def test_its_pages_say_so(plan: Plan, account: Account, lin: User, chen: User, client: Client) -> None:
    write_off(account, lin, chen)
    client.force_login(chen)
    assert "Ended by write-off" in client.get("/plans/?status=written-off").text
    page = client.get(f"/plans/{plan.ref}/").text
    assert page.count("Written off") == 5
    client.cookies["django_language"] = "zh-hans"
    assert "因核销终止" in client.get(f"/plans/{plan.ref}/").text


def states(client: Client, chen: User, account: Account) -> tuple[str, Counter[str]]:
    """The case's page of the account, and how many of its bills are in each state there."""
    client.force_login(chen)
    case = Case.objects.filter(customer=account.customer_id).latest("pk")
    return client.get(reverse("case", args=[case.ref])).text, Counter(
        str(row.state[1]) for view in debts(account.customer_id, TODAY) for row in view.bills
    )


def test_the_case_says_written_off_and_not_cured(account: Account, lin: User, chen: User, client: Client) -> None:
    allow_write_offs()
    pay(account, "P1", 1000, date(2026, 2, 1))
    write_off(account, lin, chen)
    page, found = states(client, chen, account)
    assert found == {"Paid": 1, "Written off": 2}
    assert ("Closed on 2026-03-01: written off" in page, "Cured on" in page, ">Not late<" in page) == (
        True,
        False,
        False,
    )
    assert "Case closed: nothing is late any more" in page
    assert "Account A1 is written off." in page
    take_the_write_off_back(account)
    page, found = states(client, chen, account)
    assert ("Closed on 2026-03-01: written off" in page, found["Written off"]) == (False, 0)


def test_the_case_tells_what_a_plan_took_over_and_what_fell_back(
    account: Account, lin: User, chen: User, client: Client
) -> None:
    PlanRule.objects.update(grace_days=0)
    terms = Terms(kind="instalments", first_due_on=TODAY + timedelta(days=1), count=2)
    plan = running(lin, chen, account, terms)
    page, found = states(client, chen, account)
    assert found == {"Taken over by a plan": 2, "Not yet due": 3}
    assert ("Closed on 2026-03-01: in a plan" in page, "Cured on" in page) == (True, False)
    assert f"Plan {plan.ref} took the debt over." in page
    close_through(TODAY + timedelta(days=2))
    _page, found = states(client, chen, account)
    assert found == {"Void": 2, "Unmet": 2, "Not yet due": 1}


def test_rows_of_before_are_told_right(plan: Plan, account: Account, lin: User, chen: User, terms) -> None:
    write_off(account, lin, chen)
    Plan.objects.filter(pk=plan.pk).update(status=PlanStatus.KEPT)
    other = posting.open_account(
        actor=ACTOR, ref="A2", customer_id=account.customer_id, product_code="instalment", currency="CNY"
    )
    bill(other, "B9", date(2025, 12, 1), date(2025, 12, 20), "400")
    proposed = ask(lin, other, terms)
    request = Request.objects.get(pk=proposed.request_id)
    approvals.withdraw(actor=lin, request_id=request.pk, seen_version=request.version)
    Plan.objects.filter(pk=proposed.pk).update(status=PlanStatus.SIGNED)
    with connection.cursor() as cursor:
        for statement in (MIGRATION.WRITTEN_OFF, MIGRATION.ENDED):
            cursor.execute(statement)
            cursor.execute(statement)
    assert set(Plan.objects.values_list("status", flat=True)) == {"written-off", "cancelled"}
    told = Event.objects.filter(verb="plan.cancelled", subject_id=proposed.pk).latest("pk")
    assert (told.before, told.after, told.actor_name) == ({"status": "signed"}, {"status": "cancelled"}, "migration")
    assert Event.objects.filter(verb="plan.cancelled").count() == 2
    proved(account, other)
    with connection.cursor() as cursor:
        cursor.execute(MIGRATION.KEPT)
    assert set(Plan.objects.values_list("status", flat=True)) == {"kept", "cancelled"}
