"""What the law wants told reaches who opted out too: by letter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.models import Event
from compliance.services.opt_outs import opt_out
from reminders import services
from reminders.models import Message, Template, TemplateVersion
from reminders.services.notices import ACTOR, by_letter
from reminders.services.templates import add_template
from runs import clock
from staff.models import User
from tests.factories import (
    AccountFactory,
    ContactPointFactory,
    CustomerFactory,
    MessageFactory,
    StandingFactory,
    UserFactory,
)
from tests.reminders.conftest import DAY, DUE, NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


@pytest.fixture
def writer(db: None) -> User:
    return UserFactory(role="supervisor")


def notice(*, kind: str = "notice", letter: str = "demand-letter") -> Message:
    """An SMS that waits, to a customer with an address who opted out of SMS meanwhile."""
    account = AccountFactory(customer=CustomerFactory(locale="zh-hans"))
    customer = account.customer
    StandingFactory(account=account, overdue_since=DUE, late_on=DAY, bucket="M1")
    mobile = ContactPointFactory(customer=customer, kind="mobile", clear="13800002046")
    ContactPointFactory(customer=customer, kind="address", clear="上海市浦东新区世纪大道1号")
    Template.objects.create(
        name="advance-notice",
        title="Advance notice",
        kind=kind,
        channel="sms",
        by_letter=Template.objects.get(name=letter) if kind == "notice" else None,
    )
    message = MessageFactory(
        customer=customer,
        contact_point=mobile,
        channel="sms",
        purpose="notice",
        kind=kind,
        template="advance-notice",
        language="zh-hans",
        status="queued",
        sent_at=None,
        send_after=NOON,
        decision__channel="sms",
        decision__purpose="notice",
        context={"accounts": [{"id": account.pk}]},
    )
    opt_out(actor=ACTOR, contact_point_id=mobile.pk, channel="sms", source="staff", evidence="A call")
    return message


def test_who_opted_out_before_it_left_gets_the_letter(db: None) -> None:
    message = notice()
    assert services.deliver("sms", seconds=5) == {"withheld": 1}
    message.refresh_from_db()
    assert (message.status, message.error) == ("withheld", "Refused by the gate: opt-out. It goes by letter instead.")
    letter = Message.objects.get(channel="letter")
    assert (letter.status, letter.kind, letter.purpose, letter.template) == (
        *("queued", "notice", "notice"),
        "demand-letter",
    )
    assert (letter.contact_point.kind, letter.context) == ("address", message.context)
    assert letter.decision.allowed
    assert letter.decision.channel == "letter"
    assert Event.objects.get(verb="message.queued").subject_id == letter.pk
    assert by_letter(message) == letter
    assert Message.objects.filter(channel="letter").count() == 1


def test_a_reminder_does_not(db: None) -> None:
    message = notice(kind="overdue")
    assert services.deliver("sms", seconds=5) == {"withheld": 1}
    message.refresh_from_db()
    assert message.error == "Refused by the gate: opt-out."
    assert not Message.objects.filter(channel="letter").exists()


@pytest.mark.parametrize("lacks", ["address", "approved letter"])
def test_without_a_letter_that_can_go_it_says_so(lacks: str) -> None:
    message = notice()
    if lacks == "address":
        message.customer.contact_points.filter(kind="address").update(verification="wrong")
    else:
        TemplateVersion.objects.filter(template__name="demand-letter").update(status="retired")
    services.deliver("sms", seconds=5)
    message.refresh_from_db()
    assert message.error == "Refused by the gate: opt-out. No letter can go instead."
    assert not Message.objects.filter(channel="letter").exists()


def test_a_notice_that_can_be_opted_out_of_names_its_letter(writer: User) -> None:
    given = {"actor": writer, "title": "Notice", "kind": "notice"}
    with pytest.raises(ValidationError, match="choose the letter that goes instead"):
        add_template(**given, name="one", channel="sms")
    letter = Template.objects.get(name="demand-letter")
    assert add_template(**given, name="two", channel="sms", by_letter=letter).by_letter == letter
    with pytest.raises(ValidationError, match="Leave it empty"):
        add_template(**given, name="three", channel="letter", by_letter=letter)
    with pytest.raises(ValidationError):
        add_template(**given, name="four", channel="sms", by_letter=Template.objects.get(name="first-late"))


def test_the_database_lets_no_other_template_have_one(db: None) -> None:
    letter = Template.objects.get(name="demand-letter")
    with pytest.raises(IntegrityError, match="template_letter_of_a_notice"), transaction.atomic():
        Template.objects.filter(name="first-late").update(by_letter=letter)
