"""A bill that falls due beside a live plan and goes late: it is worked, reminded and counted; the plan's own are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.urls import reverse

from accounts.models import Account, Hold, Standing
from accounts.selectors.explain import explain
from accounts.selectors.what_if import picture_posted
from accounts.services import posting
from accounts.services.holds import lift_hold, place_hold
from cases.models import Case
from compliance.selectors import callable_from, look
from reminders.selectors import dues
from restructuring.models import Plan, PlanRule
from restructuring.terms import Terms
from runs import clock
from strategy.history import prepare, stock_on
from strategy.services.telling import tell
from strategy.stock import COLUMNS, Stock, stock_tonight
from tests.factories import ContactPointFactory
from tests.restructuring.deeds import ACTOR, TODAY, close_through, noon, pay, proved, running

pytestmark = pytest.mark.django_db
# 300.00 that the plan did not take over is due on the 20th; the first instalment, on the 5th.
DUE, LATE = date(2026, 3, 20), date(2026, 3, 21)


@pytest.fixture
def plan(account, lin, chen, soon) -> Plan:
    """It stays live however many instalments are missed."""
    PlanRule.objects.update(breach_after=12)
    ContactPointFactory(customer=account.customer, kind="mobile", clear="13800002046")
    return running(lin, chen, account, soon)


@pytest.fixture
def late(plan) -> Iterator[Plan]:
    """Its first instalment is missed, and the bill beside it is late."""
    close_through(LATE)
    with clock.frozen(noon(LATE + timedelta(days=1))):
        plan.refresh_from_db()
        assert plan.status == "at-risk"
        yield plan


def rows(stock: Stock) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM ({stock.sql}) s WHERE stage = 'late'", stock.parameters)
        return [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def allowed(account: Account) -> set[bool]:
    """What the gate says of the person, of the debt, and of whoever is to be taken next: all the same, or a copy has strayed."""
    now = clock.now()
    key = account.customer_id
    asked = (look(customer_id=key), look(customer_id=key, account_id=account.pk))
    return {seen.verdict.allowed for looks in asked for seen in looks} | {
        callable_from(customer_ids=[key], at=now)[key] == now
    }


def free(account: Account) -> dict[str, object]:
    """Everybody who asks whether the account is free of holds."""
    case = Case.objects.get(customer=account.customer_id, status="open")
    day = clock.today()
    return {
        "gate": allowed(account) == {True},
        "case": case.wait_for != "hold",
        "message": bool(dues(accounts=[account.pk], on=day)),
        "queued": bool(tell("late", customers=[account.customer_id], day=day, days_to=None)),
        "strategy": bool(rows(stock_tonight(day))),
    }


def test_a_missed_instalment_alone_is_held_from_everybody(account, plan) -> None:
    close_through(date(2026, 3, 10))
    with clock.frozen(noon(date(2026, 3, 11))):
        standing = Standing.objects.get()
        assert (standing.overdue_amount > 0, standing.beside_amount, standing.beside_since) == (True, 0, None)
        assert set(free(account).values()) == {False}, free(account)
        assert allowed(account) == {False}
        proved(account)


def test_what_is_late_beside_the_plan_is_worked_by_everybody(account, late) -> None:
    standing = Standing.objects.get()
    instalment = late.instalments.get(number=1).total
    assert (standing.overdue_amount, standing.beside_amount) == (instalment + 300, 300)
    assert (standing.overdue_since, standing.beside_since) == (date(2026, 3, 5), DUE)
    assert set(free(account).values()) == {True}, free(account)
    proved(account)


def test_only_what_is_beside_is_told_and_by_its_own_days(account, late) -> None:
    day = clock.today()
    (due,) = dues(accounts=[account.pk], on=day).values()
    assert (due.amount, due.due_on) == (300, DUE)
    (row,) = rows(stock_tonight(day))
    assert (row["amount"], row["days"], row["anchor_on"]) == (300, 2, DUE)
    told = tell("late", customers=[account.customer_id], day=day, days_to=None)[account.customer_id]
    assert '"amount" : "300.00", "due_on" : "2026-03-20"' in told.context


def test_paid_it_is_held_again(account, late) -> None:
    bill = account.bills.get(ref="B3")
    posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref="P1", amount=Decimal(300), effective_on=clock.today(),
        designated_bill_id=bill.pk,
    )  # fmt: skip
    standing = Standing.objects.get()
    assert (standing.beside_amount, standing.beside_since) == (0, None)
    assert set(free(account).values()) == {False}, free(account)
    proved(account)


def test_a_hold_of_the_whole_account_stops_that_too(account, late) -> None:
    place_hold(actor=ACTOR, account_id=account.pk, kind="contact", starts_on=clock.today(), reason="ill")
    assert allowed(account) == {False}
    assert dues(accounts=[account.pk], on=clock.today()) == {}


def test_with_the_hold_lifted_all_that_is_overdue_is_told(account, late) -> None:
    lift_hold(actor=ACTOR, hold_id=late.contact_hold_id, last_day=None, reason="asked for")
    (due,) = dues(accounts=[account.pk], on=clock.today()).values()
    assert (due.amount, due.due_on) == (Standing.objects.get().overdue_amount, date(2026, 3, 5))
    assert Standing.objects.get().beside_amount is None
    proved(account)


def test_shortened_it_is_about_the_same_bills(late) -> None:
    lasts = lift_hold(actor=ACTOR, hold_id=late.contact_hold_id, last_day=clock.today(), reason="asked for")
    assert lasts is not None
    assert lasts.covers == list(late.instalments.order_by("bill").values_list("bill", flat=True))


def test_every_past_day_shows_a_simulation_what_its_night_was_shown(account, plan) -> None:
    shown = {}
    first = date(2026, 3, 18)
    for days in range(5):
        day = first + timedelta(days=days)
        close_through(day)
        with clock.frozen(noon(day + timedelta(days=1))):
            shown[day] = rows(stock_tonight(day))
    assert [bool(found) for found in shown.values()] == [False, False, False, True, True]
    prepare(first, first + timedelta(days=4))
    assert {day: rows(stock_on(day)) for day in shown} == shown


def test_the_timeline_tells_when_it_began(account, late, chen, client) -> None:
    client.force_login(chen)
    case = Case.objects.get(customer=account.customer_id, status="open")
    page = client.get(reverse("case", args=[case.ref])).content.decode()
    assert "of it ¥300.00 beside what is held" in page
    assert "of it ¥0.00 beside what is held" in page


def test_any_past_day_explains_it(account, late) -> None:
    def told(day: date) -> str:
        return " ".join(explain(account, as_of=day).sentences)

    first, last = late.instalments.order_by("number").values_list("bill__ref", flat=True)[0:6:5]
    assert "alone, and does not stop the days" in told(LATE)
    assert first in told(LATE)
    assert last in told(LATE)
    assert "Beside what is held 300.00 is overdue since 2026-03-20" in told(LATE)
    assert "Nothing is overdue beside what is held" in told(DUE)
    assert "beside what is held" not in told(TODAY)


def test_a_plan_opened_again_is_about_its_bills_again(account, lin, chen) -> None:
    PlanRule.objects.update(breach_after=12)
    plan = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 3, 3), count=6))
    payment = pay(account, "P1", plan.total + 300)
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    plan.refresh_from_db()
    assert plan.contact_hold.covers == list(plan.instalments.order_by("bill").values_list("bill", flat=True))


def test_it_bears_no_late_fee_as_the_agreement_says(account, late) -> None:
    account.standing.refresh_from_db()
    assert account.standing.beside_amount == 300
    assert picture_posted(account.pk).owed.late_fee_now == 0


@pytest.mark.parametrize("kind", ["fees", "deferral"])
def test_late_fees_and_days_stop_for_a_whole_account_alone(kind, account) -> None:
    with pytest.raises(IntegrityError, match="hold_of_bills_of_contact"), transaction.atomic():
        place_hold(actor=ACTOR, account_id=account.pk, kind=kind, starts_on=TODAY, covers=[1])
    assert not Hold.objects.exists()
