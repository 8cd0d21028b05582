"""Calls that a customer asked for: her case waits for its hour, then it comes first, and it stays until somebody reached her."""

from __future__ import annotations

from datetime import time, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.http import QueryDict

from cases.filters import DUE_FIRST, WorklistFilter
from cases.models import CallTask, Case, Queue
from cases.selectors import open_cases
from cases.selectors.contactable import show_callable
from cases.selectors.queues import cases_of
from cases.services.taking import take_next
from runs import clock
from staff.models import User
from tests.cases.deeds import back, call
from tests.clients import signed_in
from tests.factories import DAY, MOMENT, BusinessDayFactory, UserFactory
from tests.whole_cases import workable_case

SOON = DAY + timedelta(days=3)


@pytest.fixture
def case(db: None) -> Case:
    BusinessDayFactory()
    return workable_case()


def test_a_call_back_stays_until_somebody_reached_her(case: Case) -> None:
    lin = UserFactory(team=case.team)
    Case.objects.filter(pk=case.pk).update(assignee=lin)
    with clock.frozen(MOMENT):
        back(case, lin, DAY, time(15, 30))
    with clock.frozen(MOMENT + timedelta(hours=4)):
        call(case, lin, "no-answer")
        assert CallTask.objects.get().done_at is None
        # She rests for the day, and comes first on the next one.
        assert take_next(actor=lin) is None
    with clock.frozen(MOMENT + timedelta(days=1)):
        assert take_next(actor=lin) == case
        call(case, lin, "right-party")
        assert take_next(actor=lin) is None
    case.refresh_from_db()
    assert CallTask.objects.get().done_at is not None
    assert case.call_back_at is None


@pytest.mark.parametrize("mine", [True, False])
def test_until_its_hour_nobody_gets_it_and_then_it_comes_first(case: Case, mine: bool) -> None:
    lin = UserFactory(team=case.team)
    more = workable_case(team=case.team, priority=9_999, assignee=lin if mine else None, follow_up_on=DAY)
    if mine:
        Case.objects.filter(pk=case.pk).update(assignee=lin)
    with clock.frozen(MOMENT):
        back(case, lin, DAY, time(15, 30))
        case.refresh_from_db()
        assert (case.wait_for, case.wait_until, case.call_back_at) == (
            "call-back",
            MOMENT + timedelta(hours=3, minutes=30),
            MOMENT + timedelta(hours=3, minutes=30),
        )
        assert take_next(actor=lin) == more
        assert take_next(actor=lin, passed=[more.pk]) is None
        assert not cases_of(Queue.objects.get(code="call"), lin, DAY).exists()
        (shown,) = show_callable([case], at=clock.now(), actor=lin)
        assert (shown.callable_now, shown.callable_at) == (False, case.call_back_at)
    Case.objects.filter(pk=more.pk).update(assignee=lin if mine else None, assigned_at=None)
    with clock.frozen(MOMENT + timedelta(hours=3, minutes=30)):
        assert cases_of(Queue.objects.get(code="call"), lin, DAY).exists()
        if mine:
            assert [row.pk for row in listed(lin)] == [case.pk, more.pk]
        assert take_next(actor=lin) == case


def listed(lin: User) -> list[Case]:
    filters = WorklistFilter(
        QueryDict(), queryset=open_cases(Case.objects.all(), DAY), user=lin, default_order=DUE_FIRST
    )
    return list(filters.qs)


def test_whom_she_left_until_the_hour_is_not_among_those_that_she_passed(case: Case) -> None:
    lin = UserFactory(team=case.team)
    Case.objects.filter(pk=case.pk).update(assignee=lin)
    page = signed_in(lin)
    with clock.frozen(MOMENT):
        back(case, lin, DAY, time(15, 30))
        said = page.post("/cases/next/", {"leaving": case.pk}, follow=True).content.decode()
        assert "Nothing to take" in said
    workable_case(team=case.team)
    with clock.frozen(MOMENT + timedelta(hours=4)):
        answer = page.post("/cases/next/", follow=True)
    assert answer.redirect_chain[-1][0] == f"/cases/{case.ref}/"
    assert "asked to be called back at 11-22 15:30, so you got this case back" in answer.content.decode()


def test_that_none_of_the_numbers_of_who_is_to_be_called_back_may_be_called_is_said(case: Case) -> None:
    lin = UserFactory(team=case.team)
    Case.objects.filter(pk=case.pk).update(assignee=lin)
    page = signed_in(lin)
    with clock.frozen(MOMENT):
        back(case, lin, DAY, time(15, 30))
    warning = "None of the customer’s numbers may be called"
    with clock.frozen(MOMENT + timedelta(hours=4)):
        assert warning not in page.post("/cases/next/", follow=True).content.decode()
        case.customer.contact_points.update(verification="wrong")
        answer = page.post("/cases/next/", follow=True)
    assert answer.redirect_chain[-1][0] == f"/cases/{case.ref}/"
    assert warning in answer.content.decode()


def test_what_is_free_and_waits_for_its_hour_is_said(case: Case) -> None:
    lin = UserFactory(team=case.team)
    with clock.frozen(MOMENT):
        back(case, lin, DAY, time(15, 30))
        said = signed_in(lin).post("/cases/next/", follow=True).content.decode()
    assert "1 asked to be called back at 15:30" in said


def test_what_was_asked_for_before_is_found_by_its_reason(case: Case) -> None:
    with clock.frozen(MOMENT):
        back(case, UserFactory(), SOON, time(15, 30))
    wanted = Case.objects.get().call_back_at
    CallTask.objects.update(promised=False)
    Case.objects.update(call_back_at=None)
    import_module("cases.migrations.0021_calls_back_at_their_hour").fill(apps, connection.schema_editor(atomic=False))
    assert (CallTask.objects.get().promised, Case.objects.get().call_back_at) == (True, wanted)
