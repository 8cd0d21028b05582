"""SMS through the outbox: sent at most once whatever dies, within the channel's rate and width, and priced."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Event
from compliance.models import Contact
from reminders import services
from reminders.models import ChannelControl, ChannelPrice, ChannelState, Message
from reminders.rules import length_of
from reminders.services.delivery import claims, set_aside_uncertain
from reminders.services.delivery.batch import Pace
from runs import clock
from tests.reminders.channels import servers
from tests.reminders.conftest import DAY, NOON, sms_ids
from tests.reminders.crowd import queue_many

pytestmark = pytest.mark.django_db


def deliver(at: Any = NOON) -> dict[str, int]:
    with clock.frozen(at):
        return services.deliver("sms", seconds=30)


def test_it_keeps_the_providers_number_its_parts_and_what_it_cost(gateway: servers.Server) -> None:
    (message,) = queue_many("sms", 1)
    ChannelPrice.objects.create(
        channel="sms", effective_from=DAY, currency="CNY", each=Decimal("0.0450"), source="Contract"
    )
    assert deliver() == {"sent": 1}
    message.refresh_from_db()
    assert (message.status, message.provider, message.provider_id, message.parts) == ("sent", "webhook", "g-1", 2)
    assert (message.cost, message.cost_currency, message.handed_at) == (Decimal("0.0900"), "CNY", None)
    assert message.body.strip() == gateway.taken[0].json["body"]
    assert Contact.objects.get().outcome == "sent"


def test_each_costs_what_holds_on_the_day_on_which_it_went(
    gateway: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day, each in ((DAY, "0.0450"), (DAY + timedelta(days=1), "0.0500")):
        ChannelPrice.objects.create(
            channel="sms", effective_from=day, currency="CNY", each=Decimal(each), source="Contract"
        )
    messages = queue_many("sms", 2)
    taken = claims.hand_over

    def told(going: Mapping[int, Any], *rest: Any) -> set[int]:
        # The second is handed over on the next day. What froze the clock sets it going again.
        if messages[1].pk in going:
            clock._override = NOON + timedelta(days=1)
        return taken(going, *rest)

    monkeypatch.setattr("reminders.services.delivery.batch.hand_over", told)
    assert deliver() == {"sent": 2}
    assert list(Message.objects.order_by("pk").values_list("cost", flat=True)) == [Decimal("0.0900"), Decimal("0.1000")]


@pytest.mark.parametrize("answer", [{"id": "g-1"}, {"id": "g-1", "parts": 0}, {"id": "g-1", "parts": "one"}])
def test_where_the_gateway_names_no_parts_those_of_the_text_are_counted(
    gateway: servers.Server, answer: dict[str, Any]
) -> None:
    (message,) = queue_many("sms", 1)
    ChannelPrice.objects.create(
        channel="sms", effective_from=DAY, currency="CNY", each=Decimal("0.0450"), source="Contract"
    )
    gateway.script = [(200, answer)]
    assert deliver() == {"sent": 1}
    message.refresh_from_db()
    assert message.parts == length_of(gateway.taken[0].json["body"]).parts > 1
    assert message.cost == Decimal("0.0450") * message.parts


@pytest.mark.parametrize(("pause", "sizes"), [(0.0, [1, 2, 4, 1]), (0.1, [1] * 8)], ids=["quick", "slow"])
def test_no_more_is_handed_over_than_leaves_soon(
    gateway: servers.Server, monkeypatch: pytest.MonkeyPatch, pause: float, sizes: list[int]
) -> None:
    handed = []

    def told(going: Mapping[int, Any], *rest: Any) -> set[int]:
        handed.extend([len(going)] if going else [])
        return claims.hand_over(going, *rest)

    monkeypatch.setattr("reminders.services.delivery.batch.hand_over", told)
    monkeypatch.setattr("reminders.services.delivery.batch.GONE_WITHIN_SECONDS", 0.1 if pause else 1000.0)
    queue_many("sms", 8)
    gateway.pause = pause
    assert deliver() == {"sent": 8}
    assert handed == sizes


def test_what_waits_behind_a_provider_that_slows_down_is_looked_at_again_and_goes_once(
    gateway: servers.Server, monkeypatch: pytest.MonkeyPatch, looked: Counter[int]
) -> None:
    monkeypatch.setattr(Pace, "__init__", lambda pace: setattr(pace, "size", 8))
    monkeypatch.setattr("reminders.services.delivery.batch.GONE_WITHIN_SECONDS", 0.1)
    messages = queue_many("sms", 8)
    gateway.pause = 0.15
    assert deliver() == {"sent": 8}
    assert len(set(sms_ids(gateway))) == len(gateway.taken) == 8
    assert looked[messages[0].pk] == 1
    assert looked[messages[-1].pk] > 1
    assert Message.objects.filter(status="sent", handed_at=None).count() == 8


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ({"id": "a\0b\ud800", "parts": True}, ("sent", "ab", 2)),
        ({"id": "a" * 500, "parts": 99_999_999_999}, ("sent", "a" * 120, 2)),
        (b"[" * 50_000, ("review", "", 2)),
    ],
    ids=["unprintable", "long", "deep"],
)
def test_what_a_provider_says_to_one_hurts_no_other(
    gateway: servers.Server, answer: Any, kept: tuple[str, str, int]
) -> None:
    first, odd, last = queue_many("sms", 3)
    gateway.script = [(200, {"id": "g-1"}), (200, answer)]
    deliver()
    for message in (first, odd, last):
        message.refresh_from_db()
    assert (first.status, last.status) == ("sent", "sent")
    assert (odd.status, odd.provider_id, odd.parts) == kept


def test_no_provider_puts_a_message_off_for_longer_than_a_day_or_says_a_novel(gateway: servers.Server) -> None:
    messages = queue_many("sms", 2)
    gateway.script = [(503, {"error": "x" * 5_000}, {"Retry-After": seconds}) for seconds in ("9" * 30, "31536000")]
    assert deliver() == {"retried": 2}
    for message in messages:
        message.refresh_from_db()
        assert message.send_after == NOON + timedelta(days=1)
        assert message.error == "webhook: no code"


def test_the_pace_follows_the_provider() -> None:
    pace, sizes = Pace(), []
    for seconds in (0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.15, 0.2, 50.0, 1.0, 0.1, 0.1):
        pace.left(seconds)
        sizes.append(pace.size)
    assert sizes == [2, 4, 8, 16, 32, 50, 50, 50, 1, 1, 2, 4]


def test_one_that_the_provider_took_and_never_answered_is_set_aside_and_not_sent_again(gateway: servers.Server) -> None:
    lost, good = queue_many("sms", 2)
    gateway.script = [servers.CUT]
    assert deliver() == {"set-aside": 1, "sent": 1}
    lost.refresh_from_db()
    good.refresh_from_db()
    assert (lost.status, good.status) == ("review", "sent")
    assert lost.handed_at == NOON
    assert "may have been sent" in lost.error
    assert lost.body
    # It may have reached her, so it counts as a contact.
    assert set(Contact.objects.values_list("decision_id", "outcome")) == {
        (lost.decision_id, "sent"),
        (good.decision_id, "sent"),
    }
    assert deliver(NOON + timedelta(hours=1)) == {}
    assert len(gateway.taken) == 2


def test_a_worker_that_died_behind_the_handing_over_leaves_it_to_a_person(gateway: servers.Server) -> None:
    handed, not_yet = queue_many("sms", 2)
    Message.objects.filter(pk=handed.pk).update(status="claimed", claim=uuid.uuid4(), claimed_at=NOON, handed_at=NOON)
    Message.objects.filter(pk=not_yet.pk).update(status="claimed", claim=uuid.uuid4(), claimed_at=NOON)
    with clock.frozen(NOON + timedelta(minutes=1)):
        assert set_aside_uncertain() == 0, "its worker may still live"
    later = NOON + timedelta(minutes=3)
    with clock.frozen(later):
        assert set_aside_uncertain() == 1
    assert deliver(later) == {"sent": 1}
    handed.refresh_from_db()
    not_yet.refresh_from_db()
    assert (handed.status, not_yet.status) == ("review", "sent")
    assert Event.objects.get(verb="message.set-aside").subject_id == handed.pk
    assert len(gateway.taken) == 1


def test_a_temporary_refusal_is_certain_and_tried_again(gateway: servers.Server) -> None:
    queue_many("sms", 1)
    gateway.script = [(503, {"error": "unavailable"})]
    assert deliver() == {"retried": 1}
    assert (Message.objects.get().body, Message.objects.get().personal) == ("", None), "written anew when it goes"
    assert deliver(NOON + timedelta(minutes=2)) == {"sent": 1}
    assert list(Counter(sms_ids(gateway)).values()) == [2]


def test_nothing_leaves_a_paused_channel_and_everything_a_draining_one(gateway: servers.Server) -> None:
    queue_many("sms", 1)
    control = ChannelControl.objects.filter(channel="sms")
    control.update(state=ChannelState.PAUSED)
    assert deliver() == {}
    with clock.frozen(NOON):
        assert not services.sweep()
    control.update(state=ChannelState.DRAINING)
    assert deliver() == {"sent": 1}


def test_claims_keep_the_channels_rate_and_width(gateway: servers.Server) -> None:
    queue_many("sms", 45)
    ChannelControl.objects.filter(channel="sms").update(per_second=4, concurrency=2)
    with clock.frozen(NOON):
        first, second, third = (claims.claim("sms", uuid.uuid4()) for _ in range(3))
    assert first is not None
    assert second is not None
    # Five seconds' worth each, the second behind the first, and no third beside them.
    assert (first.begins_at, first.interval) == (NOON, 0.25)
    assert second.begins_at == NOON + timedelta(seconds=5)
    assert third is None
    assert Message.objects.filter(claim=first.token).count() == Message.objects.filter(claim=second.token).count() == 20
    Message.objects.filter(claim__isnull=False).update(status="sent", claim=None)
    with clock.frozen(NOON + timedelta(seconds=1)):
        assert claims.claim("sms", uuid.uuid4()) is None, "the rate is taken for longer than a window"
    with clock.frozen(NOON + timedelta(seconds=6)):
        last = claims.claim("sms", uuid.uuid4())
    assert last is not None
    assert last.begins_at == NOON + timedelta(seconds=10)
