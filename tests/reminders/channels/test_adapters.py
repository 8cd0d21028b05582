"""What every HTTP adapter promises alike, and what each vendor's answers mean."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from reminders.channels import Sent, TransportError, registry
from reminders.channels.connection import place_of
from reminders.channels.push import webpush
from reminders.channels.sms import aliyun, tencent
from tests.reminders.channels.conftest import BODY, MESSAGE, Case, make
from tests.reminders.channels.servers import CUT

IDS = {
    "sms-aliyun": Sent("900619746936498440^0"),
    "sms-tencent": Sent("5000:1045710669157053657849499619", 2),
    "sms-twilio": Sent("SM1", 3),
    "sms-webhook": Sent("g-1", 2),
    "push-webhook": Sent("g-1", 2),
    "push-jpush": Sent("18100287008546517"),
}


def failed(result: Sent | TransportError) -> TransportError:
    assert isinstance(result, TransportError), result
    return result


def test_it_is_taken_signed_and_whole(case: Case) -> None:
    (result,) = case.send()
    assert isinstance(result, Sent), result
    assert (result == IDS[case.name]) if case.name in IDS else len(result.provider_id) == 32
    (request,) = case.server.taken
    match case.name:
        case "sms-aliyun":
            assert request.asked["PhoneNumbers"] == "13800138000"
            assert (request.asked["SignName"], request.asked["TemplateCode"]) == ("示例银行", "T1")
            assert json.loads(request.asked["TemplateParam"]) == {"body": BODY}
        case "sms-tencent":
            assert (request.json["PhoneNumberSet"], request.json["TemplateId"]) == (["+8613800138000"], "T1")
            assert request.json["TemplateParamSet"] == [BODY]
        case "sms-twilio":
            assert request.form == {"To": "+8613800138000", "From": "+15005550006", "Body": BODY}
        case "sms-webhook":
            assert (request.json["to"], request.json["body"]) == ("+8613800138000", BODY)
            assert request.headers["idempotency-key"] == "m7@lender.example"
        case "push-jpush":
            assert request.json["audience"] == {"registration_id": [case.message.address]}
            assert request.json["notification"]["android"]["alert"] == MESSAGE.subject
            assert "李雷" not in json.dumps(request.json, ensure_ascii=False)
        case "push-webpush":
            import http_ece

            key, auth = case.extra["device"], case.extra["auth"]
            shown = json.loads(http_ece.decrypt(request.body, private_key=key, auth_secret=auth))
            assert (shown["alert"], shown["message"]) == (MESSAGE.subject, "m7@lender.example")
            assert request.headers["ttl"] == "86400"


def test_a_wrong_key_is_refused_by_the_server_and_waits_to_be_put_right(case: Case) -> None:
    case.wrong()
    error = failed(*case.send())
    assert (case.server.refused, case.server.taken) == (1, [])
    assert (error.permanent, error.uncertain, error.unknown_recipient) == (False, False, False)


def test_connections_are_kept_from_batch_to_batch(case: Case) -> None:
    for _ in range(3):
        case.send(*[case.message] * 3)
    assert (len(case.server.taken), case.server.connections) == (9, 1)


def test_a_cut_after_it_was_sent_is_uncertain_and_stops_no_other(case: Case) -> None:
    case.server.script = [CUT]
    first, second = case.send(case.message, case.message)
    error = failed(first)
    assert (error.uncertain, error.permanent) == (True, False)
    assert isinstance(second, Sent)
    assert len(case.server.taken) == 2


@pytest.mark.usefixtures("impatient")
def test_no_answer_in_time_is_uncertain(case: Case) -> None:
    case.server.pause = 1
    assert failed(*case.send()).uncertain


def test_nobody_listening_is_certain(case: Case) -> None:
    case.server.stop()
    error = failed(*case.send())
    assert (error.uncertain, error.permanent) == (False, False)
    assert "127.0.0.1" not in str(error)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_behind_its_door_is_uncertain(case: Case, status: int) -> None:
    case.server.script = [(status, b"<html>oops</html>")]
    assert failed(*case.send()).uncertain


@pytest.mark.parametrize(("after", "seconds"), [("17", 17.0), ("nonsense", None)])
def test_throttled_or_busy_it_waits_as_it_is_told(case: Case, after: str, seconds: float | None) -> None:
    case.server.script = [(429, b"", {"Retry-After": after}), (503, b"", {"Retry-After": after})]
    throttled, busy = (failed(result) for result in case.send(case.message, case.message))
    assert (throttled.permanent, throttled.uncertain, busy.permanent, busy.uncertain) == (False,) * 4
    assert (throttled.retry_after, busy.retry_after) == (seconds or 60.0, seconds)


def test_a_success_that_cannot_be_read_is_uncertain(case: Case) -> None:
    if case.name == "push-webpush":  # its answers have no body
        return
    case.server.script = [(200, b"<html>"), (200, [1]), (200, {"Response": []})]
    assert [failed(result).uncertain for result in case.send(*[case.message] * 3)] == [True] * 3


def test_a_redirect_is_not_followed(case: Case) -> None:
    case.server.script = [(307, b"", {"Location": f"{case.server.url}/elsewhere"})]
    error = failed(*case.send())
    assert (len(case.server.taken), error.permanent, error.uncertain) == (1, False, False)


def test_neither_errors_nor_logs_name_anybody_or_any_key(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    case.server.script = [(400, {"error": "to 13800138000", "code": "to 13800138000", "Code": "13800138000 李雷"}), CUT]
    with caplog.at_level(logging.INFO):
        results = case.send(*[case.message] * 3)
    said = "".join(str(result) for result in results[:2]) + caplog.text + repr(case.message)
    for secret in ("13800138000", "李雷", "s3cret", "1507bfd3f7c466c9", "p256dh"):
        assert secret not in said


def ali(code: str) -> Any:
    return 200, {"Code": code, "Message": "…", "RequestId": "r"}


def ten(code: str) -> Any:
    return 200, {"Response": {"SendStatusSet": [{"SerialNo": "", "Fee": 0, "Code": code, "Message": "…"}]}}


def twi(code: int, status: int = 400) -> Any:
    return status, {"code": code, "message": "…", "status": status}


def jpu(code: int, status: int = 400) -> Any:
    return status, {"error": {"code": code, "message": "…"}}


PERMANENT, NOBODY, LATER, UNSURE = (
    (True, False, False),
    (True, True, False),
    (False, False, False),
    (False, False, True),
)


@pytest.mark.parametrize(
    ("name", "reply", "meaning", "after"),
    [
        ("sms-aliyun", ali("isv.MOBILE_NUMBER_ILLEGAL"), NOBODY, None),
        ("sms-aliyun", ali("isv.SMS_CONTENT_ILLEGAL"), PERMANENT, None),
        ("sms-aliyun", ali("isv.OUT_OF_SERVICE"), LATER, None),
        ("sms-aliyun", ali("isv.BUSINESS_LIMIT_CONTROL"), LATER, 3600),
        ("sms-aliyun", ali("isp.SYSTEM_ERROR"), UNSURE, None),
        ("sms-tencent", ten("InvalidParameterValue.IncorrectPhoneNumber"), NOBODY, None),
        ("sms-tencent", ten("FailedOperation.PhoneNumberInBlacklist"), PERMANENT, None),
        ("sms-tencent", ten("FailedOperation.InsufficientBalanceInSmsPackage"), LATER, None),
        ("sms-tencent", ten("LimitExceeded.PhoneNumberThirtySecondLimit"), LATER, 60),
        ("sms-tencent", ten("InternalError.Timeout"), UNSURE, None),
        ("sms-twilio", twi(21211), NOBODY, None),
        ("sms-twilio", twi(21610), PERMANENT, None),
        ("sms-twilio", twi(21606), LATER, None),
        ("sms-twilio", twi(20429, 429), LATER, 60),
        ("sms-twilio", twi(20500, 500), UNSURE, None),
        ("push-jpush", jpu(1011), NOBODY, None),
        ("push-jpush", jpu(1003), PERMANENT, None),
        ("push-jpush", jpu(1008), LATER, None),
        ("push-jpush", jpu(2002, 429), LATER, 60),
        ("push-jpush", jpu(1000, 500), UNSURE, None),
        ("push-webpush", (410, b""), NOBODY, None),
        ("push-webpush", (404, b""), NOBODY, None),
        ("push-webpush", (413, b""), PERMANENT, None),
        ("sms-webhook", (400, {"error": "unknown_recipient"}), NOBODY, None),
        ("sms-webhook", (422, {"error": "rejected"}), PERMANENT, None),
        ("sms-webhook", (503, {"error": "unavailable"}), LATER, None),
        ("sms-webhook", (429, {"error": "throttled"}), LATER, 60),
    ],
)
def test_what_the_vendors_codes_mean(name: str, reply: Any, meaning: Any, after: float | None, settings: Any) -> None:
    case = make(name, settings)
    case.server.script = [reply]
    error = failed(*case.send())
    case.server.stop()
    assert (error.permanent, error.unknown_recipient, error.uncertain) == meaning
    assert error.retry_after == after


def test_the_signatures_are_those_of_the_vendors_own_examples() -> None:
    headers = aliyun.signed(
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        query={"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        key_id="YourAccessKeyId",
        secret="YourAccessKeySecret",
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert headers["Authorization"].endswith("06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")
    header = tencent.authorization(
        service="cvm",
        host="cvm.tencentcloudapi.com",
        content_type="application/json; charset=utf-8",
        body=rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}',
        secret_id="AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        secret_key="Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
        at=datetime.fromtimestamp(1551113065, UTC),
    )
    assert header.endswith("72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168")


@pytest.mark.parametrize("number", ["", "12", "not a number", "138001380001380013800", "+999123"])
def test_what_can_be_no_number_is_never_asked_for(number: str, settings: Any) -> None:
    case = make("sms-twilio", settings)
    error = failed(*case.send(replace(MESSAGE, address=number)))
    case.server.stop()
    assert (error.permanent, error.unknown_recipient, case.server.taken) == (True, True, [])


def test_a_number_with_its_country_stays_there(settings: Any) -> None:
    case = make("sms-twilio", settings)
    case.send(replace(MESSAGE, address="+44 7911 123456"), replace(MESSAGE, address="138-0013-8000"))
    case.server.stop()
    assert [request.form["To"] for request in case.server.taken] == ["+447911123456", "+8613800138000"]


def test_a_text_that_the_provider_has_not_approved_waits(settings: Any) -> None:
    case = make("sms-aliyun", settings)
    error = failed(*case.send(replace(MESSAGE, template="other.v2.en")))
    case.server.stop()
    assert (error.permanent, case.server.taken) == (False, [])
    assert str(error) == "SMS_TEMPLATES names no text for other.v2.en"


@pytest.mark.parametrize(
    "endpoint",
    ["https://evil.example/p", "http://push.example/p", "file:///etc/passwd", "https://u:p@127.0.0.1/x", "https://"],
)
def test_a_subscription_cannot_make_us_ask_anybody_else(endpoint: str, settings: Any) -> None:
    case = make("push-webpush", settings)
    settings.PUSH_WEBPUSH_HOSTS = ["127.0.0.1", "push.example"]
    subscription = json.dumps({**json.loads(case.message.address), "endpoint": endpoint})
    assert failed(*case.send(replace(case.message, address=subscription))).permanent
    case.server.stop()


@pytest.mark.parametrize(
    ("channel", "name", "told"),
    [
        ("sms", "aliyun", "SMS_ALIYUN_KEY_ID, SMS_ALIYUN_KEY_SECRET, SMS_ALIYUN_SIGN_NAME in the environment"),
        ("sms", "tencent", "SMS_TENCENT_SECRET_KEY"),
        ("sms", "twilio", "SMS_TWILIO_KEY_SECRET"),
        ("push", "jpush", "PUSH_JPUSH_MASTER_SECRET"),
        ("push", "webpush", "PUSH_WEBPUSH_PRIVATE_KEY"),
        ("sms", "pigeon", "SMS_ADAPTER is 'pigeon'; there are for sms: aliyun, tencent, twilio, webhook."),
    ],
)
def test_what_is_missing_is_named(channel: str, name: str, told: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        registry.adapter(channel, name)
    assert told in str(refusal.value)


def test_keys_never_leave_the_machine_in_clear(settings: Any) -> None:
    settings.WEBHOOK_URL = "http://gateway.example"
    with pytest.raises(ImproperlyConfigured, match=r"WEBHOOK_URL is .* must be an https"):
        registry.adapter("sms", "webhook")


@pytest.mark.parametrize("address", ['{"endpoint": 5, "keys": {"p256dh": "x", "auth": "y"}}', "[" * 50_000, "5", "{}"])
def test_what_is_no_subscription_is_told_as_such(address: str) -> None:
    with pytest.raises(TransportError) as caught:
        webpush._subscription(address)
    assert (caught.value.permanent, caught.value.unknown_recipient) == (True, True)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://DysmsAPI.aliyuncs.com:443", "dysmsapi.aliyuncs.com"),
        ("http://LocalHost:8080/x", "localhost:8080"),
        ("http://[::1]:80", "[::1]"),
    ],
)
def test_what_is_signed_is_the_name_that_is_sent(url: str, name: str) -> None:
    place, begun = place_of(url)
    assert place.name == name
    assert f"\r\nHost: {name}\r\n".encode() in begun


@pytest.mark.parametrize("name", ["sms-aliyun", "sms-tencent"])
def test_an_address_in_capitals_is_signed_as_it_is_sent(name: str, settings: Any) -> None:
    case = make(name, settings)
    variable = f"SMS_{name.removeprefix('sms-').upper()}_URL"
    setattr(settings, variable, getattr(settings, variable).replace("127.0.0.1", "LocalHost"))
    registry.forget()
    assert case.send() == [IDS[name]]
    case.server.stop()
