"""A simulation: what a strategy would have done, night by night, and nothing of it done."""

from __future__ import annotations

import contextlib
import functools
import html
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from accounts.errors import Conflict, Invalid
from accounts.models import ContactPoint, Customer
from cases.models import CallTask, Queue, WorkTerms
from compliance.models import Contact, ContactDecision
from delinquency.close_of_day import close_day
from reminders.models import ChannelPrice, Message
from reminders.services import templates
from reminders.services.delivery import deliver
from runs import clock
from runs.models import JobRun
from staff.models import User
from strategy.models import Deployment, Proposal, Simulation, Treatment, Version, VersionStatus
from strategy.rules import HOLDOUT, arm_of
from strategy.services.asking import ask_simulation
from strategy.services.simulating import run_simulation
from tests.clients import signed_in
from tests.close_of_day.book import ACTOR, FIRST, make_book
from tests.factories import MOMENT, BusinessDayFactory, UserFactory
from tests.queues import work
from tests.reminders.conftest import MailServer
from tests.reminders.conftest import mail as mail  # a fixture
from tests.strategy.conftest import new_version, rule
from tests.threads import at_once

pytestmark = pytest.mark.django_db
DAYS = 7
LAST = FIRST + timedelta(days=DAYS - 1)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An hour in Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 8, minutes=minute)


def insistent(version: Version) -> Version:
    """Writes every second day as long as somebody is late, asks for calls, proposes to freeze."""
    rule(version, "write", action="message", templates=["overdue-sms", "first-late"], every_days=2)
    rule(version, "call", action="call", queue=Queue.objects.get(code="call"), days_from=2)
    rule(version, "freeze", days_from=32)
    return version


@pytest.fixture
def lived(mail: MailServer) -> Version:
    """A week in which a strategy with a hold-out was in force, every night closed, and every morning sent what was queued."""
    version = insistent(new_version())
    Version.objects.filter(pk=version.pk).update(status=VersionStatus.APPROVED)
    Deployment.objects.create(
        effective_from=date(2020, 1, 1),
        champion=version,
        holdout_percent=30,
        salt="salt",
        decided_by_name="Test",
        decided_at=MOMENT,
    )
    ChannelPrice.objects.create(
        channel="email", effective_from=date(2020, 1, 1), currency="CNY", each="0.0200", source="Contract"
    )
    make_book()
    # Those whom the gate refuses: of the treated, whatever keys the customers have.
    treated = [
        key
        for key in Customer.objects.filter(ref__regex="^C-(new|old)").order_by("pk").values_list("pk", flat=True)
        if arm_of(key, "salt", 30, 0) != HOLDOUT
    ]
    ContactPoint.objects.filter(customer__in=treated[:2]).update(permitted=False)
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        with clock.frozen(at(day, 23, 30)):
            close_day(actor=ACTOR, day=day)
        with clock.frozen(at(day + timedelta(days=1), 9)):
            deliver("email", seconds=60)
    return version


@pytest.fixture
def writer() -> User:
    return UserFactory(username="writer", role="supervisor")


def asked(writer: User, version: Version, **given: Any) -> Simulation:
    # As a worker would have left those asked before.
    JobRun.objects.update(status="done")
    with clock.frozen(at(LAST + timedelta(days=1), 12)):
        return ask_simulation(actor=writer, version_id=version.pk, **{"days": DAYS, "champion_id": version.pk, **given})


def test_what_was_in_force_is_simulated_as_it_was_and_nothing_is_done(lived: Version, writer: User) -> None:
    counted = (Message, ContactDecision, Contact, Treatment, Proposal, CallTask)
    before = [model.objects.count() for model in counted]
    found = run_simulation(asked(writer, lived, holdout_percent=30))
    assert [model.objects.count() for model in counted] == before
    really = found["really"]
    for figure in ("sent", "people", "by_channel", "cost", "held_out", "withheld"):
        assert found[figure] == really[figure], figure
    assert found["sent"] > 0
    assert found["withheld"] > 0
    assert found["held_out"] > 0
    assert found["call"] == really["call"] > 0
    assert sum(number for _times, number in found["contacts_each"]) == found["people"]
    assert sum(number for _hour, number in found["by_hour"]) == found["sent"]
    assert sum(sent for _day, sent, *_rest in found["by_day"]) == found["sent"]
    assert [row["code"] for row in found["by_rule"]] == ["write", "call", "freeze"]
    assert {arm["arm"] for arm in found["by_arm"]} == {"champion", "holdout"}
    assert [rule for rule, _number in found["by_refusal"]] == ["contact-point"]


def test_messages_without_a_price_are_told_beside_the_cost(lived: Version, writer: User) -> None:
    assert run_simulation(asked(writer, lived))["unpriced"] == []
    ChannelPrice.objects.all().delete()
    found = run_simulation(asked(writer, lived))
    assert (found["cost"], found["unpriced"]) == ([], found["by_channel"])


def test_what_has_no_approved_words_is_told_by_its_rule_and_not_counted_as_sent(lived: Version, writer: User) -> None:
    templates.add_template(actor=writer, name="late-two", title="Late, two", kind="overdue", channel="email")
    alone, other = new_version(901), new_version(902)
    rule(alone, "write", action="message", templates=["late-two"])
    found = run_simulation(simulation := asked(writer, alone))
    (row,) = found["by_rule"]
    assert (found["sent"], found["people"], found["withheld"], row["sent"]) == (0, 0, 0, 0)
    assert found["unapproved"] == row["unapproved"] > 0
    page = signed_in(writer).get(reverse("simulation", args=[simulation.pk])).content.decode()
    assert "No version of “late-two” is approved yet." in html.unescape(page)
    assert f"{row['unapproved']} messages are not counted." in page
    # By the next of its templates it goes, and the page says what is lacking all the same.
    rule(other, "write", action="message", templates=["late-two", "first-late"])
    found = run_simulation(asked(writer, other))
    (row,) = found["by_rule"]
    assert (row["unapproved"], row["unapproved_templates"]) == (0, ["late-two"])
    assert found["sent"] == row["sent"] > 0


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


def test_a_draft_is_simulated_beside_what_was_in_force(lived: Version, writer: User) -> None:
    calm = new_version(901)
    rule(calm, "write", action="message", templates=["first-late"])
    alone = run_simulation(asked(writer, calm))
    assert 0 < alone["sent"] < alone["really"]["sent"] + alone["really"]["held_out"]
    assert max(times for times, people in alone["contacts_each"] if people) == 1
    both = run_simulation(asked(writer, calm, champion_id=lived.pk, challenger_id=calm.pk, challenger_percent=50))
    arms = {arm["arm"]: arm for arm in both["by_arm"]}
    assert arms["challenger"]["people"] > 0
    assert arms["challenger"]["call"] == 0 < arms["champion"]["call"]


def test_what_staff_wrote_in_these_days_counts_and_what_ran_by_itself_does_not(lived: Version, writer: User) -> None:
    simulation = asked(writer, lived)
    found = run_simulation(simulation)
    Contact.objects.filter(channel="email").model.objects.bulk_create(
        Contact(
            customer_id=point.customer_id,
            contact_point=point,
            channel="email",
            direction="outbound",
            made_by="staff",
            outcome="sent",
            actor_name="Lin",
            recorded_at=MOMENT,
            at=at(FIRST + timedelta(days=day), 10),
            decision=ContactDecision.objects.create(
                customer_id=point.customer_id,
                contact_point=point,
                channel="email",
                purpose="reminder",
                at=MOMENT,
                decided_at=MOMENT,
                actor_name="Lin",
                allowed=True,
                rule="contact-hours",
                rule_version=1,
            ),
        )
        for point in ContactPoint.objects.filter(kind="email", permitted=True)
        for day in range(DAYS)
    )
    again = run_simulation(simulation)
    assert again["sent"] < found["sent"]
    assert "messages" in {rule for rule, _number in again["by_refusal"]}


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
    assert f"total,,people,{simulation.result['people']}" in file
