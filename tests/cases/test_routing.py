"""Which team works a case, and how urgent it is: as it opens, as it moves, after the portfolios changed, and at night."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from audit.models import Event
from audit.services import SystemActor
from cases.models import Case
from cases.services.follow import follow
from cases.services.priority import priorities, refresh_priorities
from cases.services.routing import reroute
from cases.verify import check_cases
from delinquency.close_of_day import STEPS
from runs.services import begin_step
from tests.factories import (
    AccountFactory,
    BusinessDayFactory,
    CaseFactory,
    CustomerFactory,
    PortfolioFactory,
    ProductFactory,
    StandingFactory,
    TeamFactory,
    UserFactory,
)

DAY = date(2026, 11, 22)
ACTOR = SystemActor("test")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _closed() -> None:
    BusinessDayFactory(date=DAY)


def late(
    case_or_customer: object = None, bucket: str = "M1", days: int = 10, product: str = "plain", amount: int = 100
) -> object:
    customer = case_or_customer or CustomerFactory()
    StandingFactory(
        account=AccountFactory(customer=customer, product=ProductFactory(code=product)),
        bucket=bucket,
        overdue_since=DAY - timedelta(days=days),
        overdue_amount=Decimal(amount),
    )
    return customer


def followed(customer: object) -> Case:
    follow(actor=ACTOR, customer_ids=[customer.pk], day=DAY)  # type: ignore[attr-defined]
    return Case.objects.get(customer=customer)


def differences() -> list[object]:
    with connection.cursor() as cursor:
        return list(check_cases(cursor, 0, 2**40, DAY))


def test_the_first_portfolio_that_fits_decides() -> None:
    early, dear, rest = TeamFactory(name="Early"), TeamFactory(name="Dear"), TeamFactory(name="Rest")
    asleep = TeamFactory(name="Asleep", is_active=False)
    important = late(bucket="M3", days=80)
    PortfolioFactory(team=asleep, position=1)
    PortfolioFactory(team=rest, position=90)
    PortfolioFactory(team=early, position=10, buckets=["M1", "M2"])
    PortfolioFactory(team=dear, position=20, buckets=["M3"], products=["instalment"])
    PortfolioFactory(team=dear, position=5, customers=[important.ref])  # type: ignore[attr-defined]

    assert followed(important).team == dear
    assert followed(late(bucket="M1")).team == early
    assert followed(late(bucket="M3", days=80)).team == rest
    both = late(bucket="M3", days=80)
    late(both, bucket="M2", days=40, product="instalment")
    assert followed(both).team == dear  # any of the late accounts' products
    assert not differences()


def test_without_a_portfolio_that_fits_a_case_has_no_team() -> None:
    PortfolioFactory(buckets=["M6"])
    assert followed(late()).team is None


def test_a_case_that_moves_to_another_team_loses_who_worked_it_on_the_record() -> None:
    early, middle = TeamFactory(name="Early"), TeamFactory(name="Middle")
    PortfolioFactory(team=early, buckets=["M1"])
    PortfolioFactory(team=middle, buckets=["M2"])
    moves, stays = late(), late()
    lin = UserFactory(team=early)
    for customer in (moves, stays):
        followed(customer)
    Case.objects.update(assignee=lin)
    moves.accounts.get().standing.__class__.objects.filter(account__customer=moves).update(bucket="M2")  # type: ignore[attr-defined]
    stays.accounts.get().standing.__class__.objects.filter(account__customer=stays).update(overdue_amount=7)  # type: ignore[attr-defined]

    case = followed(moves)
    assert (case.team, case.assignee, case.assigned_at) == (middle, None, None)
    event = Event.objects.get(verb="case.moved")
    assert (event.before["team"], event.after["team"]) == ("Early", "Middle")
    assert (event.before["assignee"], event.after["assignee"]) == ("Lin", "")
    assert followed(stays).assignee == lin
    assert "team" not in Event.objects.filter(verb="case.moved").latest("pk").after


def test_who_is_of_the_new_team_keeps_the_case() -> None:
    early, middle = TeamFactory(name="Early"), TeamFactory(name="Middle")
    portfolio = PortfolioFactory(team=early)
    followed(late())
    lin = UserFactory(team=middle)
    Case.objects.update(assignee=lin)
    portfolio.team = middle
    portfolio.save()
    assert reroute(actor=ACTOR) == 1
    assert Case.objects.get().assignee == lin


def test_changed_portfolios_move_the_cases_that_they_concern_and_no_others() -> None:
    early, middle = TeamFactory(name="Early"), TeamFactory(name="Middle")
    PortfolioFactory(team=early)
    one, other = followed(late(bucket="M1")), followed(late(bucket="M2", days=40))
    Case.objects.update(assignee=UserFactory(team=early))
    PortfolioFactory(team=middle, buckets=["M2"], position=1)

    assert reroute(actor=ACTOR) == 1
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.team, one.version) == (early, 1)
    assert (other.team, other.version, other.assignee) == (middle, 2, None)
    event = Event.objects.get(verb="case.routed")
    assert event.before == {"team": "Early", "assignee": "Lin"}
    assert event.after == {"team": "Middle", "assignee": ""}
    assert reroute(actor=ACTOR) == 0
    assert not differences()


def test_priority_is_amount_times_days_and_more_after_a_broken_promise() -> None:
    case = followed(late(days=10, amount=100))
    assert case.priority == 1000
    for broken_on, priority in ((DAY, 1500), (DAY - timedelta(days=30), 1500), (DAY - timedelta(days=31), 1000)):
        Case.objects.update(promise_broken_on=broken_on)
        refresh_priorities(case_ids=[case.pk])
        case.refresh_from_db()
        assert case.priority == priority
    assert case.version == 1
    assert not differences()


def test_the_days_of_a_deferred_case_weigh_nothing_more() -> None:
    customer = late(days=10)
    standing = customer.accounts.get().standing  # type: ignore[attr-defined]
    standing.clock_stopped_on = DAY - timedelta(days=6)
    standing.save()
    assert followed(customer).priority == 400


def test_the_night_sets_the_priority_of_every_open_case_and_its_waits() -> None:
    case = followed(late())
    deferred = CaseFactory(priority=3, overdue_amount=0, follow_up_on=DAY + timedelta(days=500))
    closed = CaseFactory(priority=3, status="cured")
    run = begin_step(day=DAY + timedelta(days=1), step="priorities", position=1)
    assert run is not None
    priorities(run)
    for one in (case, deferred, closed):
        one.refresh_from_db()
    assert (case.priority, case.version) == (1100, 1)
    assert (deferred.priority, deferred.wait_for) == (0, "follow-up")
    assert closed.priority == 3


def test_priorities_are_set_after_the_cases_moved() -> None:
    names = [name for name, _step in STEPS]
    assert names.index("cases") < names.index("priorities")


def test_verify_tells_a_wrong_team_and_a_wrong_priority() -> None:
    followed(late())
    assert not differences()
    Case.objects.update(team=TeamFactory())
    assert len(differences()) == 1
    Case.objects.update(team=None, priority=7)
    assert len(differences()) == 1
