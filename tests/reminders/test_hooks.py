"""The addresses at which providers tell of messages: each proves itself, and whatever is not proved or understood is refused
whole."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client

from audit.models import Event
from compliance.models import Contact, OptOut
from reminders.hooks import LARGEST_BODY, MOST_EVENTS
from reminders.models import Message, Receipt
from runs import clock
from tests.factories import ContactPointFactory, CustomerFactory, MessageFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
STAMP = str(int(NOON.timestamp()))
NUMBER = "13800002046"
LOGIN = "hooks:a long password"
URL = "https://lender.example/hooks/twilio/"


@pytest.fixture(autouse=True)
def secrets(settings) -> Iterator[None]:
    settings.SMS_TWILIO_AUTH_TOKEN, settings.SMS_TWILIO_STATUS_URL = "token", URL
    settings.HOOK_ALIYUN_LOGIN = settings.HOOK_TENCENT_LOGIN = LOGIN
    settings.PUSH_JPUSH_APP_KEY, settings.PUSH_JPUSH_MASTER_SECRET = "key", "master"
    settings.HOOK_WEBHOOK_SECRET, settings.HOOK_EMAIL_SECRET = "gateway secret", "mail secret"
    with clock.frozen(NOON):
        yield


def message(provider: str, channel: str = "sms", **values: Any) -> Message:
    """A message that the provider took as N1."""
    customer = CustomerFactory()
    kind, clear = {
        "sms": ("mobile", NUMBER),
        "push": ("push", "device-1"),
        "email": ("email", "her@example.com"),
    }[channel]
    return MessageFactory(
        customer=customer,
        contact_point=ContactPointFactory(customer=customer, kind=kind, clear=clear),
        context={"accounts": []},
        channel=channel,
        decision__channel=channel,
        **{"provider": provider, "provider_id": "N1", "header_id": "<k1@lender.example>", **values},
    )


# Each provider's requests, proved as its documents say: written here once more, from those documents.


def twilio(client: Client, form: dict[str, str], *, token: str = "token", **headers: str) -> HttpResponse:
    signed = URL + "".join(name + form[name] for name in sorted(form))
    proof = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    headers = {"X-Twilio-Signature": proof, **headers}
    return client.post(
        "/hooks/twilio/", urlencode(form), content_type="application/x-www-form-urlencoded", headers=headers
    )


def basic(client: Client, provider: str, data: Any, *, login: str = LOGIN) -> HttpResponse:
    headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
    return client.post(f"/hooks/{provider}/", json.dumps(data), content_type="application/json", headers=headers)


def aliyun(client: Client, data: Any, **values: str) -> HttpResponse:
    return basic(client, "aliyun", data, **values)


def tencent(client: Client, data: Any, **values: str) -> HttpResponse:
    return basic(client, "tencent", data, **values)


def jpush(client: Client, data: Any, *, secret: str = "master", stamp: str = STAMP + "000") -> HttpResponse:
    proof = hashlib.sha1(f"appKey=key&appMasterSecret={secret}&nonce=7&timestamp={stamp}".encode()).hexdigest()
    form = {"nonce": "7", "timestamp": stamp, "signature": proof, "type": "PUSH", "data": json.dumps(data)}
    return client.post("/hooks/jpush/", urlencode(form), content_type="application/x-www-form-urlencoded")


def signed(
    client: Client,
    data: Any,
    *,
    provider: str = "webhook",
    secret: str = "gateway secret",
    stamp: str = STAMP,
    told: Any = None,
) -> HttpResponse:
    body = json.dumps(data).encode()
    proof = "v1=" + hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Delinquency-Timestamp": stamp, "X-Delinquency-Signature": proof}
    sent = body if told is None else json.dumps(told).encode()
    return client.post(f"/hooks/{provider}/", sent, content_type="application/json", headers=headers)


REPORT = {"phone_number": NUMBER, "send_time": "2026-11-23 11:00:00", "report_time": "2026-11-23 11:00:05",
          "success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1", "biz_id": "N1",
          "out_id": "k1@lender.example"}  # fmt: skip
STATE = {"user_receive_time": "2026-11-23 11:00:05", "nationcode": "86", "mobile": NUMBER, "report_status": "SUCCESS",
         "errmsg": "DELIVRD", "description": "用户短信送达成功", "sid": "N1"}  # fmt: skip
EVENT = {"id": "e1", "kind": "delivered", "message": "N1", "at": "2026-11-23T11:00:05+08:00"}
# Provider: its channel, how it tells, and what it tells of a message delivered.
GOOD: dict[str, tuple[str, Callable[..., HttpResponse], Any]] = {
    "twilio": ("sms", twilio, {"MessageSid": "N1", "MessageStatus": "delivered", "To": f"+86{NUMBER}"}),
    "aliyun": ("sms", aliyun, [REPORT]),
    "tencent": ("sms", tencent, [STATE]),
    "jpush": ("push", jpush, {"msg_id": "N1", "status": "delivered"}),
    "webhook": ("sms", signed, {"events": [EVENT]}),
}


def nothing_changed() -> bool:
    return not (
        Receipt.objects.exists() or OptOut.objects.exists() or Contact.objects.exists() or Event.objects.exists()
    )


@pytest.mark.parametrize("provider", GOOD)
def test_what_is_proved_is_kept_and_acted_on(provider: str, client: Client) -> None:
    channel, tell, data = GOOD[provider]
    sent = message(provider, channel)
    response = tell(client, data)
    assert response.status_code == 200
    sent.refresh_from_db()
    assert sent.delivery == "delivered"
    assert sent.delivery_at in (datetime(2026, 11, 23, 3, 0, 5, tzinfo=UTC), NOON)
    assert not response.cookies


@pytest.mark.parametrize("provider", GOOD)
def test_told_again_it_is_answered_alike_and_changes_nothing(provider: str, client: Client) -> None:
    channel, tell, data = GOOD[provider]
    message(provider, channel)
    first = tell(client, data)
    events = Event.objects.count()
    again = tell(client, data)
    assert (again.status_code, again.content) == (200, first.content)
    assert (Receipt.objects.count(), Event.objects.count()) == (1, events)


def test_each_is_answered_as_it_wants_to_be(client: Client) -> None:
    assert json.loads(aliyun(client, [REPORT]).content) == {"code": 0, "msg": "接收成功"}
    assert json.loads(tencent(client, [STATE]).content) == {"result": 0, "errmsg": "OK"}
    assert twilio(client, GOOD["twilio"][2])["Content-Type"] == "text/xml; charset=utf-8"


FORGED: dict[str, Callable[[Client], HttpResponse]] = {
    "twilio, another token": lambda client: twilio(client, GOOD["twilio"][2], token="other"),
    "twilio, no signature": lambda client: twilio(client, GOOD["twilio"][2], **{"X-Twilio-Signature": ""}),
    "twilio, no ASCII": lambda client: twilio(client, GOOD["twilio"][2], **{"X-Twilio-Signature": "é"}),
    "twilio, as JSON": lambda client: client.post(
        "/hooks/twilio/", json.dumps(GOOD["twilio"][2]), content_type="application/json"
    ),
    "aliyun, another login": lambda client: aliyun(client, [REPORT], login="hooks:guess"),
    "aliyun, none": lambda client: client.post("/hooks/aliyun/", json.dumps([REPORT]), content_type="application/json"),
    "aliyun, no base64": lambda client: client.post(
        "/hooks/aliyun/",
        json.dumps([REPORT]),
        content_type="application/json",
        headers={"Authorization": "Basic %%%"},
    ),
    "tencent, another scheme": lambda client: client.post(
        "/hooks/tencent/",
        json.dumps([STATE]),
        content_type="application/json",
        headers={"Authorization": "Bearer " + base64.b64encode(LOGIN.encode()).decode()},
    ),
    "jpush, another secret": lambda client: jpush(client, GOOD["jpush"][2], secret="guess"),
    "jpush, an old moment": lambda client: jpush(client, GOOD["jpush"][2], stamp=f"{int(STAMP) - 301}000"),
    "jpush, a moment to come": lambda client: jpush(client, GOOD["jpush"][2], stamp=f"{int(STAMP) + 301}000"),
    "jpush, no moment": lambda client: jpush(client, GOOD["jpush"][2], stamp="now"),
    "jpush, as JSON": lambda client: client.post("/hooks/jpush/", "{}", content_type="application/json"),
    "webhook, another secret": lambda client: signed(client, {"events": [EVENT]}, secret="mail secret"),
    "webhook, an old moment": lambda client: signed(client, {"events": [EVENT]}, stamp=str(int(STAMP) - 301)),
    "webhook, a moment to come": lambda client: signed(client, {"events": [EVENT]}, stamp=str(int(STAMP) + 301)),
    "webhook, no moment": lambda client: signed(client, {"events": [EVENT]}, stamp="-1"),
    "webhook, another text": lambda client: signed(
        client, {"events": [EVENT]}, told={"events": [{**EVENT, "kind": "bounced"}]}
    ),
    "smtp, the gateway's secret": lambda client: signed(client, {"events": [EVENT]}, provider="smtp"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_not_proved_is_refused_and_nothing_changes(case: str, client: Client, caplog) -> None:
    provider = case.partition(",")[0]
    message(provider, {"jpush": "push", "smtp": "email"}.get(provider, "sms"))
    with caplog.at_level(logging.DEBUG):
        response = FORGED[case](client)
    assert response.status_code in (400, 401, 403)
    assert nothing_changed()
    assert NUMBER not in caplog.text
    assert f"Hook {provider} refused" in caplog.text


DEEP: Any = []
for _level in range(50):
    DEEP = [DEEP]
MALFORMED: dict[str, Callable[[Client], HttpResponse]] = {
    "twilio, no number": lambda client: twilio(client, {"MessageStatus": "delivered"}),
    "twilio, no state": lambda client: twilio(client, {"MessageSid": "N1"}),
    "twilio, a state of its own": lambda client: twilio(client, {"MessageSid": "N1", "MessageStatus": "teleported"}),
    "twilio, a number too long": lambda client: twilio(client, {"MessageSid": "N" * 121, "MessageStatus": "delivered"}),
    "twilio, a NUL in the number": lambda client: twilio(client, {"MessageSid": "N\0", "MessageStatus": "delivered"}),
    "twilio, too many fields": lambda client: twilio(client, {f"f{n}": "" for n in range(101)}),
    "aliyun, no list": lambda client: aliyun(client, "report"),
    "aliyun, an empty one": lambda client: aliyun(client, []),
    "aliyun, of texts": lambda client: aliyun(client, ["report"]),
    "aliyun, nested": lambda client: aliyun(client, DEEP),
    "aliyun, no success": lambda client: aliyun(client, [{**REPORT, "success": "yes"}]),
    "aliyun, no moment": lambda client: aliyun(client, [{**REPORT, "report_time": "yesterday"}]),
    "aliyun, one bad among good": lambda client: aliyun(client, [REPORT, {**REPORT, "biz_id": None}]),
    "aliyun, neither report nor answer": lambda client: aliyun(client, [{"phone_number": NUMBER}]),
    "tencent, a state of its own": lambda client: tencent(client, [{**STATE, "report_status": "MAYBE"}]),
    "tencent, a time of its own": lambda client: tencent(client, {"mobile": NUMBER, "time": "noon", "text": "TD"}),
    "jpush, a state of its own": lambda client: jpush(client, {"msg_id": "N1", "status": "seen"}),
    "jpush, a number that is none": lambda client: jpush(client, {"msg_id": [1], "status": "delivered"}),
    "webhook, no events": lambda client: signed(client, {"event": EVENT}),
    "webhook, a list": lambda client: signed(client, [EVENT]),
    "webhook, an outgoing message": lambda client: signed(client, {"channel": "sms", "to": NUMBER, "body": "Hello"}),
    "webhook, a kind of its own": lambda client: signed(client, {"events": [{**EVENT, "kind": "paid"}]}),
    "webhook, no number": lambda client: signed(client, {"events": [{**EVENT, "id": ""}]}),
    "webhook, a number too long": lambda client: signed(client, {"events": [{**EVENT, "id": "e" * 201}]}),
    "webhook, a moment without offset": lambda client: signed(
        client, {"events": [{**EVENT, "at": "2026-11-23T11:00"}]}
    ),
    "webhook, a moment before all time": lambda client: signed(
        client, {"events": [{**EVENT, "at": "0001-01-01T00:00:00+14:00"}]}
    ),
    "webhook, half a character": lambda client: signed(client, {"events": [{**EVENT, "text": "\ud800"}]}),
    "webhook, half a character in a number": lambda client: signed(client, {"events": [{**EVENT, "id": "\ud800"}]}),
    "webhook, a channel that is not its own": lambda client: signed(
        client, {"events": [{**EVENT, "channel": "email"}]}
    ),
    "webhook, too many": lambda client: signed(
        client, {"events": [{**EVENT, "id": f"e{n}"} for n in range(MOST_EVENTS + 1)]}
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_makes_no_sense_is_refused_whole_and_nothing_changes(case: str, client: Client, caplog) -> None:
    provider = case.partition(",")[0]
    message(provider, "push" if provider == "jpush" else "sms")
    with caplog.at_level(logging.DEBUG):
        response = MALFORMED[case](client)
    assert (response.status_code, response.content) == (400, b"malformed")
    assert nothing_changed()
    assert NUMBER not in caplog.text


@pytest.mark.parametrize("provider", [*GOOD, "smtp"])
def test_what_is_too_large_is_refused_unread(provider: str, client: Client) -> None:
    body = b" " * (LARGEST_BODY + 1)
    response = client.post(f"/hooks/{provider}/", body, content_type="application/json")
    assert (response.status_code, response.content) == (413, b"too large")


@pytest.mark.parametrize("provider", [*GOOD, "smtp"])
def test_without_its_secret_an_address_is_closed(provider: str, client: Client, settings) -> None:
    settings.SMS_TWILIO_AUTH_TOKEN = settings.HOOK_ALIYUN_LOGIN = settings.HOOK_TENCENT_LOGIN = ""
    settings.PUSH_JPUSH_MASTER_SECRET = settings.HOOK_WEBHOOK_SECRET = settings.HOOK_EMAIL_SECRET = ""
    _channel, tell, data = GOOD.get(provider, ("", signed, {"events": [EVENT]}))
    values = {"provider": "smtp", "secret": ""} if provider == "smtp" else {}
    if provider == "webhook":
        values = {"secret": ""}
    assert tell(client, data, **values).status_code == 404
    assert nothing_changed()


def test_only_what_is_posted_to_a_known_provider_without_a_query_is_read(client: Client) -> None:
    assert client.get("/hooks/twilio/").status_code == 405
    assert client.put("/hooks/twilio/").status_code == 405
    assert client.post("/hooks/pigeon/").status_code == 404
    assert client.post("/hooks/webhook/?secret=x").status_code == 400


def test_no_token_of_a_form_and_no_session_is_asked_for(client: Client, django_assert_max_num_queries) -> None:
    strict = Client(enforce_csrf_checks=True)
    message("webhook")
    with django_assert_max_num_queries(20):
        response = signed(strict, {"events": [EVENT]})
    assert response.status_code == 200
    assert not strict.cookies


def test_what_is_refused_asks_the_database_nothing(client: Client, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert signed(client, {"events": [EVENT]}, secret="guess").status_code == 403


@pytest.mark.parametrize(("state", "code", "delivery"), [
    ("undelivered", "30003", "undelivered"), ("failed", "30008", "undelivered"), ("undelivered", "30005", "bounced"),
    ("sent", "", ""), ("queued", "", "")])  # fmt: skip
def test_twilio_states(client: Client, state: str, code: str, delivery: str) -> None:
    sent = message("twilio")
    assert twilio(client, {"MessageSid": "N1", "MessageStatus": state, "ErrorCode": code}).status_code == 200
    sent.refresh_from_db()
    assert sent.delivery == delivery


@pytest.mark.parametrize("form", [{"Body": "STOP"}, {"Body": "Arrêt", "OptOutType": "STOP"}])
def test_twilio_tells_of_who_opts_out(client: Client, form: dict[str, str]) -> None:
    point = message("twilio").contact_point
    assert twilio(client, {"MessageSid": "N2", "From": f"+86{NUMBER}", "To": "+1500", **form}).status_code == 200
    assert OptOut.objects.get().contact_point_id == point.pk


def test_aliyun_and_tencent_tell_of_answers_and_of_what_did_not_arrive(client: Client) -> None:
    mine, theirs = message("aliyun"), message("tencent", header_id="<k2@lender.example>")
    aliyun(client, [{**REPORT, "success": False, "err_code": "MK:0001"}])
    tencent(client, [{**STATE, "report_status": "FAIL", "errmsg": "MK:0001"}])
    for sent in (mine, theirs):
        sent.refresh_from_db()
        sent.contact_point.refresh_from_db()
        assert (sent.delivery, sent.contact_point.verification) == ("undelivered", "verified")
    up = {
        "phone_number": NUMBER,
        "send_time": "2026-11-23 11:30:00",
        "content": "TD",
        "sequence_id": 7,
        "dest_code": "1",
    }
    assert aliyun(client, [up]).status_code == 200
    assert {*OptOut.objects.values_list("contact_point_id", flat=True)} == {
        mine.contact_point_id,
        theirs.contact_point_id,
    }
    back = {"mobile": NUMBER, "nationcode": "86", "text": "明天", "time": int(STAMP) - 60, "extend": "", "sign": "x"}
    assert tencent(client, back).status_code == 200
    tencent(client, back)
    assert Receipt.objects.filter(provider="tencent", kind="replied").count() == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [("该号码" * 40, ("该号码" * 40)[:60]), ("MK\n0001\x00\ud800", "MK0001"), (["MK"], ""), (None, ""), (1, "1")],
)
def test_however_a_failure_is_worded_no_receipt_is_lost_for_it(client: Client, said: Any, kept: str) -> None:
    failed, arrived = message("tencent"), message("tencent", header_id="<k2@lender.example>", provider_id="N2")
    assert (
        tencent(client, [{**STATE, "report_status": "FAIL", "errmsg": said}, {**STATE, "sid": "N2"}]).status_code == 200
    )
    failed.refresh_from_db()
    arrived.refresh_from_db()
    assert (failed.delivery, arrived.delivery) == ("undelivered", "delivered")
    assert Receipt.objects.get(kind="undelivered").detail == kept


def test_aliyun_finds_a_message_by_our_own_key(client: Client) -> None:
    sent = message("", provider_id="", status="review", sent_at=None, handed_at=NOON - timedelta(hours=1))
    aliyun(client, [REPORT])
    sent.refresh_from_db()
    assert (sent.status, sent.delivery, sent.provider_id) == ("sent", "delivered", "N1")


def test_a_device_that_is_gone_is_written_to_no_more(client: Client) -> None:
    sent = message("jpush", "push")
    jpush(client, [{"msg_id": "N1", "status": "invalid"}])
    sent.contact_point.refresh_from_db()
    assert sent.contact_point.verification == "wrong"


def test_mail_that_bounces_is_found_by_its_message_id(client: Client) -> None:
    sent = message("smtp", "email", provider_id="")
    event = {"id": "b1", "kind": "bounced", "key": "k1@lender.example", "code": "5.1.1"}
    assert signed(client, {"events": [event]}, provider="smtp", secret="mail secret").status_code == 200
    sent.refresh_from_db()
    sent.contact_point.refresh_from_db()
    assert (sent.delivery, sent.contact_point.verification) == ("bounced", "wrong")
    complaint = {"id": "c1", "kind": "complained", "key": "k1@lender.example"}
    signed(client, {"events": [complaint]}, provider="smtp", secret="mail secret")
    assert OptOut.objects.get().channel == "email"


def test_events_of_one_request_cost_the_same_each(client: Client, django_assert_max_num_queries) -> None:
    sent = message("webhook")
    events = [{**EVENT, "id": f"e{n}", "at": f"2026-11-23T10:{n:02}:00+08:00"} for n in range(20)]
    with django_assert_max_num_queries(20 * 16):
        signed(client, {"events": events})
    sent.refresh_from_db()
    assert sent.delivery_at == datetime(2026, 11, 23, 2, 19, tzinfo=UTC)
