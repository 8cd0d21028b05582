"""Providers that are slow, refuse, fail or cut the connection, and tell of things twice and out of order: every message is
counted where it arrives, and ends in a state that says why."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.test import Client

from compliance.models import Contact
from reminders import services
from reminders.models import Message, Receipt
from runs import clock
from tests.reminders.channels import servers
from tests.reminders.conftest import CUT_BEFORE, CUT_BEHIND, NOON, MailServer, sms_ids
from tests.reminders.crowd import queue_many
from tests.sizes import sized

pytestmark = pytest.mark.django_db
MANY, TOLD = sized((150, 60), (400, 150))


def deliver_until_done(channel: str) -> Counter[str]:
    """Deliver again and again as time passes, until nothing waits; what became of messages, attempt by attempt."""
    counts: Counter[str] = Counter()
    at = NOON
    while Message.objects.filter(status__in=["queued", "claimed"]).exists():
        with clock.frozen(at):
            counts.update(services.deliver(channel, seconds=60))
        at += timedelta(minutes=20)
        assert at < NOON + timedelta(hours=10), "it never ends"
    return counts


def statuses() -> dict[str, str]:
    return dict(Message.objects.values_list("header_id", "status"))


def test_mail_that_is_put_off_refused_or_cut_ends_sent_or_failed_and_arrives_when_sent(mail: MailServer) -> None:
    queue_many("email", MANY)
    fates = ["", "", "", "", "451 later", "550 5.7.1 not wanted", "552 5.2.2 full", CUT_BEFORE, CUT_BEHIND]
    draw = Random(11)
    first = {header_id: draw.choice(fates) for header_id in statuses()}
    tried: Counter[str] = Counter()

    def fate(key: str) -> str:
        tried[key] += 1
        # For good is for good; all else only the first time.
        return first[key] if tried[key] == 1 or first[key].startswith("55") else ""

    mail.fate, mail.pause = fate, 0.001
    deliver_until_done("email")
    refused = {key for key, answer in first.items() if answer.startswith("55")}
    assert statuses() == {key: "failed" if key in refused else "sent" for key in first}
    arrived = Counter(mail.ids)
    assert set(arrived) == set(first) - refused
    # Twice only where the server took it and was cut off before it said so.
    assert {key for key, count in arrived.items() if count > 1} == {
        key for key, answer in first.items() if answer == CUT_BEHIND
    }
    assert max(arrived.values()) == 2
    assert all(tried[key] == 1 for key in refused), "never again after a refusal for good"
    assert not Message.objects.filter(status="failed", error="").exists()
    assert Contact.objects.count() == MANY


def test_sms_that_is_put_off_refused_or_cut_arrives_once_and_what_is_in_doubt_goes_to_a_person(
    gateway: servers.Server,
) -> None:
    queue_many("sms", MANY)
    later, refused = (503, {"error": "unavailable"}), (400, {"error": "rejected"})
    doubtful = [(500, {"error": "?"}), (504, b"gateway timeout"), (200, b"<html>"), servers.CUT]
    draw = Random(13)
    gateway.script = [
        draw.choice([gateway.success] * 5 + [later, refused, (429, {"error": "throttled"}), *doubtful])
        for _ in range(MANY)
    ]
    answers = list(gateway.script)
    gateway.pause = 0.001
    deliver_until_done("sms")
    answered: dict[str, list[Any]] = {}
    for number, key in enumerate(sms_ids(gateway)):
        answer = answers[number] if number < len(answers) else gateway.success
        answered.setdefault(key, []).append(answer)
    ends = statuses()
    assert set(answered) == set(ends)
    for key, got in answered.items():
        *before, last = got
        # Only a plain "not now" is asked again.
        assert all(answer[0] in (503, 429) for answer in before), key
        expected = "sent" if last == gateway.success else "failed" if last == refused else "review"
        assert ends[key] == expected, (key, got)
    assert {*ends.values()} == {"sent", "failed", "review"}
    assert not Message.objects.filter(status__in=["failed", "review"], error="").exists()
    assert Contact.objects.count() == MANY


@pytest.fixture
def at_noon(settings: Any) -> Iterator[datetime]:
    settings.HOOK_WEBHOOK_SECRET = "gateway secret"
    with clock.frozen(NOON):
        yield NOON


def tell(client: Client, events: list[dict[str, str]]) -> int:
    body = json.dumps({"events": events}).encode()
    stamp = str(int(NOON.timestamp()))
    proof = "v1=" + hmac.new(b"gateway secret", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Delinquency-Timestamp": stamp, "X-Delinquency-Signature": proof}
    return client.post("/hooks/webhook/", body, content_type="application/json", headers=headers).status_code


def test_receipts_told_twice_and_out_of_order_leave_what_happened_last(client: Client, at_noon: datetime) -> None:
    queue_many("sms", TOLD)
    for number, message in enumerate(Message.objects.order_by("id")):
        sent = {"status": "sent", "sent_at": NOON, "provider": "webhook", "provider_id": f"N{number}"}
        Message.objects.filter(pk=message.pk).update(**sent)
    draw = Random(17)
    events, last = [], {}
    for number in range(TOLD):
        kinds = draw.sample(["undelivered", "delivered"], draw.choice([1, 2]))
        for minute, kind in enumerate(kinds):
            at = NOON - timedelta(minutes=30 - minute)
            events.append({"id": f"e{number}-{minute}", "kind": kind, "message": f"N{number}", "at": at.isoformat()})
        last[f"N{number}"] = kinds[-1]
    told = events * 2
    draw.shuffle(told)
    for start in range(0, len(told), 60):
        assert tell(client, told[start : start + 60]) == 200
    assert dict(Message.objects.values_list("provider_id", "delivery")) == last
    assert Receipt.objects.count() == len(events)
    assert not Receipt.objects.exclude(state="applied").exists()
