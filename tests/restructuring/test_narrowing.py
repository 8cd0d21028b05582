"""A plan decided when a hold was about the whole account: its hold is narrowed to the plan's own bills, on the record."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.management import call_command

from accounts.models import Hold, Standing
from accounts.services.holds import lift_hold
from accounts.services.re_aging import re_age
from audit.models import Event
from cases.models import Case
from compliance.selectors import look
from restructuring.models import Plan, PlanRule
from restructuring.services.narrowing import narrow_holds
from runs import clock
from tests.factories import ContactPointFactory
from tests.restructuring.deeds import ACTOR, TODAY, close_through, noon, proved, running

pytestmark = pytest.mark.django_db
# The bill beside the plan is late.
LATE = date(2026, 3, 21)
NOW = LATE + timedelta(days=1)


@pytest.fixture
def plan(account, lin, chen, soon) -> Plan:
    PlanRule.objects.update(breach_after=12)
    ContactPointFactory(customer=account.customer, kind="mobile", clear="13800002046")
    plan = running(lin, chen, account, soon)
    Hold.objects.filter(pk=plan.contact_hold_id).update(covers=None)
    re_age(actor=ACTOR, account=account, cause="hold", effective_on=None)
    close_through(LATE)
    plan.refresh_from_db()
    return plan


def allowed(account) -> bool:
    (seen,) = look(customer_id=account.customer_id, account_id=account.pk)
    return seen.verdict.allowed


def test_what_is_overdue_beside_it_is_worked_from_now_on(account, plan) -> None:
    was = plan.contact_hold
    with clock.frozen(noon(NOW)):
        assert not allowed(account)
        assert Case.objects.get(customer=account.customer_id, status="open").wait_for == "hold"
        call_command("narrow_plan_holds")
        assert allowed(account)
        assert Case.objects.get(customer=account.customer_id, status="open").wait_for == ""
        assert Standing.objects.get().beside_amount == 300
        plan.refresh_from_db()
        held = plan.contact_hold
        assert (held.starts_on, held.ends_on) == (LATE, None)
        assert held.covers == list(plan.instalments.order_by("bill").values_list("bill", flat=True))
        before = Hold.objects.get(kind="contact", ends_on=LATE - timedelta(days=1), withdrawn_at=None)
        assert (before.starts_on, before.covers) == (was.starts_on, None)
        told = Event.objects.filter(account_id=account.pk, actor_name="migration").order_by("pk")
        assert list(told.values_list("verb", "reason"))[:2] == [
            ("hold.lifted", plan.ref),
            ("hold.placed", plan.ref),
        ]
        proved(account)
        assert narrow_holds(actor=ACTOR) == 0


def test_one_that_somebody_lifted_stays_lifted(account, plan) -> None:
    with clock.frozen(noon(NOW)):
        lift_hold(actor=ACTOR, hold_id=plan.contact_hold_id, last_day=None, reason="asked for")
        assert narrow_holds(actor=ACTOR) == 0


def test_one_of_today_is_narrowed_from_its_first_day(account, lin, chen, soon) -> None:
    close_through(TODAY)
    plan = running(lin, chen, account, soon)
    Hold.objects.filter(pk=plan.contact_hold_id).update(covers=None)
    assert narrow_holds(actor=ACTOR) == 1
    plan.refresh_from_db()
    assert (plan.contact_hold.starts_on, plan.contact_hold.covers is None) == (TODAY, False)
    assert Hold.objects.filter(kind="contact", withdrawn_at=None).count() == 1
    proved(account)
