"""How plans end: kept, breached, fallen back, and opened again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Hold, Relief, Standing, Watch
from accounts.selectors.explain import explain
from accounts.selectors.owed import owed_now
from accounts.services import posting
from accounts.services.re_aging import together
from audit.models import Event
from restructuring.models import Plan, PlanRule
from restructuring.terms import Terms
from runs import clock
from tests.clients import signed_in
from tests.restructuring.deeds import (
    ACTOR,
    TODAY,
    bill,
    close_through,
    noon,
    pay,
    proved,
    running,
)

pytestmark = pytest.mark.django_db


def test_a_kept_plan_ends_and_lets_go(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    bill_3 = Decimal(300)
    pay(account, "P1", plan.total + bill_3)
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("kept", TODAY)
    assert not Hold.objects.filter(withdrawn_at=None, ends_on=None).exists()
    assert Watch.objects.filter(withdrawn_at=None).exists()
    assert proved(account) == 0


def test_a_reversal_opens_a_kept_plan_again(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    payment = pay(account, "P1", plan.total + 300)
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("running", None)
    assert set(Hold.objects.filter(withdrawn_at=None, ends_on=None).values_list("kind", flat=True)) == {
        "contact",
        "fees",
    }
    proved(account)
    assert Event.objects.filter(verb="plan.reopened").count() == 1


def test_a_bill_that_meets_the_same_days_money_first_opens_a_kept_plan_again(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    pay(account, "P1", plan.total + 300)
    bill(account, "B4", TODAY, date(2026, 3, 25), "120")  # due before the instalments
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("running", None)
    assert Event.objects.filter(verb="plan.reopened").count() == 1
    pay(account, "P2", "120")
    plan.refresh_from_db()
    assert plan.status == "kept"
    assert proved(account) == 0


def test_a_reversal_dated_ahead_opens_a_kept_plan_again_on_its_day(account, lin, chen, terms) -> None:
    plan = running(lin, chen, account, terms)
    payment = pay(account, "P1", plan.total + 300)
    ahead = date(2026, 3, 4)
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned", effective_on=ahead)
    close_through(date(2026, 3, 3))
    plan.refresh_from_db()
    assert plan.status == "kept"
    close_through(ahead)
    plan.refresh_from_db()
    assert plan.status == "running"
    with clock.frozen(noon(date(2026, 3, 5))):
        proved(account)


def test_a_plan_that_ends_makes_room_for_one_that_opens_again_with_the_same_posting(account, lin, chen) -> None:
    first = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 6, 1), count=2))
    payment = pay(account, "P1", first.total + 300)
    bill(account, "B4", date(2026, 3, 2), date(2026, 3, 3), "100")
    close_through(date(2026, 3, 4))
    with clock.frozen(noon(date(2026, 3, 5))):
        second = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 3, 15), count=1))
        with together(actor=ACTOR, cause="payment"):
            posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned", effective_on=clock.today())
            pay(account, "P2", second.total + 300)
        assert stand(first, second) == ["running", "kept"]
        assert Hold.objects.filter(withdrawn_at=None, ends_on=None, reason=first.ref).count() == 2
        proved(account)


def test_one_that_is_breached_on_the_same_day_makes_no_room_whichever_is_older(account, lin, chen, soon) -> None:
    older = running(lin, chen, account, replace(soon, first_due_on=date(2026, 3, 15)))
    first = pay(account, "P1", older.total + 300)
    bill(account, "B4", date(2026, 3, 2), date(2026, 3, 3), "100")
    close_through(date(2026, 3, 4))
    PlanRule.objects.update(breach_after=12)
    with clock.frozen(noon(date(2026, 3, 5))):
        newer = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 3, 10), count=1))
        second = pay(account, "P2", newer.total)
        breached_on = date(2026, 3, 19)
        for payment, day in ((first, date(2026, 3, 6)), (second, breached_on)):
            posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned", effective_on=day)
    close_through(breached_on - timedelta(days=1))
    assert stand(older, newer) == ["at-risk", "kept"]
    close_through(breached_on)
    assert stand(older, newer) == ["breached", "breached"]
    assert list_differences() == []


def stand(*plans: Plan) -> list[str]:
    return list(Plan.objects.filter(pk__in=[plan.pk for plan in plans]).order_by("pk").values_list("status", flat=True))


def test_a_missed_instalment_is_at_risk_then_breached_and_everything_paid_is_credited(account, lin, chen, soon) -> None:
    plan = running(lin, chen, account, soon)
    first = plan.instalments.first()
    close_through(date(2026, 3, 5))
    plan.refresh_from_db()
    assert (plan.status, plan.late) == ("running", 0)
    close_through(date(2026, 3, 6))
    plan.refresh_from_db()
    assert (plan.status, plan.late, plan.missed) == ("at-risk", 1, 0)
    assert list_differences() == []
    with clock.frozen(noon(date(2026, 3, 7))):
        pay(account, "P1", first.total + 300)  # B3 too
        plan.refresh_from_db()
        assert plan.status == "running"
    close_through(date(2026, 4, 8))
    plan.refresh_from_db()
    assert plan.status == "at-risk"
    close_through(date(2026, 4, 9))
    plan.refresh_from_db()
    assert (plan.status, plan.ended_on) == ("breached", date(2026, 4, 9))
    with clock.frozen(noon(date(2026, 4, 10))):
        page = signed_in(chen).get(reverse("plan", args=[plan.ref])).content.decode()
        assert "– <small>credited to the old bills</small>" in page
        assert 'data-label="Paid">–</td>' in page
        # The old debt, no late fee of the days of the plan, less what was paid.
        left = proved(account)
        owed = owed_now([account.pk])[account.pk]
        assert left - owed.late_fee_not_posted == plan.balance - first.total
        assert {one.kind for one in owed.bills} == {"statement"}
        # The plan's own bills are void; nothing took them over.
        voids = Relief.objects.filter(bill__kind="plan").values_list("kind", flat=True)
        assert set(voids) == {"void"}
        assert len(voids) == 6
        told = " ".join(explain(account).sentences)
        assert "“Void: the plan fell back”" in told
        assert "“Taken over by a plan”" in told
        standing = Standing.objects.get(account=account)
        assert standing.overdue_since == date(2026, 1, 20)
        watch = Watch.objects.get(withdrawn_at=None)
        assert watch.ends_on == date(2027, 4, 9)
        assert not Hold.objects.filter(withdrawn_at=None, ends_on=None).exists()
        # Nothing more happens to it.
        close_through(date(2026, 4, 10))
        plan.refresh_from_db()
        assert plan.status == "breached"


def list_differences() -> list[object]:
    from accounts.selectors.verify import account_range, differences

    return list(differences(*account_range()))


def test_terms_that_let_the_instalments_stand_leave_the_plans_bills(account, lin, chen, soon) -> None:
    PlanRule.objects.update(breach_terms="stand")
    plan = running(lin, chen, account, soon)
    close_through(date(2026, 3, 9))
    plan.refresh_from_db()
    assert plan.status == "breached"
    with clock.frozen(noon(date(2026, 3, 10))):
        owed = owed_now([account.pk])[account.pk]
        assert [one.ref for one in owed.bills if one.kind != "plan"] == ["B3"]
        assert owed.overdue == plan.instalments.first().total
        proved(account)


def test_more_missed_instalments_may_be_borne_and_each_begins_the_watch_anew(account, lin, chen, soon) -> None:
    PlanRule.objects.update(breach_after=2)
    plan = running(lin, chen, account, soon)
    close_through(date(2026, 3, 9))
    plan.refresh_from_db()
    assert (plan.status, plan.missed) == ("at-risk", 1)
    assert Watch.objects.get(withdrawn_at=None).ends_on == date(2027, 3, 9)
    assert list_differences() == []


def test_a_settlement_lets_the_rest_off_when_it_is_paid_and_not_when_it_is_breached(account, lin, chen) -> None:
    before = proved(account)
    terms = Terms(kind="settlement", first_due_on=date(2026, 3, 15), discount=30_000)
    plan = running(lin, chen, account, terms)
    assert (plan.total, plan.discount) == (plan.balance - 300, 300)
    assert proved(account) == before - 300
    close_through(date(2026, 3, 18))
    plan.refresh_from_db()
    assert plan.status == "at-risk"
    close_through(date(2026, 3, 19))
    plan.refresh_from_db()
    assert plan.status == "breached"
    with clock.frozen(noon(date(2026, 3, 20))):
        owed = owed_now([account.pk])[account.pk]
        assert proved(account) - owed.late_fee_not_posted == before


def test_the_final_date_moves_with_a_plan_and_back(account, lin, chen, soon) -> None:
    account.refresh_from_db()
    posting.change_account(
        actor=ACTOR,
        account_id=account.pk,
        seen_version=account.version,
        credit_limit=None,
        final_due_on=date(2026, 2, 20),
    )
    plan = running(lin, chen, account, soon)
    account.refresh_from_db()
    assert account.final_due_on == date(2026, 8, 5)
    # The final date was over, so the whole balance was overdue: B3 is in the plan too.
    assert plan.principal == 1700
    assert not Standing.objects.filter(account=account, overdue_amount__gt=0).exists()
    close_through(date(2026, 3, 9))
    account.refresh_from_db()
    plan.refresh_from_db()
    assert (plan.status, account.final_due_on) == ("breached", date(2026, 2, 20))
    with clock.frozen(noon(date(2026, 3, 10))):
        proved(account)
