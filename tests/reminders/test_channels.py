"""Running the channels: what their state and bounds do, what they cost, and how they fare."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.errors import Conflict, Invalid
from audit.models import Event
from reminders import services
from reminders.health import health
from reminders.models import ChannelControl, ChannelPrice, Message
from reminders.services import channels
from runs import clock
from runs.services import StepRun
from staff.models import User
from strategy.services import evaluating
from tests.factories import EventFactory, MessageFactory, UserFactory
from tests.reminders.conftest import DAY, NOON, MailServer, late

pytestmark = pytest.mark.django_db


@pytest.fixture
def runner(db: None) -> User:
    return UserFactory(username="runner", display_name="Wu Jing", role="administrator")


def test_a_paused_channel_sends_nothing_until_it_is_opened(runner: User, run: StepRun, mail: MailServer) -> None:
    late()
    with clock.frozen(NOON):
        evaluating.strategy(run)
        channels.set_state(actor=runner, channel="email", state="paused", reason="The server is renewed")
        assert services.deliver("email", seconds=5) == {}
        channels.set_state(actor=runner, channel="email", state="open", reason="It is back")
        assert services.deliver("email", seconds=5) == {"sent": 1}
    assert len(mail.letters) == 1
    control = ChannelControl.objects.get(channel="email")
    assert (control.state, control.reason, control.changed_by_name) == ("open", "It is back", "Wu Jing")
    assert list(Event.objects.filter(subject_type="channelcontrol").order_by("pk").values_list("verb", "reason")) == [
        ("channel.paused", "The server is renewed"),
        ("channel.open", "It is back"),
    ]


def test_what_waits_leaves_a_channel_that_drains_and_the_page_says_when_it_is_drained(
    client: Client, runner: User, run: StepRun, mail: MailServer
) -> None:
    late()
    client.force_login(runner)
    with clock.frozen(NOON):
        evaluating.strategy(run)
        channels.set_state(actor=runner, channel="email", state="draining", reason="Another server from Monday")
        assert "1 message that waits still leaves by it" in client.get("/channels/email/").content.decode()
        assert services.deliver("email", seconds=5) == {"sent": 1}
        assert "It is drained: nothing waits any more." in client.get("/channels/email/").content.decode()
        channels.set_state(actor=runner, channel="email", state="open", reason="It is there")
        assert "drained" not in client.get("/channels/email/").content.decode()
    assert len(mail.letters) == 1


def test_what_it_is_already_is_refused_with_who_did_it(runner: User) -> None:
    channels.set_state(actor=runner, channel="sms", state="draining", reason="Another provider from Monday")
    with pytest.raises(Conflict, match=r"already, by Wu Jing"):
        channels.set_state(actor=runner, channel="sms", state="draining", reason="The same")
    with pytest.raises(Invalid, match="no state of a channel"):
        channels.set_state(actor=runner, channel="sms", state="closed", reason="Closed")
    with pytest.raises(Conflict, match="these already"):
        channels.set_bounds(actor=runner, channel="sms", per_second=None, concurrency=2, reason="The same")


def test_a_pause_is_not_undone_by_who_did_not_see_it(client: Client, runner: User) -> None:
    other = UserFactory(role="administrator", display_name="Zhao Min")
    client.force_login(other)
    seen = client.get("/channels/sms/").context["one"].control.mark
    channels.set_state(actor=runner, channel="sms", state="paused", reason="It sends twice", seen=seen)
    drain = {"verb": "state", "state": "draining", "reason": "Another provider from Monday", "seen": seen}
    bounds = {"verb": "bounds", "concurrency": "4", "reason": "Faster", "seen": seen}
    for stale in (drain, bounds):
        refused = client.post("/channels/sms/", stale)
        assert refused.status_code == 409
        assert "Wu Jing changed SMS since you opened this page" in refused.content.decode()
        assert "It sends twice" in refused.content.decode()
    control = ChannelControl.objects.get(channel="sms")
    assert (control.state, control.concurrency) == ("paused", 2)
    # What comes back speaks of what it shows: who has seen the pause may end it.
    assert f'value="{control.mark}"' in refused.content.decode()
    assert client.post("/channels/sms/", {**drain, "seen": control.mark}).status_code == 302


def test_the_bounds_are_kept_with_their_reason(runner: User) -> None:
    channels.set_bounds(
        actor=runner, channel="sms", per_second=Decimal("2.50"), concurrency=4, reason="As the contract says"
    )
    control = ChannelControl.objects.get(channel="sms")
    assert (control.per_second, control.concurrency) == (Decimal("2.50"), 4)
    event = Event.objects.get(verb="channel.bounds-set")
    assert event.before == {"per_second": None, "concurrency": 2}
    assert event.after == {"channel": "sms", "per_second": "2.50", "concurrency": 4}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("per_second", {"per_second": Decimal(0)}),
        ("per_second", {"per_second": Decimal("-1")}),
        ("per_second", {"per_second": Decimal(10001)}),
        ("concurrency", {"concurrency": 0}),
        ("concurrency", {"concurrency": 101}),
        ("reason", {"reason": " "}),
    ],
)
def test_bounds_that_make_no_sense_are_refused_at_their_field(runner: User, field: str, values: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"per_second": Decimal(1), "concurrency": 1, "reason": "Slower", **values}
    with pytest.raises(Invalid) as refusal:
        channels.set_bounds(actor=runner, channel="email", **asked)
    assert refusal.value.field == field
    assert ChannelControl.objects.get(channel="email").per_second is None


@pytest.mark.parametrize("role", ["supervisor", "auditor", "collector"])
def test_who_does_not_run_channels_changes_none(role: str) -> None:
    with pytest.raises(PermissionDenied):
        channels.set_state(actor=UserFactory(role=role), channel="email", state="paused", reason="Why not")


def test_a_price_holds_from_a_day_on_and_never_backwards(runner: User) -> None:
    price = {"channel": "sms", "provider": "", "currency": "CNY", "each": Decimal("0.045"), "source": "Contract"}
    with clock.frozen(NOON):
        today = clock.today()
        channels.add_price(actor=runner, effective_from=today, **price)
        for error, wrong in (
            (Conflict, {}),
            (Invalid, {"effective_from": today - timedelta(days=1)}),
            (Invalid, {"currency": "cny", "effective_from": today + timedelta(days=1)}),
        ):
            with pytest.raises(error):
                channels.add_price(actor=runner, **{**price, "effective_from": today, **wrong})
    assert ChannelPrice.objects.count() == 1
    assert Event.objects.get(verb="channel-price.added").after["each"] == "0.045"


def test_prices_are_entered_in_data_entry_where_nonsense_is_named(client: Client, runner: User) -> None:
    client.force_login(runner)
    form = {"channel": "sms", "provider": "", "effective_from": "2020-01-01", "currency": "CNY", "each": "0.045"}
    page = client.post("/admin/reminders/channelprice/add/", {**form, "source": "Contract"})
    assert "2020-01-01 is past" in page.content.decode()
    form["effective_from"] = clock.today().isoformat()
    assert client.post("/admin/reminders/channelprice/add/", {**form, "source": "Contract"}).status_code == 302
    assert ChannelPrice.objects.get().each == Decimal("0.045")


def happened(verb: str, ago: timedelta, **values: Any) -> Message:
    made = MessageFactory(key=f"{verb}-{ago}-{Message.objects.count()}", **values)
    EventFactory(verb=f"message.{verb}", subject_type="message", subject_id=made.pk, at=NOON - ago)
    return made


def test_health_counts_what_waits_and_what_went(django_assert_num_queries) -> None:
    soon, earlier, yesterday = timedelta(minutes=5), timedelta(hours=2), timedelta(days=1)
    happened("sent", soon, cost=Decimal("0.05"), cost_currency="CNY", delivery="bounced")
    happened("marked-sent", earlier, cost=Decimal("0.05"), cost_currency="CNY")
    happened("sent", earlier, cost=Decimal("0.01"), cost_currency="USD", delivery="delivered")
    happened("sent", yesterday, cost=Decimal(9), cost_currency="CNY", delivery="bounced")
    happened("failed", soon, status="failed")
    happened("retried", soon, status="queued", send_after=NOON - soon)
    MessageFactory(key="later", status="queued", send_after=NOON + soon)
    MessageFactory(key="claimed", status="claimed", send_after=NOON)
    MessageFactory(key="doubt", channel="sms", decision__channel="sms", status="review")
    with clock.frozen(NOON), django_assert_num_queries(5):
        found = {one.control.channel: one for one in health()}
    assert set(found) == {"email", "sms", "push", "letter"}
    mail = found["email"]
    assert (mail.queued, mail.due, mail.sending, mail.oldest_due) == (2, 1, 1, NOON - soon)
    assert mail.figures == [("sent", 1, 3), ("failed", 1, 1), ("withheld", 0, 0), ("retried", 1, 1)]
    assert (mail.bounced, mail.bounced_percent) == (1, 33.3)
    assert mail.costs == {"CNY": Decimal("0.10"), "USD": Decimal("0.01")}
    assert (found["sms"].uncertain, found["sms"].bounced_percent) == (1, None)


def test_the_pages_show_it_and_who_runs_channels_changes_it_there(client: Client, runner: User) -> None:
    client.force_login(runner)
    page = client.get("/channels/").content.decode()
    assert 'hx-trigger="every 15s, shown"' in page
    assert "<html" not in client.get("/channels/health/").content.decode()
    assert client.get("/channels/voice/").status_code == 404
    opened = client.get("/channels/email/")
    assert "Nobody changed anything yet." in opened.content.decode()
    assert "open" not in dict(opened.context["state"].fields["state"].choices)
    pause = {"verb": "state", "state": "paused", "reason": "Renewed", "seen": opened.context["one"].control.mark}
    done = client.post("/channels/email/", pause, follow=True)
    assert "Renewed" in done.content.decode()
    again = client.post("/channels/email/", pause)
    assert (again.status_code, "already, by Wu Jing" in again.content.decode()) == (409, True)
    wrong = client.post(
        "/channels/email/",
        {"verb": "bounds", "per_second": "0", "concurrency": "2", "reason": "Slower", "seen": pause["seen"]},
    )
    assert (wrong.status_code, "0 messages a second is out of bounds" in wrong.content.decode()) == (422, True)
    assert client.post("/channels/email/", {"verb": "burn"}).status_code == 400


def test_who_only_looks_gets_no_form(client: Client) -> None:
    client.force_login(UserFactory(role="auditor"))
    assert 'name="verb"' not in client.get("/channels/email/").content.decode()
    assert client.post("/channels/email/", {"verb": "state"}).status_code == 403


def test_prices_are_listed_by_provider_and_those_of_whichever_it_is_by_words(client: Client) -> None:
    client.force_login(UserFactory(role="administrator"))
    for provider in ("", "aliyun"):
        ChannelPrice.objects.create(
            channel="sms",
            provider=provider,
            effective_from=DAY,
            currency="CNY",
            each=Decimal("0.05"),
            source="Contract",
        )
    page = client.get("/admin/reminders/channelprice/").content.decode()
    assert "whichever it is" in page
    for asked, provider in (("-", ""), ("aliyun", "aliyun")):
        listed = client.get(f"/admin/reminders/channelprice/?provider={asked}").context["cl"].result_list
        assert [price.provider for price in listed if price.source == "Contract"] == [provider]
