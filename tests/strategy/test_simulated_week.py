"""A simulation of a week that was lived: what another strategy, or the same, would have done."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoDbBlocker

from accounts.models import ContactPoint
from cases.models import CallTask
from compliance.models import Contact, ContactDecision
from reminders.models import ChannelPrice, Message
from reminders.services import templates
from staff.models import User
from strategy.models import Proposal, Rule, Simulation, Treatment, Version
from strategy.services.simulating import run_simulation
from tests.clients import signed_in
from tests.close_of_day.book import FIRST
from tests.factories import MOMENT, UserFactory
from tests.reminders.conftest import mail_server
from tests.strategy.conftest import new_version, rule
from tests.strategy.week import DAYS, asked, at, live_a_week


@pytest.fixture(scope="module")
def week(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Version]:
    """Lived once, in a transaction that is never committed: hence no test here is marked to get one of its own."""
    with django_db_blocker.unblock(), translation.override("en"), transaction.atomic():
        with mail_server() as mail, override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=mail.port):
            version = live_a_week()
        yield version
        transaction.set_rollback(True)


@pytest.fixture
def lived(week: Version) -> Iterator[Version]:
    """The week as it was; what a test adds is taken back."""
    with transaction.atomic():
        yield week
        transaction.set_rollback(True)


@pytest.fixture
def writer(lived: Version) -> User:
    return UserFactory(username="writer", role="supervisor")


def test_what_was_in_force_is_simulated_as_it_was_and_nothing_is_done(lived: Version, writer: User) -> None:
    counted = (Message, ContactDecision, Contact, Treatment, Proposal, CallTask)
    before = [model.objects.count() for model in counted]
    found = run_simulation(asked(writer, lived, holdout_percent=30))
    assert [model.objects.count() for model in counted] == before
    really = found["really"]
    for figure in ("sent", "people", "by_channel", "cost", "held_out", "withheld"):
        assert found[figure] == really[figure], figure
    assert found["sent"] > 0
    assert sum(number for _status, number in really["became"]) == really["sent"]
    assert found["withheld"] > 0
    assert found["held_out"] > 0
    assert found["call"] == really["call"] > 0
    assert sum(number for _times, number in found["contacts_each"]) == found["people"]
    assert sum(number for _hour, number in found["by_hour"]) == found["sent"]
    assert sum(sent for _day, sent, *_rest in found["by_day"]) == found["sent"]
    assert [row["code"] for row in found["by_rule"]] == ["write", "call", "freeze"]
    assert {arm["arm"] for arm in found["by_arm"]} == {"champion", "holdout"}
    assert [rule for rule, _number in found["by_refusal"]] == ["contact-point"]


@pytest.mark.django_db
def test_what_a_test_adds_to_the_week_is_taken_back() -> None:
    """Marked, so that there is a test database also where this module is run alone."""
    assert not Simulation.objects.exists()


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


def staff_writes_daily() -> None:
    """By e-mail, to whoever has an address."""
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


def test_what_staff_wrote_in_these_days_counts_and_what_ran_by_itself_does_not(lived: Version, writer: User) -> None:
    simulation = asked(writer, lived)
    found = run_simulation(simulation)
    staff_writes_daily()
    again = run_simulation(simulation)
    assert again["sent"] < found["sent"]
    assert "messages" in {rule for rule, _number in again["by_refusal"]}


def test_what_is_refused_is_tried_again_as_in_the_night(lived: Version, writer: User) -> None:
    once, again, daily, law = (new_version(number) for number in range(901, 905))
    rule(once, "one", action="message", templates=["overdue-sms"], retry_days=3)
    rule(daily, "one", action="message", templates=["overdue-sms"], every_days=1, retry_days=0)
    rule(law, "one", action="message", templates=["demand-letter"], retry_days=0)
    withheld = {version: run_simulation(asked(writer, version))["withheld"] for version in (once, daily, law)}
    # Nobody has a telephone or an address: a reminder is given up at once, what the law demands is tried every evening.
    assert 0 < withheld[once] < withheld[daily] == withheld[law]
    # What passes with time is tried again, as often as the rule says.
    staff_writes_daily()
    rule(again, "one", action="message", templates=["first-late"], every_days=4, retry_days=3)
    tried = run_simulation(asked(writer, again))
    Rule.objects.filter(version=again).update(retry_days=0)
    assert tried["withheld"] > run_simulation(asked(writer, again))["withheld"] > 0
