"""The team board: its numbers, its scope, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import board as registry
from cases.models import Promise, PromiseInstalment, Queue
from cases.selectors.board import Board, Member, Oldest, board
from compliance.models import Contact
from runs import clock
from staff.models import User
from tests.factories import CaseFactory, DecisionFactory, TeamFactory, UserFactory

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


@pytest.fixture
def chen() -> User:
    made = UserFactory(role="supervisor", team=None, display_name="Chen")
    made.supervises.set([TeamFactory(name="Team 1"), TeamFactory(name="Team 2")])
    return User.objects.get(pk=made.pk)


def line(shown: Board, user: User) -> Member:
    (found,) = [one for one in (*shown.members, *shown.leavers) if one.user == user]
    return found


def promise(case: object, by: User, status: str, closed_days_ago: int = 1, due_on: date = TODAY) -> None:
    made = Promise.objects.create(
        case=case,
        currency="CNY",
        amount=Decimal(100),
        made_on=TODAY - timedelta(days=50),
        made_at=NOON,
        taken_by=by,
        taken_by_name="Lin",
        status=status,
        closed_at=None if status == "open" else NOON - timedelta(days=closed_days_ago),
    )
    PromiseInstalment.objects.create(promise=made, number=1, due_on=due_on, amount=Decimal(100), status=status)


def contact(case: object, by: User, at: datetime, **fields: object) -> None:
    decision = DecisionFactory(customer=case.customer, channel="voice")  # type: ignore[attr-defined]
    Contact.objects.create(
        customer=case.customer,  # type: ignore[attr-defined]
        decision=decision,
        channel="voice",
        outcome="no-answer",
        at=at,
        actor=by,
        actor_name="Lin",
        recorded_at=at,
        **fields,
    )


def test_each_member_has_her_numbers(chen: User) -> None:
    lin, idle = UserFactory(display_name="Lin"), UserFactory(team=TeamFactory(name="Team 2"))
    old = CaseFactory(assignee=lin, overdue_amount=100, assigned_at=NOON, follow_up_on=TODAY - timedelta(days=1))
    fresh = CaseFactory(
        assignee=lin, overdue_amount=30, currency="USD", contacted_at=NOON, assigned_at=NOON - timedelta(days=1)
    )
    CaseFactory(
        assignee=lin, overdue_amount=50, contacted_at=NOON, wait_until=NOON + timedelta(days=1), wait_for="hold"
    )
    CaseFactory(assignee=lin, status="cured")
    contact(old, lin, NOON)
    contact(old, lin, NOON - timedelta(days=1))
    contact(old, lin, NOON, made_by="batch")
    promise(fresh, lin, "open")
    promise(old, lin, "open", due_on=TODAY + timedelta(days=1))
    for status, days in (("kept", 1), ("kept", 29), ("kept", 31), ("partly", 1), ("broken", 2), ("cancelled", 1)):
        promise(old, lin, status, days)

    shown = board(chen)
    hers = line(shown, lin)

    assert hers.load.cases == 3
    assert hers.load.amounts == {"CNY": Decimal(150), "USD": Decimal(30)}
    assert (hers.load.taken_today, hers.load.waiting, hers.load.follow_ups_overdue) == (1, 1, 1)
    assert (hers.contacts_today, hers.promises_due_today) == (1, 1)
    assert (hers.kept, hers.ended, hers.broken, hers.kept_rate) == (2, 4, 1, 0.5)
    assert hers.oldest == Oldest(old.ref, old.opened_at)
    assert hers.load.untouched_since == old.opened_at
    assert line(shown, idle).load.cases == 0
    assert line(shown, idle).kept_rate is None
    assert not shown.leavers


def test_leavers_with_cases_show_and_those_without_do_not(chen: User) -> None:
    leaver, _gone = UserFactory(is_active=False), UserFactory(is_active=False)
    CaseFactory(assignee=leaver)
    assert [one.user for one in board(chen).leavers] == [leaver]


def test_what_nobody_works_and_what_has_no_team(chen: User) -> None:
    CaseFactory(overdue_amount=7)
    CaseFactory(team=TeamFactory(name="Team 3"))
    CaseFactory(team=None)
    shown = board(chen)
    assert (shown.unassigned.cases, shown.unassigned.amounts, shown.teamless.cases) == (1, {"CNY": Decimal(7)}, 0)
    everything = board(UserFactory(role="administrator", team=None))
    assert (everything.unassigned.cases, everything.teamless.cases) == (3, 1)
    assert {load.cases for load in everything.by_team.values()} == {1}


def test_another_teams_people_are_not_shown(chen: User) -> None:
    other = UserFactory(team=TeamFactory(name="Team 3"))
    CaseFactory(team=other.team, assignee=other)
    assert other not in [one.user for one in board(chen).members]


def test_queues_say_how_many_how_many_free_and_since_when_untouched(chen: User) -> None:
    first = CaseFactory(opened_at=NOON - timedelta(days=9), assignee=UserFactory(), bucket="M1")
    CaseFactory(bucket="M1")
    CaseFactory(bucket="M1", wait_until=NOON + timedelta(days=1), wait_for="hold", contacted_at=NOON)
    lines = {one.queue.code: one for one in board(chen).queues}
    assert set(lines) == set(Queue.objects.values_list("code", flat=True))
    early = lines["early"]
    assert (early.cases, early.free) == (3, 1)
    assert early.untouched_since is not None
    assert early.untouched_since <= first.opened_at
    assert (lines["late"].cases, lines["late"].untouched_since) == (0, None)


def test_todays_refusals_are_counted_by_rule(chen: User) -> None:
    lin, other = UserFactory(), UserFactory(team=TeamFactory(name="Team 3"))
    for actor, rule, at, allowed in (
        (lin, "contact-hours", NOON, False),
        (lin, "calls-a-day", NOON, False),
        (lin, "calls-a-day", NOON, False),
        (lin, "calls-a-day", NOON, True),
        (lin, "calls-a-day", NOON - timedelta(days=1), False),
        (other, "contact-hours", NOON, False),
        (None, "contact-hours", NOON, False),
    ):
        DecisionFactory(actor=actor, rule=rule, at=at, decided_at=at, allowed=allowed)
    assert list(board(chen).refusals) == [("calls-a-day", 2), ("contact-hours", 1)]


def test_other_apps_show_their_panels(chen: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_makers", [])
    panel = registry.Panel("Approvals", "x.html", {"waiting": 3})
    registry.add_panel(lambda user: panel)
    registry.add_panel(lambda user: None)
    assert board(chen).panels == [panel]


@pytest.mark.parametrize("count", [2, 20])
def test_the_board_costs_twelve_queries_at_most_however_many_people_work(chen: User, count: int) -> None:
    for _ in range(count):
        case = CaseFactory(assignee=UserFactory())
        promise(case, case.assignee, "open")
        contact(case, case.assignee, NOON)
    with CaptureQueriesContext(connection) as captured:
        board(chen)
    assert len(captured) <= 12, [query["sql"][:90] for query in captured]
