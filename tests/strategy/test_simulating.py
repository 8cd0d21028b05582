"""A simulation: what a strategy would have done, night by night, and nothing of it done."""

from __future__ import annotations

import contextlib
import functools
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.errors import Conflict, Invalid
from audit.models import Event
from cases.models import WorkTerms
from delinquency.close_of_day import close_day
from runs import clock
from runs.models import JobRun
from staff.models import User
from strategy import history
from strategy.models import Simulation, Version
from strategy.services import simulating
from strategy.services.asking import ask_simulation, stop_simulation
from strategy.services.simulating import run_simulation
from tests.clients import signed_in
from tests.close_of_day.book import ACTOR, FIRST, make_book
from tests.factories import BusinessDayFactory, UserFactory
from tests.queues import work
from tests.reminders.conftest import MailServer
from tests.reminders.conftest import mail as mail  # a fixture
from tests.strategy.conftest import new_version
from tests.strategy.week import LAST, asked, at, insistent
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer() -> User:
    return UserFactory(username="writer", role="supervisor")


def test_where_fewer_days_are_closed_than_asked_for_that_is_said_before_and_after(
    writer: User, version: Version
) -> None:
    for day in range(3):
        BusinessDayFactory(date=LAST - timedelta(days=day))
    client = signed_in(writer)
    address = reverse("strategy-simulate", args=[version.number])
    page = client.get(address)
    assert page.context["form"]["days"].value() == 3
    assert "Only 3 are closed so far" in page.content.decode()
    simulation = asked(writer, version, days=30)
    assert (simulation.days, simulation.asked_days) == (3, 30)
    run_simulation(simulation)
    told = client.get(reverse("simulation", args=[simulation.pk])).content.decode()
    assert "Asked for 30 days; only 3 were closed" in told
    again = asked(writer, version, days=3)
    run_simulation(again)
    assert "Asked for" not in client.get(reverse("simulation", args=[again.pk])).content.decode()


def test_activation_begins_with_the_shares_that_were_simulated(writer: User, version: Version) -> None:
    BusinessDayFactory(date=LAST)
    client, address = signed_in(writer), reverse("strategy-activate", args=[version.number])
    assert client.get(address).context["form"]["holdout_percent"].value() == 0
    installed = Version.objects.get(number=1)
    shares = {"challenger_percent": 20, "holdout_percent": 5}
    simulation = asked(writer, version, days=1, champion_id=installed.pk, challenger_id=version.pk, **shares)
    run_simulation(simulation)
    JobRun.objects.update(status="done")
    form = client.get(address).context["form"]
    assert (form["champion"].value(), form["challenger"].value()) == (1, version.number)
    assert {name: form[name].value() for name in shares} == shares


@pytest.mark.parametrize(
    ("given", "refused"),
    [({"days": 0}, Invalid), ({"days": 91}, Invalid), ({"challenger_percent": 5}, Invalid), ({}, Conflict)],
)
def test_what_cannot_be_simulated_is_refused(
    version: Version, writer: User, given: dict[str, int], refused: type[Exception]
) -> None:
    with pytest.raises(refused):
        asked(writer, version, **given)
    assert not JobRun.objects.exists()


def test_who_does_not_write_strategies_simulates_none(version: Version) -> None:
    with pytest.raises(PermissionDenied):
        asked(UserFactory(username="officer", role="legal-officer"), version)


def test_each_has_one_at_a_time_and_all_together_few(version: Version, writer: User) -> None:
    BusinessDayFactory(date=LAST)
    others = [UserFactory(display_name=name, role="supervisor") for name in ("Second", "Third")]

    def ask(user: User) -> Simulation:
        return ask_simulation(actor=user, version_id=version.pk, days=1, champion_id=version.pk)

    mine = ask(writer)
    with pytest.raises(Conflict, match=f"Your simulation of strategy {version.number}"):
        ask(writer)
    ask(others[0])
    with pytest.raises(Conflict, match=r"No more than 2 at once .*: Lin, strategy 900; Second, strategy 900."):
        ask(others[1])
    page = signed_in(others[1]).post(
        reverse("strategy-simulate", args=[version.number]),
        {"days": 1, "champion": version.number, "challenger_percent": 0, "holdout_percent": 0},
    )
    assert page.status_code == 422
    assert "No more than 2 at once" in page.content.decode()
    assert reverse("simulation", args=[mine.pk]) in page.content.decode()
    # One that failed is out of the way as well as one that is done; and terms that allow more are asked at once.
    JobRun.objects.filter(pk=mine.run_id).update(status="failed")
    ask(others[1])
    with pytest.raises(Conflict, match="No more than 2"):
        ask(writer)
    WorkTerms.objects.update(simulations=3)
    assert ask(writer).run_id


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_as_many_as_may_are_taken(valkey: Any) -> None:
    version = new_version()
    BusinessDayFactory(date=LAST)
    users = [UserFactory(username=f"writer-{number}", role="supervisor") for number in range(4)]

    def ask(user: User) -> None:
        with contextlib.suppress(Conflict):
            ask_simulation(actor=user, version_id=version.pk, days=1, champion_id=version.pk)

    at_once([functools.partial(ask, user) for user in [*users, users[0]]])
    assert Simulation.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_does_it_and_the_page_shows_it(mail: MailServer, writer: User, valkey: Any) -> None:
    version = insistent(new_version())
    make_book()
    with clock.frozen(at(FIRST, 23, 30)):
        close_day(actor=ACTOR, day=FIRST)
    client: Client = signed_in(writer)
    data = {"days": "1", "champion": version.number, "challenger_percent": "0", "holdout_percent": "0"}
    answer = client.post(reverse("strategy-simulate", args=[version.number]), data)
    assert "Waiting for a worker" in client.get(answer.url).content.decode()
    work()
    simulation = Simulation.objects.get()
    assert simulation.run is not None
    assert (simulation.run.status, simulation.run.error) == ("done", "")
    page = client.get(answer.url).content.decode()
    assert "hx-trigger" not in page.partition('id="simulation"')[2].partition(">")[0]
    assert "By hour, where the person lives" in page
    assert page.count("<svg") > 3
    file = b"".join(client.get(reverse("simulation-export", args=[simulation.pk]))).decode()  # type: ignore[arg-type]
    assert f"Simulated,,People with a message,{simulation.result['people']}" in file
    address = reverse("simulation-export", args=[simulation.pk])
    file = b"".join(client.get(address, headers={"accept-language": "zh-hans"})).decode()  # type: ignore[arg-type]
    assert f"模拟,,有消息的人数,{simulation.result['people']}" in file
    assert not [code for code in ("total", "held_out", "by_hour", "champion", "email", "Business") if code in file]


@pytest.mark.django_db(transaction=True)
def test_one_that_runs_is_stopped_and_another_asked_for_at_once(
    mail: MailServer, writer: User, valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = insistent(new_version())
    make_book()
    for number in range(2):
        with clock.frozen(at(FIRST + timedelta(days=number), 23, 30)):
            close_day(actor=ACTOR, day=FIRST + timedelta(days=number))
    client = signed_in(writer)
    first = ask_simulation(actor=writer, version_id=version.pk, days=2, champion_id=version.pk)
    page, stop = reverse("simulation", args=[first.pk]), reverse("simulation-stop", args=[first.pk])
    assert stop in client.get(page).content.decode()
    answers: list[str] = []
    begin = history.stock_on

    def stopped_at_night(day: date) -> Any:
        if not answers:
            (answer,) = at_once([lambda: client.post(stop, follow=True).content.decode()])
            answers.append(str(answer))
        return begin(day)

    monkeypatch.setattr(simulating, "stock_on", stopped_at_night)
    work()
    assert "The simulation is stopped." in answers[0]
    assert "Stopped by" in answers[0]
    assert stop not in answers[0]
    first.refresh_from_db()
    assert first.run is not None
    assert (first.run.status, first.run.done, first.result) == ("stopped", 0, {})
    assert "over already" in client.post(stop, follow=True).content.decode()
    assert "由 " in client.get(page, headers={"accept-language": "zh-hans"}).content.decode()
    again = ask_simulation(actor=writer, version_id=version.pk, days=2, champion_id=version.pk)
    work()
    again.refresh_from_db()
    assert again.run is not None
    assert (again.run.status, again.result["by_day"][0][0]) == ("done", FIRST.isoformat())


@pytest.mark.django_db(transaction=True)
def test_one_that_waits_for_a_worker_is_stopped_and_does_nothing(writer: User, valkey: Any) -> None:
    version = new_version()
    BusinessDayFactory(date=LAST)
    waiting = ask_simulation(actor=writer, version_id=version.pk, days=1, champion_id=version.pk)
    with pytest.raises(PermissionDenied):
        stop_simulation(actor=UserFactory(role="legal-officer"), simulation_id=waiting.pk)
    stop_simulation(actor=writer, simulation_id=waiting.pk)
    work()
    waiting.refresh_from_db()
    assert waiting.run is not None
    assert (waiting.run.status, waiting.run.started_at, waiting.result) == ("stopped", None, {})
    page = signed_in(writer).get(reverse("simulation", args=[waiting.pk])).content.decode()
    assert "Waiting for a worker" not in page
    assert Event.objects.get(verb="strategy.simulation-stopped").subject_id == version.pk
