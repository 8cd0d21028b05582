"""Until when a case is given to nobody: each reason, the longest of several, and waits that lapse by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Dispute, Promise, PromiseInstalment
from cases.services.waiting import NO_END, refresh_waits
from compliance.models import CustomerFlag
from runs import clock
from tests.factories import AccountFactory, CaseFactory, ContactPointFactory, HoldFactory, StandingFactory

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


def begins(day: date) -> datetime:
    """The first moment of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)


def late(case: Case, count: int = 1) -> list[Any]:
    return [StandingFactory(account=AccountFactory(customer=case.customer)).account for _ in range(count)]


def promise(case: Case, *dates: date) -> Promise:
    made = Promise.objects.create(
        case=case, currency="CNY", amount=Decimal(100) * len(dates), made_on=TODAY, made_at=NOON, taken_by_name="Lin"
    )
    for number, due_on in enumerate(dates, start=1):
        PromiseInstalment.objects.create(promise=made, number=number, due_on=due_on, amount=Decimal(100))
    return made


def dispute(case: Case) -> Dispute:
    return Dispute.objects.create(
        case=case, reason="amount", statement="x", opened_on=TODAY, opened_at=NOON, opened_by_name="Lin", due_on=TODAY
    )


def flag(case: Case, kind: str, until_on: date | None = None, from_on: date = TODAY) -> CustomerFlag:
    return CustomerFlag.objects.create(
        customer=case.customer,
        kind=kind,
        from_on=from_on,
        until_on=until_on,
        evidence="x",
        placed_at=NOON,
        placed_by_name="Lin",
    )


def wait(case: Case) -> tuple[datetime | None, str]:
    refresh_waits(customer_ids=[case.customer_id])
    case.refresh_from_db()
    return case.wait_until, case.wait_for


def test_a_case_without_a_reason_waits_for_nothing() -> None:
    case = CaseFactory(wait_until=NO_END, wait_for="hold")
    late(case)
    assert wait(case) == (None, "")


def test_a_follow_up_waits_for_its_day_and_no_longer() -> None:
    assert wait(CaseFactory(follow_up_on=TODAY + timedelta(days=3))) == (begins(date(2026, 11, 27)), "follow-up")
    assert wait(CaseFactory(follow_up_on=TODAY)) == (None, "")


def test_a_promise_waits_until_its_next_instalment_and_the_days_of_grace_have_passed() -> None:
    case = CaseFactory()
    made = promise(case, TODAY + timedelta(days=2), TODAY + timedelta(days=30))
    assert wait(case) == (begins(TODAY + timedelta(days=4)), "promise")  # one day of grace, installed
    made.instalments.filter(number=1).update(status="kept")
    assert wait(case) == (begins(TODAY + timedelta(days=32)), "promise")
    Promise.objects.update(status="cancelled")
    assert wait(case) == (None, "")


def test_a_dispute_waits_until_it_is_answered() -> None:
    case = CaseFactory()
    made = dispute(case)
    assert wait(case) == (NO_END, "dispute")
    Dispute.objects.filter(pk=made.pk).update(status="rejected")
    assert wait(case) == (None, "")


@pytest.mark.parametrize(
    ("kind", "waits"), [("contact", True), ("treatment", True), ("fees", False), ("deferral", False)]
)
def test_a_hold_on_all_that_is_late_waits_if_its_kind_stops_the_work(kind: str, waits: bool) -> None:
    case = CaseFactory()
    (account,) = late(case)
    HoldFactory(account=account, kind=kind, starts_on=TODAY, ends_on=TODAY + timedelta(days=9))
    assert wait(case) == ((begins(TODAY + timedelta(days=10)), "hold") if waits else (None, ""))


def test_holds_wait_for_the_first_account_that_is_free() -> None:
    case = CaseFactory()
    one, other = late(case, 2)
    HoldFactory(account=one, kind="contact", starts_on=TODAY, ends_on=TODAY + timedelta(days=9))
    assert wait(case) == (None, "")  # the other may be worked
    HoldFactory(account=other, kind="treatment", starts_on=TODAY)
    assert wait(case) == (begins(TODAY + timedelta(days=10)), "hold")
    HoldFactory(account=one, kind="contact", starts_on=TODAY)
    assert wait(case) == (NO_END, "hold")


def test_a_hold_withdrawn_over_or_not_begun_does_not_wait() -> None:
    case = CaseFactory()
    (account,) = late(case)
    HoldFactory(account=account, kind="contact", starts_on=TODAY, withdrawn_at=NOON)
    HoldFactory(account=account, kind="contact", starts_on=TODAY - timedelta(days=9), ends_on=TODAY - timedelta(days=1))
    HoldFactory(account=account, kind="contact", starts_on=TODAY + timedelta(days=1))
    assert wait(case) == (None, "")


def test_a_flag_waits_unless_a_representative_can_be_contacted() -> None:
    case = CaseFactory()
    flag(case, "represented")
    assert wait(case) == (NO_END, "flag")
    ContactPointFactory(customer=case.customer, kind="mobile", clear="13800002046", relationship="representative")
    assert wait(case) == (None, "")


def test_a_flag_that_ends_lapses_and_hardship_does_not_wait() -> None:
    case = CaseFactory()
    flag(case, "hardship")
    assert wait(case) == (None, "")
    flag(case, "incapacity", until_on=TODAY + timedelta(days=1))
    assert wait(case) == (begins(TODAY + timedelta(days=2)), "flag")


def test_the_longest_of_several_reasons_counts() -> None:
    case = CaseFactory(follow_up_on=TODAY + timedelta(days=9))
    promise(case, TODAY + timedelta(days=2))
    assert wait(case) == (begins(TODAY + timedelta(days=9)), "follow-up")


def test_closed_cases_and_other_customers_stay_as_they_are() -> None:
    other = CaseFactory(wait_until=NO_END, wait_for="hold")
    closed = CaseFactory(status="cured", wait_until=NO_END, wait_for="hold")
    assert wait(closed) == (NO_END, "hold")
    other.refresh_from_db()
    assert other.wait_for == "hold"


def test_many_cost_as_many_queries_as_one() -> None:
    def queries(count: int) -> int:
        cases = [CaseFactory(follow_up_on=TODAY + timedelta(days=3)) for _ in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            refresh_waits(customer_ids=[case.customer_id for case in cases])
        return len(captured)

    assert queries(1) == queries(20) <= 7
