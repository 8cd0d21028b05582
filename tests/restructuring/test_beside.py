"""What a plan does beside the debt: collection stops at once, no late fee while it is kept, promises it makes idle; and how a
proposal ends with its request."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import translation

from accounts.models import Hold, LedgerEntry, Standing
from accounts.selectors.owed import owed_now
from accounts.services import posting
from approvals import services as approvals
from approvals.models import Request
from approvals.services.expiring import expire_overdue
from audit.models import Event
from cases.models import Case, Promise
from cases.selectors.debts import debts
from cases.selectors.timeline import timeline
from cases.services.promises import take_promise
from compliance.selectors import look
from delinquency.words import reason
from restructuring.models import Plan, PlanRule
from restructuring.services.agreements import agreement_of
from restructuring.terms import WHOLE, Terms
from runs import clock
from tests.factories import ContactPointFactory, UserFactory
from tests.restructuring.deeds import ACTOR, TODAY, ask, bill, close_through, noon, pay, proved, running

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + timedelta(days=1)


def allowed(account) -> bool:
    (seen,) = look(customer_id=account.customer_id, account_id=account.pk)
    return seen.verdict.allowed


def test_collection_stops_this_very_day_though_its_book_is_closed(account, lin, chen, terms) -> None:
    ContactPointFactory(customer=account.customer, kind="mobile", clear="13800002046")
    close_through(TODAY)
    with clock.frozen(noon(TODAY) + timedelta(hours=2)):
        assert allowed(account)
        plan = running(lin, chen, account, terms)
        assert (plan.running_on, plan.contact_hold.starts_on) == (TOMORROW, TODAY)
        assert not allowed(account)
        payment = pay(account, "P1", plan.total + 300)
        posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
        plan.refresh_from_db()
        assert (plan.status, plan.contact_hold.starts_on) == ("running", TODAY)
        assert not allowed(account)


def test_who_keeps_a_plan_of_the_whole_is_not_called_though_nothing_is_late(account, lin, chen, terms, client) -> None:
    ContactPointFactory(customer=account.customer, kind="mobile", clear="13800002046")
    running(lin, chen, account, replace(terms, covers=WHOLE))
    case = Case.objects.get()
    assert (case.status, Standing.objects.exists()) == ("cured", False)
    assert not allowed(account)
    (seen,) = look(customer_id=account.customer_id)
    assert seen.verdict.rule == "hold"
    client.force_login(chen)
    page = client.get(reverse("case", args=[case.ref])).content.decode()
    assert ("Do not call this number" in page, "You may call this number now" in page) == (True, False)


def test_the_case_lists_what_is_next_due_first_and_its_timeline_the_instalments_once(account, lin, chen, terms) -> None:
    bill(account, "B4", date(2026, 2, 10), TODAY + timedelta(days=5), "70")
    plan = running(lin, chen, account, replace(terms, count=8))
    (shown,) = debts(account.customer_id, TODAY)
    refs = [row.bill.ref for row in shown.bills]
    assert refs == ["B4", "B3", *(f"{plan.ref}-{number}" for number in range(1, 9)), "B2", "B1"]
    told = [entry for entry in timeline(account.customer_id, "record") if entry.what == "instalments"]
    assert [entry.facts for entry in told] == [
        {"number": 8, "due_from": "2026-04-01", "due_on": "2026-11-01", "ref": f"{plan.ref}-1", "actor": "Chen"}
    ]
    posted = [
        one.facts["ref"] for one in timeline(account.customer_id, "record") if one.facts.get("verb") == "bill.posted"
    ]
    assert sorted(posted) == ["B1", "B2", "B3", "B4"]
    # What is late is told oldest first, whatever the order of the rows.
    close_through(date(2026, 3, 21))
    (shown,) = debts(account.customer_id, date(2026, 3, 21))
    assert [row.bill.ref for row in shown.unmet] == ["B4", "B3"]


def test_a_plan_opened_again_bore_no_late_fee_in_between(account, lin, chen) -> None:
    PlanRule.objects.update(breach_after=12)
    plan = running(lin, chen, account, Terms(kind="instalments", first_due_on=date(2026, 3, 3), count=6))
    payment = pay(account, "P1", plan.total + 300)
    close_through(date(2026, 3, 5))
    with clock.frozen(noon(date(2026, 3, 6))):
        posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
        plan.refresh_from_db()
        assert (plan.status, plan.late) == ("at-risk", 1)
        owed = owed_now([account.pk])[account.pk]
        assert (owed.overdue, owed.late_fee_now) == (plan.instalments.first().total, 0)
        proved(account)
    fees = Hold.objects.filter(kind="fees", withdrawn_at=None).order_by("pk").values_list("starts_on", "ends_on")
    assert list(fees) == [(TODAY, TODAY), (TODAY, None)]


def test_a_plan_cancels_the_promises_to_pay_its_debt(account, lin, chen, terms) -> None:
    case = Case.objects.get()
    take_promise(
        actor=lin, case_id=case.pk, seen_version=case.version, instalments=[(TOMORROW, Decimal(100))],
        account_id=account.pk,
    )  # fmt: skip
    plan = running(lin, chen, account, terms)
    promise = Promise.objects.get()
    assert (promise.status, promise.instalments.get().status) == ("cancelled", "cancelled")
    told = Event.objects.get(verb="promise.cancelled")
    assert told.customer_id == account.customer_id
    assert reason(told.reason) == f"Plan {plan.ref} took the debt over."
    with translation.override("zh-hans"):
        assert reason(told.reason) == f"方案 {plan.ref} 已承接该债务。", (
            "in the language of who reads, not of who approved"
        )


@pytest.mark.parametrize("late", [True, False])
def test_a_promise_on_all_debts_goes_while_nothing_else_is_overdue(late, account, lin, chen, terms) -> None:
    other = posting.open_account(
        actor=ACTOR, ref="A2", customer_id=account.customer_id, product_code="instalment", currency="CNY"
    )
    bill(other, "B9", date(2026, 1, 1), date(2026, 1, 20) if late else date(2026, 3, 20), "400")
    case = Case.objects.get()
    take_promise(
        actor=lin, case_id=case.pk, seen_version=case.version, instalments=[(TOMORROW, Decimal(100))]
    )  # fmt: skip
    running(lin, chen, account, terms)
    assert Promise.objects.get().status == ("open" if late else "cancelled")


@pytest.mark.parametrize("way", ["rejected", "withdrawn", "expired"])
def test_a_proposal_ends_with_its_request(way, account, lin, chen, terms) -> None:
    plan = ask(lin, account, terms)
    seen = {"request_id": plan.request_id, "seen_version": 1}
    if way == "rejected":
        approvals.reject(actor=chen, comment="Too long", **seen)
    elif way == "withdrawn":
        approvals.withdraw(actor=lin, **seen)
    else:
        with clock.frozen(noon(TODAY + timedelta(days=15))):
            assert expire_overdue() == 1
    assert Request.objects.get().status == way
    assert Plan.objects.get().status == "cancelled"
    event = Event.objects.get(verb="plan.cancelled")
    assert (event.before, event.reason) == ({"status": "asked"}, "Too long" if way == "rejected" else "")
    # Nothing of it was posted, and another may be asked for.
    assert not LedgerEntry.objects.filter(kind="relief").exists()
    assert ask(lin, account, Terms(kind="settlement", first_due_on=date(2026, 3, 15))).status == "asked"


def test_who_only_reads_plans_prints_no_agreement(account, lin, chen, terms, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    plan = ask(lin, account, terms)
    auditor = UserFactory(role="auditor")
    with pytest.raises(PermissionDenied):
        agreement_of(actor=auditor, plan_id=plan.pk, language="en")
    made = agreement_of(actor=lin, plan_id=plan.pk, language="en")
    assert agreement_of(actor=auditor, plan_id=plan.pk, language="en") == made
