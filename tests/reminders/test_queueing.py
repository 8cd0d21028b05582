"""The outbox takes what the gate allowed, once."""

from __future__ import annotations

import json

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Event
from audit.services import SystemActor
from compliance.services import Candidate, decide_many
from reminders.models import Message
from reminders.services import Wanted, queue
from runs import clock
from tests.factories import ContactPointFactory, CustomerFactory, DecisionFactory
from tests.reminders.conftest import DAY, NOON, late

ACTOR = SystemActor("test")


def wanted(key: str) -> Wanted:
    account = late()
    (answer,) = decide_many(
        actor=ACTOR,
        channel="email",
        purpose="reminder",
        candidates=[Candidate(account.customer_id, account.pk)],
        at=NOON,
    )
    context = json.dumps({"accounts": [{"id": account.pk}]})
    return Wanted(
        key, account.customer_id, account.pk, "first-late", 1, "en", "email", "reminder", "overdue", context, answer
    )


@pytest.mark.django_db
def test_each_has_its_row_and_its_event() -> None:
    with clock.frozen(NOON):
        asked = [wanted("one"), wanted("two")]
        keys = queue(actor=ACTOR, business_day=DAY, wanted=asked)
        assert queue(actor=ACTOR, business_day=DAY, wanted=[]) == []
    messages = list(Message.objects.order_by("id"))
    assert [message.pk for message in messages] == keys
    assert [message.key for message in messages] == ["one", "two"]
    for message, one in zip(messages, asked, strict=True):
        assert (message.customer_id, message.decision_id) == (one.customer_id, one.answer.decision_id)
        assert (message.status, message.send_after, message.kind) == ("queued", NOON, "overdue")
        event = Event.objects.get(verb="message.queued", subject_id=message.pk)
        assert (event.customer_id, event.account_id, event.after["text"]) == (
            one.customer_id,
            one.account_id,
            "first-late",
        )
    assert len({message.header_id for message in messages}) == 2


@pytest.mark.django_db
def test_a_key_is_queued_once() -> None:
    with clock.frozen(NOON):
        queue(actor=ACTOR, business_day=DAY, wanted=[wanted("one")])
        with pytest.raises(psycopg.IntegrityError), transaction.atomic():
            queue(actor=ACTOR, business_day=DAY, wanted=[wanted("one")])
    assert Message.objects.count() == 1


@pytest.mark.parametrize("wrong", ["refused", "other customer", "other contact point", "other channel", "none"])
@pytest.mark.django_db
def test_sql_refuses_a_message_without_a_decision_that_allows_it(wrong: str) -> None:
    point = ContactPointFactory()
    facts = {"customer": point.customer, "contact_point": point}
    good = DecisionFactory(**facts)
    bad = {
        "refused": lambda: DecisionFactory(**facts, allowed=False).pk,
        "other customer": lambda: DecisionFactory(customer=CustomerFactory(), contact_point=point).pk,
        "other contact point": lambda: (
            DecisionFactory(customer=point.customer, contact_point=ContactPointFactory(customer=point.customer)).pk
        ),
        "other channel": lambda: DecisionFactory(**facts, channel="sms").pk,
        "none": lambda: None,
    }[wrong]()
    insert = """INSERT INTO reminders_message (key, customer_id, contact_point_id, decision_id, channel, purpose, template,
        template_version, language, context, business_day, status, send_after, header_id, attempts, subject, body, error,
        created_at) VALUES (%s, %s, %s, %s, 'email', 'reminder', 'first-late', 1, 'en', '{}', '2026-11-23', 'queued',
        now(), '<x@y>', 0, '', '', '', now())"""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insert, ["bad", point.customer_id, point.pk, bad])
    with connection.cursor() as cursor:
        cursor.execute(insert, ["good", point.customer_id, point.pk, good.pk])
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.update(decision_id=bad)
    assert Message.objects.get().decision == good
