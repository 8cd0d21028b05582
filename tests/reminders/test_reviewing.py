"""What people decide about messages of which nobody knows whether they went, and about those that wait."""

from __future__ import annotations

import html
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.errors import Conflict, Invalid
from accounts.models import Standing
from audit.models import Event
from compliance.models import ContactDecision
from reminders import services
from reminders.models import ChannelPrice, Message
from reminders.rules import length_of
from reminders.selectors import messages_to_review
from reminders.services import reviewing
from reminders.services.delivery.batch import Batch, Pace
from reminders.services.delivery.claims import set_aside_uncertain
from runs import clock
from runs.services import StepRun
from staff.models import User
from strategy.services import evaluating
from tests.factories import CaseFactory, ContactPointFactory, MessageFactory, UserFactory
from tests.reminders.channels import servers
from tests.reminders.conftest import DAY, NOON, MailServer, late
from tests.reminders.crowd import queue_many
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(db: None) -> User:
    return UserFactory(username="chief", role="supervisor")


def in_doubt(**values: Any) -> Message:
    """A message handed over without an answer, to a customer whom Team 1 works."""
    case = CaseFactory()
    point = ContactPointFactory(customer=case.customer)
    return MessageFactory(
        customer=case.customer,
        contact_point=point,
        context={"accounts": []},
        **{"status": "review", "handed_at": NOON, "sent_at": None, "error": "it may have been sent", **values},
    )


def test_what_is_found_to_have_gone_counts_from_when_it_was_handed_over(chief: User) -> None:
    message = in_doubt()
    reviewing.mark_sent(actor=chief, message_id=message.pk, provider_id=" SM1 ", reason=" Seen in the console ")
    message.refresh_from_db()
    assert (message.status, message.sent_at, message.provider_id, message.error) == ("sent", NOON, "SM1", "")
    event = Event.objects.get(verb="message.marked-sent", subject_id=message.pk)
    assert (event.reason, event.customer_id) == ("Seen in the console", message.customer_id)
    assert (event.before, event.after) == ({"status": "review"}, {"status": "sent", "provider_id": "SM1"})


def died_with_its_worker() -> Message:
    """An SMS whose worker died behind the handing over, before the provider had it."""
    queue_many("sms", 1)
    with clock.frozen(NOON):
        batch = Batch.claim("sms", Pace())
        assert batch is not None
        assert batch._next().going
    with clock.frozen(NOON + timedelta(minutes=3)):
        assert set_aside_uncertain() == 1
    message = Message.objects.get()
    CaseFactory(customer=message.customer)
    return message


def test_the_words_of_what_died_with_its_worker_are_read_before_it_is_decided_and_kept(
    chief: User, client: Client, gateway: servers.Server
) -> None:
    message = died_with_its_worker()
    assert (message.status, message.body != "") == ("review", True)
    client.force_login(chief)
    page = client.get(f"/messages/{message.pk}/")
    assert message.body.strip().splitlines()[-1] in html.unescape(page.content.decode())
    assert "Not written yet" not in page.content.decode()
    # Paid meanwhile, or the template changed: the words stay those that were given.
    Standing.objects.all().delete()
    reviewing.mark_sent(actor=chief, message_id=message.pk, reason="Seen in the console")
    kept = Message.objects.get()
    assert (kept.status, kept.subject, kept.body) == ("sent", message.subject, message.body)
    assert gateway.taken == []


def test_what_died_with_its_worker_and_went_costs_what_it_would_have(chief: User) -> None:
    ChannelPrice.objects.create(
        channel="sms", effective_from=DAY, currency="CNY", each=Decimal("0.045"), source="Contract"
    )
    message = died_with_its_worker()
    with clock.frozen(NOON):
        reviewing.mark_sent(actor=chief, message_id=message.pk, reason="Seen in the console")
    message.refresh_from_db()
    assert message.parts == length_of(message.body.strip()).parts > 1, "as long as the words are"
    assert (message.cost, message.cost_currency) == (Decimal("0.045") * message.parts, "CNY")
    assert message.provider == "webhook"


def test_what_is_given_up_failed_and_is_never_sent(chief: User) -> None:
    message = in_doubt(channel="sms", decision__channel="sms")
    reviewing.give_up(actor=chief, message_id=message.pk, reason="Too old")
    message.refresh_from_db()
    assert (message.status, message.sent_at, message.handed_at) == ("failed", None, NOON)


def test_sent_again_it_goes_once_more_under_a_new_decision(chief: User, run: StepRun, mail: MailServer) -> None:
    late(CaseFactory(customer=late().customer).customer)
    with clock.frozen(NOON):
        evaluating.strategy(run)
    message = Message.objects.get()
    first = message.decision_id
    Message.objects.update(status="review", handed_at=NOON)
    with clock.frozen(NOON + timedelta(minutes=5)):
        answer = reviewing.send_again(actor=chief, message_id=message.pk, reason="The provider lost it")
        assert answer.allowed, answer.rule
        message.refresh_from_db()
        assert (message.status, message.handed_at, message.decision_id) == ("queued", None, answer.decision_id)
    with clock.frozen(message.send_after):
        assert services.deliver("email", seconds=5) == {"sent": 1}
    assert mail.ids == [message.header_id]
    assert message.decision_id != first


def test_a_refusal_of_the_gate_is_kept_and_changes_nothing(chief: User) -> None:
    message = in_doubt()
    # Not hers any more: the gate says no.
    message.contact_point.verification = "wrong"
    message.contact_point.save()
    answer = reviewing.send_again(actor=chief, message_id=message.pk, reason="The provider lost it")
    assert not answer.allowed
    assert not ContactDecision.objects.get(pk=answer.decision_id).allowed
    message.refresh_from_db()
    assert (message.status, message.handed_at) == ("review", NOON)
    assert not Event.objects.filter(verb="message.sent-again").exists()


def test_a_queued_one_is_cancelled_until_a_worker_has_it(chief: User) -> None:
    waiting, claimed = in_doubt(status="queued", key="a"), in_doubt(status="claimed", key="b")
    reviewing.cancel(actor=chief, message_id=waiting.pk, reason="Written by mistake")
    with pytest.raises(Conflict, match=r"“Queued” on your screen and is “Being sent” by now"):
        reviewing.cancel(actor=chief, message_id=claimed.pk, reason="Written by mistake")
    waiting.refresh_from_db()
    assert waiting.status == "cancelled"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_without_a_reason_nothing_is_decided(chief: User, reason: str) -> None:
    message = in_doubt()
    with pytest.raises(Invalid) as refusal:
        reviewing.give_up(actor=chief, message_id=message.pk, reason=reason)
    assert refusal.value.field == "reason"
    message.refresh_from_db()
    assert message.status == "review"


def test_who_may_not_review_or_does_not_see_it_decides_nothing(chief: User) -> None:
    message = in_doubt()
    for role in ("collector", "senior-collector", "auditor", "administrator"):
        with pytest.raises(PermissionDenied):
            reviewing.give_up(actor=UserFactory(role=role), message_id=message.pk, reason="Mine")
    theirs = MessageFactory(status="review", key="theirs")
    with pytest.raises(Conflict, match="no message"):
        reviewing.give_up(actor=chief, message_id=theirs.pk, reason="Not mine")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told() -> None:
    one, other = UserFactory(role="supervisor"), UserFactory(role="supervisor")
    message = in_doubt()
    ends: list[str] = []

    def decide(actor: User, how: Any) -> None:
        try:
            how(actor=actor, message_id=message.pk, reason="Mine")
            ends.append("done")
        except Conflict:
            ends.append("told")

    at_once([lambda: decide(one, reviewing.mark_sent), lambda: decide(other, reviewing.give_up)])
    assert sorted(ends) == ["done", "told"]
    assert Event.objects.filter(subject_type="message", subject_id=message.pk).count() == 1


def test_the_queue_says_what_is_known_and_leads_to_the_decision(client: Client, chief: User) -> None:
    client.force_login(chief)
    assert "Nothing to look at" in client.get("/messages/review/").content.decode()
    message = in_doubt(provider="aliyun", provider_id="SM9")
    MessageFactory(status="review", key="theirs")
    page = client.get("/messages/review/")
    assert [row.pk for row in page.context["page"].rows] == [message.pk]
    for told in ("aliyun", "SM9", "p***@example.com", "it may have been sent"):
        assert told in page.content.decode()
    address = f"/messages/{message.pk}/"
    opened = client.get(address).content.decode()
    for button in ("mark-sent", "send-again", "give-up"):
        assert f'value="{button}"' in opened
    nothing = client.post(address, {"verb": "give-up"})
    assert (nothing.status_code, "“Reason” is empty. Fill it in." in nothing.content.decode()) == (422, True)
    assert client.post(address, {"verb": "burn"}).status_code == 400
    done = client.post(address, {"verb": "give-up", "reason": "Too old"}, follow=True)
    assert f"Message {message.pk} is given up." in done.content.decode()
    late_one = client.post(address, {"verb": "mark-sent", "reason": "It went"})
    assert (late_one.status_code, "was quicker" in late_one.content.decode()) == (409, True)
    assert "Too old" in client.get(address).content.decode()


def test_those_ticked_are_decided_one_by_one_and_the_refused_are_named(client: Client, chief: User) -> None:
    client.force_login(chief)
    one, other = in_doubt(key="one"), in_doubt(key="other")
    gone, theirs = in_doubt(key="gone", status="sent"), MessageFactory(status="review", key="theirs")
    chosen = [one.pk, other.pk, gone.pk, theirs.pk]
    told = {"verb": "give-up", "reason": "Too old", "message": chosen, "confirmed": "1"}
    answer = client.post("/messages/review/", told)
    assert answer.status_code == 409
    assert [refused.message_id for refused in answer.context["refused"]] == [gone.pk, theirs.pk]
    page = answer.content.decode()
    assert "2 messages are decided." in page
    assert "2 were not decided:" in page
    assert f"There is no message {theirs.pk} among those you see." in page
    assert set(Message.objects.values_list("key", "status")) == {
        ("one", "failed"), ("other", "failed"), ("gone", "sent"), ("theirs", "review"),
    }  # fmt: skip
    assert Event.objects.filter(verb="message.given-up", reason="Too old").count() == 2


def test_before_it_is_confirmed_it_is_said_which_and_what_becomes_of_each(client: Client, chief: User) -> None:
    client.force_login(chief)
    one, other, code = in_doubt(key="one"), in_doubt(key="other"), in_doubt(key="code", kind="signing")
    gone, theirs = in_doubt(key="gone", status="sent"), MessageFactory(status="review", key="theirs")
    chosen = [row.pk for row in (one, other, code, gone, theirs)]
    answer = client.post("/messages/review/", {"verb": "send-again", "reason": "It <never> came", "message": chosen})
    assert answer.status_code == 200
    assert [row.pk for row in answer.context["able"]] == [one.pk, other.pk]
    assert [row.message_id for row in answer.context["left_out"]] == [code.pk, gone.pk, theirs.pk]
    page = answer.content.decode()
    for told in ("Send 2 messages again?", "3 cannot be decided so", "was quicker", "Its code is not kept", "p***@"):
        assert told in page
    assert 'name="reason" value="It &lt;never&gt; came"' in page
    assert set(Message.objects.exclude(key="gone").values_list("status", flat=True)) == {"review"}
    told = {"verb": "give-up", "reason": "Too old", "message": [gone.pk]}
    assert "None of what was ticked can be decided so." in client.post("/messages/review/", told).content.decode()
    assert not Event.objects.filter(subject_type="message").exists()


def test_what_is_to_be_confirmed_costs_the_same_for_many(
    client: Client, chief: User, django_assert_max_num_queries
) -> None:
    client.force_login(chief)
    chosen = [in_doubt(key=f"key-{number}").pk for number in range(20)]
    with django_assert_max_num_queries(10):
        client.post("/messages/review/", {"verb": "mark-sent", "reason": "It went", "message": chosen})


def test_nothing_is_decided_together_without_ticks_or_a_reason(client: Client, chief: User) -> None:
    client.force_login(chief)
    one = in_doubt()
    for data, told in (
        ({"verb": "give-up", "reason": " ", "message": [one.pk]}, "A reason is needed"),
        ({"verb": "give-up", "reason": "Too old"}, "No message was selected"),
        ({"verb": "cancel", "reason": "Too old", "message": [one.pk]}, "is no decision about a message"),
    ):
        answer = client.post("/messages/review/", data)
        assert answer.status_code == 422
        assert told in answer.content.decode()
    one.refresh_from_db()
    assert one.status == "review"


def test_how_many_wait_stands_beside_the_link_for_one_query_more(
    client: Client, chief: User, django_assert_num_queries
) -> None:
    in_doubt()
    MessageFactory(status="review", key="theirs")
    with django_assert_num_queries(0):
        assert messages_to_review(UserFactory.build(is_active=False)) == {}
    client.force_login(chief)
    assert '<b hx-swap-oob="innerHTML:.n-review">1</b>' in client.get("/queues/counts/").content.decode()
    client.force_login(UserFactory(role="collector"))
    assert "n-review" not in client.get("/queues/counts/").content.decode()


def test_the_queue_costs_the_same_however_long_it_is(client: Client, django_assert_max_num_queries) -> None:
    client.force_login(UserFactory(role="auditor"))
    for number in range(30):
        MessageFactory(status="review", key=f"key-{number}")
    with django_assert_max_num_queries(10):
        assert len(client.get("/messages/review/").context["page"].rows) == 30


def test_the_log_is_taken_away_as_the_filters_leave_it_and_that_is_recorded(client: Client, chief: User) -> None:
    client.force_login(chief)
    kept = in_doubt(key="kept", cost="0.0450", cost_currency="CNY", delivery="bounced", error="=1+1", held_by="opt-out")
    in_doubt(key="other", status="sent")
    MessageFactory(status="review", key="theirs")
    answer = client.get("/messages/export/?status=review")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, *rows = text.splitlines()
    assert (head.split(",")[0], len(rows)) == ("Message", 1)
    for told in (str(kept.pk), kept.customer.masked_name, "Bounced", "0.0450,CNY,opt-outs", "'=1+1"):
        assert told in rows[0]
    assert kept.customer.name not in text
    assert kept.contact_point.value not in text
    event = Event.objects.get(verb="list.exported")
    assert event.after == {"list": "messages", "count": 1, "filters": {"status": "review"}}


def test_the_log_says_in_the_readers_language_what_went_wrong(client: Client, chief: User) -> None:
    client.force_login(chief)
    in_doubt(key="ours", error="The worker died after giving it to the provider: it may have been sent.")
    in_doubt(key="theirs", error="550 no such mailbox")
    answer = client.get("/messages/export/", headers={"accept-language": "zh-hans"})
    head, *rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert head.endswith(",错误")
    assert sorted(row.rpartition(",")[2] for row in rows) == [
        "550 no such mailbox",
        "发送进程在交给服务商之后中断：可能已发出。",
    ]
