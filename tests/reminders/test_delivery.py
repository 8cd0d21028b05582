"""From the outbox to the person, in this process: what is sent, when it is not, and what is kept."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as our_settings
from django.db import connection
from django.test import Client

from accounts import vault
from accounts.models import Account, ContactPoint, Customer, Standing
from audit.models import Event
from compliance.models import Contact, ContactDecision
from reminders import services
from reminders.channels import Outgoing, TransportError, email
from reminders.channels.email import link
from reminders.models import Message
from reminders.services import delivery
from reminders.services.delivery.batch import Batch, Pace
from reminders.services.delivery.claims import held_by
from runs import clock
from runs.services import StepRun
from strategy.services import evaluating
from tests.factories import ContactPointFactory, CustomerFactory, HoldFactory, UserFactory
from tests.reminders.conftest import NOON, MailServer, late


def queue(run: StepRun, *accounts: Account) -> list[Message]:
    with clock.frozen(NOON):
        evaluating.strategy(run)
    return list(Message.objects.order_by("id"))


def deliver(at=NOON) -> dict[str, int]:
    with clock.frozen(at):
        return services.deliver("email", seconds=30)


def address(message: Message) -> str:
    return message.contact_point.value


@pytest.mark.parametrize("name", ["Harbour Debt Collection", "港湾催收"])
def test_a_senders_name_that_tells_others_of_a_debt_stops_the_channel_and_its_page_says_so(
    run: StepRun, mail: MailServer, client: Client, settings, name: str
) -> None:
    late()
    (message,) = queue(run)
    settings.LENDER_NAME = name
    assert deliver() == {}
    client.force_login(UserFactory(role="administrator"))
    said = client.get("/channels/email/").content.decode()
    assert "LENDER_NAME" in said
    assert "LENDER_NAME" not in client.get("/channels/sms/").content.decode(), (
        "who gets an SMS sees the number it comes from"
    )
    settings.LENDER_NAME = "Harbour"
    assert deliver() == {"sent": 1}
    message.refresh_from_db()
    assert message.status == "sent"


def test_it_says_who_writes_what_is_due_and_what_to_do(run: StepRun, mail: MailServer, settings) -> None:
    settings.LENDER_NAME, settings.LENDER_CONTACT = "Harbour, Ltd.", "400 800 1234"
    settings.LENDER_PAY_URL = "https://pay.example/now"
    account = late(overdue_amount=Decimal("12310.50"))
    (message,) = queue(run)
    assert deliver() == {"sent": 1}
    (letter,) = mail.letters
    text = letter.get_content()
    assert letter["Subject"] == "A message about your account with Harbour, Ltd."
    assert letter["From"].addresses[0].display_name == "Harbour, Ltd."
    assert letter["To"] == address(message)
    assert letter["Message-ID"] == message.header_id
    assert letter["Content-Language"] == "en"
    for told in (
        account.ref,
        "CNY 12,310.50",
        "22 November 2026",
        "https://pay.example/now",
        "400 800 1234",
        "dispute",
    ):
        assert told in text
    assert account.customer.name in text
    message.refresh_from_db()
    assert (message.status, message.sent_at, message.attempts, message.claim) == ("sent", NOON, 1, None)
    assert message.subject == letter["Subject"]
    assert message.body.split() == text.split()
    assert Event.objects.filter(verb="message.sent", subject_id=message.pk, customer_id=message.customer_id).exists()


def test_in_chinese_to_those_whose_language_is_chinese_or_unknown(run: StepRun, mail: MailServer) -> None:
    customer = CustomerFactory(locale="zh-Hans")
    ContactPointFactory(customer=customer)
    late(customer)
    unknown = CustomerFactory(locale="")
    ContactPointFactory(customer=unknown)
    late(unknown)
    queue(run)
    deliver()
    assert [letter["Subject"] for letter in mail.letters] == ["关于您账户的通知"] * 2
    assert "2026年11月22日" in mail.letters[0].get_content()


def test_the_page_masks_the_name_that_was_sent_whatever_she_is_called_by_now(
    run: StepRun, mail: MailServer, client: Client
) -> None:
    account = late()
    Customer.objects.update(name="An Yi")
    (message,) = queue(run, account)
    deliver()
    message.refresh_from_db()
    assert {message.body[start:end] for start, end in message.personal["body"]} == {"An Yi"}
    Customer.objects.update(name="Li Wei")
    client.force_login(UserFactory(role="auditor"))
    page = client.get(f"/messages/{message.pk}/").content.decode()
    assert "An Yi" not in page
    assert "A* Y*" in page


def test_it_tells_what_is_owed_when_it_leaves_and_not_when_it_was_queued(run: StepRun, mail: MailServer) -> None:
    account = late(overdue_amount=Decimal("500.00"))
    paid = late(account.customer)
    queue(run)
    Standing.objects.filter(account=account).update(overdue_amount=Decimal("120.00"))
    Standing.objects.filter(account=paid).delete()
    deliver()
    text = mail.letters[0].get_content()
    assert "CNY 120.00" in text
    assert paid.ref not in text


@pytest.mark.parametrize("since", ["paid", "held"])
def test_what_is_no_longer_owed_or_was_put_on_hold_is_withheld(run: StepRun, mail: MailServer, since: str) -> None:
    account = late()
    (message,) = queue(run)
    if since == "paid":
        Standing.objects.all().delete()
    else:
        HoldFactory(account=account, kind="contact")
    assert deliver() == {"withheld": 1}
    message.refresh_from_db()
    why = {
        "paid": "What it is about no longer holds: paid, put on hold, or done.",
        "held": "Refused by the gate: hold.",
    }[since]
    assert (message.status, message.error) == ("withheld", why)
    assert message.held_by == {"paid": "nothing-left", "held": "hold"}[since]
    assert Event.objects.get(verb="message.withheld").reason == message.error
    assert not mail.letters


def test_in_closed_hours_it_waits_under_a_new_decision(run: StepRun, mail: MailServer) -> None:
    late()
    (message,) = queue(run)
    first = message.decision_id
    assert deliver(NOON + timedelta(hours=11)) == {"postponed": 1}
    message.refresh_from_db()
    morning = (NOON + timedelta(days=1)).astimezone(ZoneInfo("Asia/Shanghai")).replace(hour=8)
    assert (message.status, message.send_after, message.attempts) == ("queued", morning, 0)
    assert message.held_by == "contact-hours"
    assert message.decision_id != first
    assert (message.decision.allowed, message.decision.at) == (True, morning)
    assert not mail.letters
    assert deliver(morning) == {"sent": 1}


def test_a_message_whose_place_has_lapsed_asks_again_and_counts_once(run: StepRun, mail: MailServer) -> None:
    late()
    (message,) = queue(run)
    first = message.decision
    later = NOON + timedelta(days=2)
    assert first.reserved_until == NOON + timedelta(days=1)
    assert deliver(later) == {"postponed": 1, "sent": 1}
    message.refresh_from_db()
    assert (message.status, message.decision.replaces, message.decision.at) == ("sent", first, later)


def test_a_permission_taken_back_meanwhile_is_respected_and_recorded(run: StepRun, mail: MailServer) -> None:
    late()
    (message,) = queue(run)
    ContactPoint.objects.update(permitted=False)
    assert deliver() == {"withheld": 1}
    message.refresh_from_db()
    assert message.error == "Refused by the gate: contact-point."
    assert message.held_by == "contact-point"
    assert ContactDecision.objects.filter(allowed=False, contact_point=message.contact_point).exists()
    assert not mail.letters


def test_a_batch_goes_over_one_connection(run: StepRun, mail: MailServer) -> None:
    for _ in range(30):
        late()
    queue(run)
    assert deliver() == {"sent": 30}
    assert mail.connections == 1
    assert len(set(mail.ids)) == 30


def test_refusals_are_judged_one_by_one_and_never_stop_the_others(run: StepRun, mail: MailServer, caplog) -> None:
    for _ in range(7):
        late()
    messages = queue(run)
    nobody, later, policy, garbled, broken, cut, good = messages
    mail.refuse[address(nobody)] = f"550 5.1.1 <{address(nobody)}> unknown"
    mail.refuse[address(later)] = "451 4.7.1 try again later"
    mail.refuse[address(policy)] = "550 5.7.1 we do not like you"
    point = garbled.contact_point
    point.value_cipher = vault.encrypt("a@example.com\r\nBcc: all@example.com")
    point.save()
    broken.contact_point.value_cipher = b"\x63not a cipher"
    broken.contact_point.save()
    mail.cut_at.add(address(cut))
    with caplog.at_level(logging.DEBUG):
        assert deliver() == {"sent": 1, "failed": 3, "retried": 3}
    for message in messages:
        message.refresh_from_db()
    assert [message.status for message in messages] == [
        *("failed", "queued", "failed", "failed", "queued", "queued", "sent")
    ]
    assert [message.error for message in messages[:3]] == [
        "550 5.1.1 at RCPT",
        "451 4.7.1 at RCPT",
        "550 5.7.1 at RCPT",
    ]
    assert garbled.error.startswith("cannot be written")
    assert later.send_after == NOON + timedelta(minutes=1)
    assert [m.contact_point.verification for m in Message.objects.select_related("contact_point").order_by("id")] == [
        *("wrong", "verified", "verified", "verified", "verified", "verified", "verified")
    ]
    assert mail.ids == [good.header_id]
    assert mail.connections == 2
    assert "@example.com" not in "".join(
        str(event.after) + event.reason for event in Event.objects.exclude(verb="contact-point.changed")
    )
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]  # the test's server
    assert "@example.com" not in "".join(ours)
    mail.refuse.clear()
    mail.cut_at.clear()
    assert deliver(NOON + timedelta(minutes=2)) == {"sent": 2, "retried": 1}
    assert mail.ids == [good.header_id, later.header_id, cut.header_id]


def test_with_no_server_everything_waits_longer_each_time(run: StepRun, settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    for _ in range(3):
        late()
    queue(run)
    assert deliver() == {"retried": 3}
    assert deliver() == {}
    assert deliver(NOON + timedelta(minutes=1)) == {"retried": 3}
    assert {(m.attempts, m.send_after, m.error) for m in Message.objects.all()} == {
        (2, NOON + timedelta(minutes=3), "no connection: ConnectionRefusedError")
    }


def test_after_many_attempts_it_is_given_up(run: StepRun, mail: MailServer) -> None:
    late()
    (message,) = queue(run)
    mail.refuse[address(message)] = "451 later"
    Message.objects.update(attempts=delivery.ATTEMPTS_TO_GIVE_UP - 1)
    assert deliver() == {"failed": 1}


def test_pauses_double_up_to_an_hour() -> None:
    minutes = [delivery.pause_after(attempts) / timedelta(minutes=1) for attempts in (1, 2, 3, 6, 7, 40)]
    assert minutes == [1, 2, 4, 32, 60, 60]


def test_what_another_worker_holds_is_left_to_it_until_it_dies(run: StepRun, mail: MailServer) -> None:
    late()
    queue(run)
    Message.objects.update(status="claimed", claim=uuid.uuid4(), claimed_at=NOON)
    assert deliver(NOON + timedelta(seconds=119)) == {}
    assert deliver(NOON + timedelta(seconds=121)) == {"sent": 1}


def test_what_a_worker_holds_is_found_by_index(run: StepRun) -> None:
    late()
    (one,) = queue(run)
    values = {field.attname: getattr(one, field.attname) for field in Message._meta.concrete_fields}
    rows = [values | {"id": None, "key": f"waits-{number}"} for number in range(1_000)]
    Message.objects.bulk_create([Message(**row) for row in rows])
    with connection.cursor() as cursor:
        # What other tests left in the tables' statistics decides nothing then.
        cursor.execute("ANALYZE reminders_message")
    plan = held_by("email", uuid.uuid4()).explain()
    assert "message_claimed" in plan, plan


def test_a_claim_lost_to_another_is_not_sent_any_more(run: StepRun, mail: MailServer, monkeypatch) -> None:
    late()
    late()
    first, second = queue(run)
    monkeypatch.setattr("reminders.services.delivery.batch.LOOK_AGAIN_AFTER_SECONDS", -1)
    with clock.frozen(NOON):
        batch = Batch.claim("email", Pace())
        Message.objects.filter(pk=second.pk).update(claim=uuid.uuid4())
        batch.deliver(0.0)
    assert mail.ids == [first.header_id]
    assert batch.counts == {"sent": 1}


def test_an_outcome_under_a_lost_claim_changes_nothing(run: StepRun, mail: MailServer) -> None:
    late()
    (message,) = queue(run)
    with clock.frozen(NOON):
        batch = Batch.claim("email", Pace())
        Message.objects.update(claim=uuid.uuid4())
        batch.deliver(0.0)
    message.refresh_from_db()
    assert (message.status, batch.counts) == ("claimed", {})
    assert not Event.objects.filter(verb="message.sent").exists()


@pytest.mark.parametrize(
    "hostile",
    [
        {"address": "a@example.com\r\nBcc: b@example.com"},
        {"address": "a@example.com, b@example.com"},
        {"subject": "Hello\r\nBcc: b@example.com"},
        {"header_id": "<x@y>\nBcc: b@example.com"},
        {"address": ""},
    ],
    ids=str,
)
def test_nothing_can_be_smuggled_into_a_header(hostile: dict[str, str], settings) -> None:
    good = {
        "message_id": 1,
        "header_id": "<x@y>",
        "address": "a@example.com",
        "subject": "s",
        "body": "b",
        "language": "en",
    }
    email.compose(Outgoing(**good))
    with pytest.raises(TransportError) as refusal:
        email.compose(Outgoing(**{**good, **hostile}))
    assert refusal.value.permanent
    assert "example.com" not in str(refusal.value)


def test_a_hostile_lender_name_cannot_either(settings) -> None:
    settings.LENDER_NAME = "Lender\r\nBcc: b@example.com"
    with pytest.raises(TransportError):
        email.compose(Outgoing(1, "<x@y>", "a@example.com", "s", "b", "en"))


@pytest.mark.parametrize(
    ("code", "text", "permanent", "unknown"),
    [
        (550, b"5.1.1 no such user", True, True),
        (550, b"no such user", True, True),
        (553, b"mailbox name not allowed", True, True),
        (550, b"5.7.1 blocked", True, False),
        (552, b"5.2.2 mailbox full", True, False),
        (452, b"4.2.2 mailbox full", False, False),
        (450, b"greylisted", False, False),
    ],
)
def test_refusals_are_understood(code: int, text: bytes, permanent: bool, unknown: bool) -> None:
    error = link.refused(code, text, "RCPT", recipient=True)
    assert (error.permanent, error.unknown_recipient) == (permanent, unknown)
    assert not link.refused(code, text, "DATA").unknown_recipient


def test_by_default_nothing_leaves_the_machine() -> None:
    assert our_settings.EMAIL_HOST == "127.0.0.1"
    assert str(Outgoing(7, "<x@y>", "secret@example.com", "s", "b", "en")) == "Outgoing(7)"


def test_what_was_sent_or_failed_for_good_is_a_contact_and_what_waits_is_none(run: StepRun, mail: MailServer) -> None:
    for _ in range(3):
        late()
    sent, failed, waiting = queue(run)
    mail.refuse = {address(failed): "550 5.1.1 No such user", address(waiting): "450 Later"}
    deliver()
    entered = Contact.objects.order_by("decision_id").values_list("decision_id", "outcome", "made_by", "at")
    assert list(entered) == [(sent.decision_id, "sent", "batch", NOON), (failed.decision_id, "failed", "batch", NOON)]
