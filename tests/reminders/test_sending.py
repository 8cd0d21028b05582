"""Messages on their way: the next are got ready while some leave, one claim takes more while there are some, faults stop it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from audit.models import Event
from compliance.models import Contact
from reminders import services
from reminders.channels import Going, Sent, registry
from reminders.models import ChannelControl, Message
from reminders.services.delivery import batch, claims
from reminders.services.delivery.batch import Batch, Pace
from runs import clock
from tests.reminders.channels import servers
from tests.reminders.conftest import NOON, MailServer, sms_ids
from tests.reminders.crowd import queue_many

pytestmark = pytest.mark.django_db


def deliver(channel: str) -> dict[str, int]:
    with clock.frozen(NOON):
        return services.deliver(channel, seconds=30)


def paced(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """So many are looked at together from the start."""
    monkeypatch.setattr(Pace, "__init__", lambda pace: setattr(pace, "size", size))
    monkeypatch.setattr(batch, "GONE_WITHIN_SECONDS", 60.0)
    monkeypatch.setattr(batch, "LOOKED_AT_TOGETHER", size)


def test_the_next_are_written_while_a_slow_server_takes_the_first(
    mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced(monkeypatch, 2)
    messages = queue_many("email", 6)
    written, ready = Batch._written, threading.Event()

    def told(one: Batch, message: Any) -> Any:
        if message.pk == messages[3].pk:
            ready.set()
        return written(one, message)

    monkeypatch.setattr(Batch, "_written", told)
    waited = []

    def fate(_key: str) -> str:
        # Nothing of the first load is taken before the second is written: one after the other would never end.
        waited.append(ready.wait(20))
        return ""

    mail.fate = fate
    assert deliver("email") == {"sent": 6}
    assert waited == [True] * 6
    assert mail.ids == [message.header_id for message in messages]


def test_no_more_is_on_its_way_than_may_go_twice(mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    paced(monkeypatch, 2)
    queue_many("email", 8)
    most = [0]
    written = Batch._written

    def told(one: Batch, message: Any) -> Any:
        recorded = Message.objects.filter(status="sent").count()
        most[0] = max(most[0], len(mail.ids) - recorded)
        return written(one, message)

    monkeypatch.setattr(Batch, "_written", told)
    assert deliver("email") == {"sent": 8}
    assert most[0] <= batch.AHEAD * 2


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_one_claim_takes_more_while_there_are_some(
    mail: MailServer, gateway: servers.Server, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    tokens = []

    def told(asked: str, token: Any) -> Any:
        tokens.append(token)
        return claims.claim(asked, token)

    monkeypatch.setattr(batch, "claim", told)
    monkeypatch.setattr(claims, "BATCH", 3)
    # No second claim would be given.
    ChannelControl.objects.filter(channel=channel).update(concurrency=1)
    messages = queue_many(channel, 8)
    assert deliver(channel) == {"sent": 8}
    arrived = mail.ids if channel == "email" else sms_ids(gateway)
    assert sorted(arrived) == sorted(message.header_id for message in messages)
    # Three times some, then nothing; the last asks whether there is more.
    assert len(set(tokens[:4])) == 1
    assert Contact.objects.count() == Event.objects.filter(verb="message.sent").count() == 8


class Breaks:
    """An adapter that sends so many and breaks then."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.given: list[int] = []

    def send(self, going: Going) -> Iterator[tuple[Any, Sent]]:
        for outgoing in filter(None, going):
            if len(self.given) == self.after:
                raise RuntimeError("broken")
            self.given.append(outgoing.message_id)
            yield outgoing, Sent()


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_an_adapter_that_breaks_stops_the_batch_and_what_was_told_before_is_known(
    monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    paced(monkeypatch, 2)
    adapter = Breaks(5)
    monkeypatch.setattr(registry, "adapter", lambda *_: adapter)
    messages = queue_many(channel, 8)
    with pytest.raises(RuntimeError, match="broken"):
        deliver(channel)
    assert adapter.given == [message.pk for message in messages[:5]]
    assert set(Message.objects.filter(status="sent").values_list("pk", flat=True)) == set(adapter.given[:4])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sending")]


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_fault_while_it_is_recorded_gives_nothing_more(monkeypatch: pytest.MonkeyPatch, channel: str) -> None:
    paced(monkeypatch, 2)
    adapter = Breaks(99)
    monkeypatch.setattr(registry, "adapter", lambda *_: adapter)
    queue_many(channel, 8)

    def broken(settled: Any, token: Any) -> Any:
        if settled:
            raise RuntimeError("cannot be recorded")
        return {}

    monkeypatch.setattr(batch, "settle", broken)
    with pytest.raises(RuntimeError, match="cannot be recorded"):
        deliver(channel)
    assert 2 <= len(adapter.given) <= (batch.AHEAD * 2 if channel == "email" else 2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sending")]


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_nothing_is_kept_of_what_has_gone(
    mail: MailServer, gateway: servers.Server, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    monkeypatch.setattr(claims, "BATCH", 3)
    queue_many(channel, 8)
    with clock.frozen(NOON):
        one = Batch.claim(channel, Pace())
        assert one is not None
        one.deliver(time.monotonic() + 30)
    assert one.counts == {"sent": 8}
    assert not any((one._messages, one._facts, one._contents, one._rendered, one._waiting, one._settled))


def test_what_was_lost_to_another_and_came_back_goes_once(
    gateway: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queue_many("sms", 2)
    monkeypatch.setattr(batch, "LOOK_AGAIN_AFTER_SECONDS", -1)
    with clock.frozen(NOON):
        one = Batch.claim("sms", Pace())
        assert one is not None
        Message.objects.filter(pk=second.pk).update(claim=None, claimed_at=None, status="queued")
        one.deliver(time.monotonic() + 30)
    assert sms_ids(gateway) == [first.header_id]
    assert deliver("sms") == {"sent": 1}
    assert sms_ids(gateway) == [first.header_id, second.header_id]


def test_what_did_not_go_in_time_is_found_again_by_who_looks_again(
    mail: MailServer, monkeypatch: pytest.MonkeyPatch, looked: Counter[int]
) -> None:
    paced(monkeypatch, 4)
    # Nothing but the first of each load goes in time, and all is looked at again before each load.
    monkeypatch.setattr(batch, "GONE_WITHIN_SECONDS", 0.02)
    monkeypatch.setattr(Pace, "left", lambda pace, seconds: None)
    monkeypatch.setattr(batch, "LOOK_AGAIN_AFTER_SECONDS", -1)
    mail.pause = 0.06
    messages = queue_many("email", 9)
    assert deliver("email") == {"sent": 9}
    # The first of all went as it was; the first of the second load had waited behind it.
    assert looked[messages[0].pk] == 1
    assert looked[messages[4].pk] > 1
    assert sorted(mail.ids) == sorted(message.header_id for message in messages)


def test_where_nobody_answers_the_others_wait_without_losing_an_attempt(
    mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "BATCH", 3)
    messages = queue_many("email", 8)

    def away() -> Any:
        raise ConnectionRefusedError

    with monkeypatch.context() as away_for_a_moment:
        away_for_a_moment.setattr("reminders.channels.email.link.connect", away)
        assert deliver("email") == {"retried": 3}
    assert list(Message.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 1, 1, 0, 0, 0, 0, 0]
    assert deliver("email") == {"sent": 5}
    assert mail.ids == [message.header_id for message in messages[3:]]


class Clocked:
    """An adapter that notes when it is given each, and is slow with the first."""

    def __init__(self, slow: float = 0.0, after_each: Any = None) -> None:
        self.slow, self.after_each = slow, after_each
        self.at: list[float] = []

    def send(self, going: Going) -> Iterator[tuple[Any, Sent]]:
        for outgoing in filter(None, going):
            self.at.append(time.monotonic())
            time.sleep(self.slow if len(self.at) == 1 else 0)
            if self.after_each:
                self.after_each(len(self.at))
            yield outgoing, Sent()

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.at)]


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_turns_that_a_slow_provider_missed_are_not_made_up_for(monkeypatch: pytest.MonkeyPatch, channel: str) -> None:
    adapter = Clocked(slow=0.5)
    monkeypatch.setattr(registry, "adapter", lambda *_: adapter)
    ChannelControl.objects.filter(channel=channel).update(per_second=20)
    queue_many(channel, 6)
    assert deliver(channel) == {"sent": 6}
    assert min(adapter.gaps) >= 0.049


def test_a_rate_that_is_set_meanwhile_is_kept_from_the_next_claim_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BATCH", 3)

    def slower(number: int) -> None:
        if number == 1:
            ChannelControl.objects.filter(channel="sms").update(per_second=20)

    adapter = Clocked(after_each=slower)
    monkeypatch.setattr(registry, "adapter", lambda *_: adapter)
    queue_many("sms", 8)
    assert deliver("sms") == {"sent": 8}
    assert min(adapter.gaps[3:]) >= 0.049


def test_under_a_rate_each_is_looked_at_when_its_turn_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[tuple[str, int]] = []
    written = Batch._written

    def told(one: Batch, message: Any) -> Any:
        happened.append(("looked", message.pk))
        return written(one, message)

    monkeypatch.setattr(Batch, "_written", told)
    monkeypatch.setattr(Pace, "__init__", lambda pace: setattr(pace, "size", 4))
    monkeypatch.setattr(Pace, "left", lambda pace, seconds: None)
    # Two turns are further apart than what was found holds.
    monkeypatch.setattr(batch, "GONE_WITHIN_SECONDS", 0.02)
    adapter = Clocked()
    monkeypatch.setattr(registry, "adapter", lambda *_: adapter)
    adapter.after_each = lambda number: happened.append(("given", messages[number - 1].pk))
    ChannelControl.objects.filter(channel="sms").update(per_second=10)
    messages = queue_many("sms", 3)
    assert deliver("sms") == {"sent": 3}
    for before, message in zip([None, *messages], messages, strict=False):
        given = happened.index(("given", message.pk))
        since = happened.index(("given", before.pk)) if before else -1
        assert ("looked", message.pk) in happened[since + 1 : given]


@pytest.mark.parametrize(("second", "outcome"), [(58.0, "sent"), (59.5, "postponed")])
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_none_that_might_leave_after_the_hours_is_begun(
    mail: MailServer, gateway: servers.Server, channel: str, second: float, outcome: str
) -> None:
    # The contact hours end at 22:00 in Shanghai.
    queue_many(channel, 1)
    with clock.frozen(NOON.replace(hour=13, minute=59) + timedelta(seconds=second)):
        assert services.deliver(channel, seconds=30) == {outcome: 1}
    assert len(mail.ids) + len(gateway.taken) == (outcome == "sent")
