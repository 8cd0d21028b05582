"""Receipts: kept once, acted on at once, whatever the order in which they come."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import ContactPoint
from audit.models import Event
from compliance.models import Contact, ContactDecision, OptOut
from compliance.services import may_contact
from delinquency.words import reason
from reminders.models import Message, OptOutWords, Receipt
from reminders.rules.opting_out import mentions, opts_out
from reminders.services import sweep
from reminders.services.receipts import ACTOR, Told, receive, reconsider
from runs import clock
from tests.factories import ContactPointFactory, CustomerFactory, MessageFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NUMBER = "13800002046"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


def sms(**values: Any) -> Message:
    """An SMS that Twilio took as SM1."""
    customer = CustomerFactory()
    point = ContactPointFactory(customer=customer, kind="mobile", clear=NUMBER)
    given = {"status": "sent", "channel": "sms", "decision__channel": "sms", "provider": "twilio", "provider_id": "SM1"}
    return MessageFactory(customer=customer, contact_point=point, context={"accounts": []}, **{**given, **values})


def told(kind: str, minute: int = 0, **values: Any) -> Told:
    at = NOON - timedelta(hours=1) + timedelta(minutes=minute)
    given = {"event_id": f"{kind}{minute}", "channel": "sms", "message_ref": "SM1", "at": at, **values}
    return Told(kind=kind, **given)


def reply(text: str, **values: Any) -> Told:
    return told("replied", **{"message_ref": "", "address": f"+86{NUMBER}", "text": text, **values})


def delivery(message: Message) -> str:
    message.refresh_from_db()
    return message.delivery


def test_what_was_delivered_is_written_with_the_message_and_on_the_record() -> None:
    message = sms()
    assert receive("twilio", [told("delivered", 5)]) == {"applied": 1}
    message.refresh_from_db()
    assert (message.delivery, message.delivery_at) == ("delivered", NOON - timedelta(minutes=55))
    event = Event.objects.get(verb="message.receipt")
    assert (event.customer_id, event.after["delivery"], event.actor_name) == (
        message.customer_id,
        "delivered",
        "receipts",
    )
    receipt = Receipt.objects.get()
    assert (receipt.message_id, receipt.customer_id, receipt.state) == (message.pk, message.customer_id, "applied")


def test_the_same_event_told_again_changes_nothing() -> None:
    message = sms()
    receive("twilio", [told("undelivered", 5)])
    receive("twilio", [told("delivered", 6)])
    events = Event.objects.count()
    assert receive("twilio", [told("undelivered", 5), told("delivered", 6)]) == {"repeated": 2}
    assert (delivery(message), Receipt.objects.count(), Event.objects.count()) == ("delivered", 2, events)
    # Another provider may count the same way.
    assert receive("aliyun", [told("undelivered", 5)]) == {"review": 1}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_in_whatever_order_they_come_the_latest_moment_holds(order: tuple[int, ...]) -> None:
    message = sms()
    events = [told("undelivered", 1), told("delivered", 3), told("undelivered", 2)]
    receive("twilio", [events[place] for place in order])
    assert delivery(message) == "delivered"
    message.contact_point.refresh_from_db()
    assert message.contact_point.verification == "verified"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_complaint_holds_whatever_else_is_told(order: tuple[int, ...]) -> None:
    message = sms()
    events = [told("complained", 2), told("delivered", 1), told("delivered", 9)]
    receive("twilio", [events[place] for place in order])
    assert delivery(message) == "complained"
    assert OptOut.objects.get().channel == "sms"


def test_of_two_of_one_moment_the_graver_holds() -> None:
    message = sms()
    receive("twilio", [told("bounced", 1), told("delivered", 1)])
    assert delivery(message) == "bounced"


def test_a_moment_to_come_is_now() -> None:
    message = sms()
    receive("twilio", [told("undelivered", 60 * 24 * 300)])
    message.refresh_from_db()
    assert message.delivery_at == NOON


def test_a_bounce_for_good_marks_the_contact_point_wrong_and_the_gate_knows() -> None:
    message = sms()
    receive("twilio", [told("bounced", 1, detail="30005")])
    event = Event.objects.get(verb="contact-point.changed")
    assert reason(event.reason) == f"Receipt {Receipt.objects.get().pk}: bounced (30005)"
    message.contact_point.refresh_from_db()
    assert (delivery(message), message.contact_point.verification) == ("bounced", "wrong")
    decision = may_contact(
        actor=ACTOR,
        customer=message.customer,
        contact_point=message.contact_point,
        channel="sms",
        purpose="reminder",
    )
    assert (decision.allowed, decision.rule) == (False, "contact-point")


def test_delivered_after_a_bounce_it_is_wrong_no_more_and_not_verified_either() -> None:
    message = sms()
    receive("twilio", [told("bounced", 1), told("delivered", 2)])
    message.contact_point.refresh_from_db()
    assert (delivery(message), message.contact_point.verification) == ("delivered", "unverified")


def test_a_bounce_older_than_the_delivery_says_nothing_of_the_contact_point() -> None:
    message = sms()
    receive("twilio", [told("delivered", 2), told("bounced", 1)])
    message.contact_point.refresh_from_db()
    assert (delivery(message), message.contact_point.verification) == ("delivered", "verified")


def test_what_did_not_arrive_once_says_nothing_of_the_contact_point() -> None:
    message = sms()
    receive("twilio", [told("undelivered", 1)])
    message.contact_point.refresh_from_db()
    assert (delivery(message), message.contact_point.verification) == ("undelivered", "verified")


def test_a_message_in_doubt_counts_as_sent_once_the_provider_tells_of_it() -> None:
    message = sms(
        status="review",
        sent_at=None,
        handed_at=NOON - timedelta(hours=2),
        provider_id="",
        error="perhaps",
        header_id="<k1@x>",
    )
    assert receive("twilio", [told("delivered", 1, message_key="k1@x")]) == {"applied": 1}
    message.refresh_from_db()
    assert (message.status, message.sent_at, message.error) == ("sent", message.handed_at, "")
    assert (message.provider_id, message.delivery) == ("SM1", "delivered")


@pytest.mark.parametrize("status", ["withheld", "failed", "cancelled"])
def test_what_is_told_of_a_message_that_never_went_is_for_a_person(status: str) -> None:
    message = sms(status=status, sent_at=None)
    assert receive("twilio", [told("delivered", 1)]) == {"review": 1}
    assert delivery(message) == ""
    assert Receipt.objects.get().message_id == message.pk


def test_one_that_nobody_knows_waits_and_is_placed_once_the_message_is_recorded() -> None:
    message = sms(status="claimed", provider="", provider_id="")
    assert receive("twilio", [told("delivered", 1), told("undelivered", 0, message_ref="SM9")]) == {"review": 2}
    assert reconsider() == 0
    Message.objects.filter(pk=message.pk).update(status="sent", provider="twilio", provider_id="SM1")
    sweep()
    assert delivery(message) == "delivered"
    assert [*Receipt.objects.order_by("id").values_list("state", flat=True)] == ["applied", "review"]
    assert reconsider() == 0


def test_a_number_of_another_provider_names_nothing() -> None:
    message = sms()
    assert receive("tencent", [told("bounced", 1)]) == {"review": 1}
    assert delivery(message) == ""


def test_two_messages_under_one_number_are_a_matter_for_a_person() -> None:
    first, second = sms(), sms()
    assert receive("twilio", [told("bounced", 1)]) == {"review": 1}
    assert (delivery(first), delivery(second)) == ("", "")


@pytest.mark.parametrize("text", ["TD", "td", " Ｔ ", "退订", "退订。", "STOP", "Stop!", "unsubscribe"])
def test_a_word_of_opting_out_holds_at_once(text: str) -> None:
    message = sms()
    assert receive("twilio", [reply(text)]) == {"applied": 1}
    found = OptOut.objects.get()
    assert (found.contact_point_id, found.channel, found.source) == (message.contact_point_id, "sms", "twilio")
    assert found.evidence == f"receipt {Receipt.objects.get().pk}"
    assert found.opted_out_at == NOON - timedelta(hours=1)
    assert not Contact.objects.exists()


@pytest.mark.parametrize("text", ["I will stop by on Monday", "不退订", "T D later", "", "好的"])
def test_a_sentence_with_such_a_word_does_not(text: str) -> None:
    sms()
    receive("twilio", [reply(text)])
    assert not OptOut.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["STOP please", "Please unsubscribe me", "请退订", "别再发了，退订！", "td 谢谢", "STOP\n> On Monday you wrote"],
)
def test_an_answer_that_holds_such_a_word_is_for_a_person_to_read(text: str) -> None:
    message = sms()
    assert receive("twilio", [reply(text)]) == {"review": 1}
    assert not OptOut.objects.exists()
    assert not Contact.objects.exists()
    receipt = Receipt.objects.get()
    assert (receipt.customer_id, receipt.contact_point_id) == (message.customer_id, message.contact_point_id)


@pytest.mark.parametrize("text", ["I don't know", "It stands at 20", "Übertdrehen", "已还款", ""])
def test_other_answers_hold_none(text: str) -> None:
    assert not mentions(text, ["TD", "T", "STOP", "退订"])


def test_everyone_who_is_reached_at_the_number_is_opted_out() -> None:
    ours, theirs = sms().contact_point, ContactPointFactory(kind="mobile", clear=NUMBER)
    wrong = ContactPointFactory(kind="mobile", clear=NUMBER, verification="wrong")
    assert receive("twilio", [reply("TD")]) == {"applied": 1}
    assert {*OptOut.objects.values_list("contact_point_id", flat=True)} == {ours.pk, theirs.pk}
    assert wrong.pk not in {ours.pk, theirs.pk}
    assert Receipt.objects.get().customer_id is None


def test_the_words_are_those_of_the_day() -> None:
    sms()
    OptOutWords.objects.create(language="en", effective_from=NOON.date(), words=["NOMORE"], source="A test")
    receive("twilio", [reply("STOP")])
    assert not OptOut.objects.exists()
    receive("twilio", [reply("no more", event_id="again")])
    assert OptOut.objects.exists()


def test_an_opt_out_that_the_provider_tells_of_needs_no_words() -> None:
    message = sms()
    receive("twilio", [told("opted-out", 1)])
    assert OptOut.objects.get().contact_point_id == message.contact_point_id


def test_an_answer_from_her_own_verified_number_is_a_contact_that_she_made() -> None:
    message = sms()
    assert receive("twilio", [reply("明天还款")]) == {"applied": 1}
    contact = Contact.objects.get()
    assert (contact.direction, contact.channel, contact.outcome) == ("inbound", "sms", "right-party")
    assert (contact.contact_point_id, contact.customer_id) == (message.contact_point_id, message.customer_id)
    receipt = Receipt.objects.get()
    assert contact.note == f"Receipt {receipt.pk}"
    assert receipt.text == "明天还款"
    assert "明天".encode() not in bytes(receipt.text_cipher)
    assert receipt.masked_address == "+86****2046"


@pytest.mark.parametrize(
    "values", [{"verification": "unverified"}, {"relationship": "contact-person"}, {"relationship": "guarantor"}]
)
def test_an_answer_of_somebody_else_is_for_a_person_to_read(values: dict[str, str]) -> None:
    message = sms()
    ContactPoint.objects.filter(pk=message.contact_point_id).update(**values)
    assert receive("twilio", [reply("Who is this?")]) == {"review": 1}
    assert not Contact.objects.exists()
    assert Receipt.objects.get().customer_id == message.customer_id


def test_an_answer_to_her_message_from_another_number_is_for_a_person_to_read() -> None:
    message = sms()
    elsewhere = reply("He is not here any more", message_ref="SM1", address="+8613911112222")
    assert receive("twilio", [elsewhere]) == {"review": 1}
    assert not Contact.objects.exists()
    receipt = Receipt.objects.get()
    assert (receipt.message_id, receipt.customer_id) == (message.pk, message.customer_id)
    assert receive("twilio", [reply("Tomorrow", message_ref="SM1", event_id="hers")]) == {"applied": 1}
    assert Contact.objects.get().contact_point_id == message.contact_point_id


def test_an_answer_from_nowhere_is_for_a_person_to_read() -> None:
    assert receive("twilio", [reply("Hello", address="+8613911112222")]) == {"review": 1}
    receipt = Receipt.objects.get()
    assert (receipt.customer_id, receipt.contact_point_id) == (None, None)


def test_one_that_fails_leaves_the_others() -> None:
    """Each is a transaction of its own: what came before a fault stays."""
    message = sms()
    with pytest.raises(KeyError):
        receive("twilio", itertools.chain([told("delivered", 1)], _fault()))
    assert delivery(message) == "delivered"


def _fault() -> Iterator[Told]:
    raise KeyError
    yield


def test_what_it_holds_in_memory_is_not_shown() -> None:
    assert NUMBER not in repr(reply("TD"))
    assert "TD" not in repr(reply("TD"))


@pytest.mark.django_db(transaction=True)
def test_told_at_once_by_many_it_is_kept_once() -> None:
    message = sms()
    results = at_once([lambda: receive("twilio", [reply("TD"), told("bounced", 1)])] * 4)
    assert sum(result["applied"] for result in results) == 2
    assert sum(result["repeated"] for result in results) == 6
    assert delivery(message) == "bounced"
    assert Receipt.objects.count() == 2
    assert OptOut.objects.count() == 1
    assert not ContactDecision.objects.filter(purpose="inbound").exists()


@pytest.mark.parametrize(("text", "out"), [("t.d", True), ("ＳＴＯＰ", True), ("!!!", False), ("STOPS", False)])
def test_words_are_compared_as_people_write_them(text: str, out: bool) -> None:
    assert opts_out(text, ["TD", "STOP", "!"]) is out
