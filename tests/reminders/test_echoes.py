"""What the demo's sinks tell of what they took: some of everything, signed, at our own hooks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from reminders.echoes import EVERY, Teller, teller, told_of
from reminders.hooks import signed
from reminders.models import Delivery, Receipt, ReceiptState
from reminders.services.receipts import receive
from tests.factories import ContactPointFactory, MessageFactory

pytestmark = pytest.mark.django_db


def read(events: list[dict[str, str]], channel: str, rf: Any) -> list[Any]:
    """The events as the hook reads them, after they went over the wire as the teller sends them."""
    sent: list[Any] = []

    class Wire:
        def request(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Any:
            sent.extend(
                signed.read(
                    rf.post("/hooks/webhook/", body, content_type="application/json", headers=headers),
                    secret="s3cret",
                    channels=(channel,),
                )
            )
            return type("Answer", (), {"status": 200})

    made = Teller("http://127.0.0.1:1/hooks/webhook/", "s3cret")
    made._http = Wire()  # type: ignore[assignment]  # what is sent is read at once
    made._send(events)
    return sent


def test_one_round_has_some_of_everything_and_always_the_same(rf: Any) -> None:
    messages = []
    for number in range(EVERY):
        point = ContactPointFactory(kind="mobile", clear=f"+861380013{number:04}")
        messages.append(
            MessageFactory(
                key=f"k{number}", customer=point.customer, contact_point=point, channel="sms", provider="webhook",
                decision__channel="sms", provider_id=f"p{number}",
            )
        )  # fmt: skip
    events = [
        event
        for place, one in enumerate(messages)
        for event in told_of("sms", place, names={"message": one.provider_id}, address=one.contact_point.value)
    ]
    receive("webhook", read(events, "sms", rf))
    for one in messages:
        one.refresh_from_db()
    told = Counter(one.delivery for one in messages)
    assert (told[Delivery.UNDELIVERED], told[Delivery.BOUNCED], told[Delivery.UNKNOWN]) == (1, 1, 1)
    assert told[Delivery.DELIVERED] == EVERY - 3
    waiting = Receipt.objects.filter(state=ReceiptState.REVIEW)
    # An answer from nobody known, one that somebody has to read, and a receipt of something that nobody sent.
    assert Counter(waiting.values_list("kind", flat=True)) == {"replied": 2, "undelivered": 1}
    assert Counter(waiting.values_list("customer", flat=True))[None] == 2
    (opted_out,) = messages[9].customer.opt_outs.all()
    assert opted_out.channel == "sms"


def test_the_rounds_differ_as_people_and_networks_do() -> None:
    told = [
        tuple(event.get(name, "") for name in ("kind", "text", "code", "address"))
        for place in range(4 * EVERY)
        for event in told_of("sms", place, names={"message": f"p{place}"}, address="her own")
        if event["kind"] != "delivered" and event.get("message") != "0000000000"
    ]
    # Within four rounds hardly anything is told twice, and each kind there is occurs.
    assert len(set(told)) >= len(told) - 3
    assert {kind for kind, *_rest in told} == {"undelivered", "bounced", "opted-out", "complained", "replied"}
    assert len({address for *_rest, address in told if address not in ("", "her own")}) == 3
    assert told_of("sms", 9, names={"message": "p"}, address="a") == told_of(
        "sms", 9, names={"message": "p"}, address="a"
    )


def test_by_push_nobody_answers() -> None:
    told = [told_of("push", place, names={"message": "p"}, address="a") for place in range(4 * EVERY)]
    assert {event["kind"] for events in told for event in events} == {"delivered", "undelivered", "bounced"}


def test_nothing_is_told_where_nobody_is_named(settings: Any) -> None:
    assert settings.SINKS_TELL_URL == ""
    assert teller("webhook", "s3cret", "") is None
