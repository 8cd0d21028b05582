"""Every HTTP adapter beside a server that checks it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partialmethod
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reminders.channels import Outgoing, Sent, TransportError, http, registry
from tests.reminders.channels import servers
from tests.reminders.channels.servers import Server

BODY = "您好,李雷:请看 App 内的通知。Ünïcödé & = + % 😀"
MESSAGE = Outgoing(
    7, "<m7@lender.example>", "13800138000", "关于您账户的通知", BODY, "zh-hans", template="first-late.v1.zh-hans"
)


@dataclass
class Case:
    """An adapter with its server; `wrong` breaks its key."""

    name: str
    server: Server
    message: Outgoing
    wrong: Callable[[], None]
    extra: dict[str, Any] = field(default_factory=dict)

    def send(self, *messages: Outgoing) -> list[Sent | TransportError]:
        channel, name = self.name.split("-")
        sent = list(registry.adapter(channel, name).send(messages or (self.message,)))
        return [result for _, result in sent]


NAMES = ("sms-aliyun", "sms-tencent", "sms-twilio", "sms-webhook", "push-webhook", "push-jpush", "push-webpush")


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    registry.forget()
    yield
    registry.forget()


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest, settings: Any) -> Iterator[Case]:
    made = make(request.param, settings)
    yield made
    made.server.stop()


def make(name: str, settings: Any) -> Case:
    settings.SMS_TEMPLATES = {"first-late.v1.zh-hans": {"code": "T1", "variables": ["body"]}}
    values: dict[str, str] = {}
    message, extra = MESSAGE, {}
    match name:
        case "sms-aliyun":
            server, secret = servers.aliyun("id", "s3cret"), "SMS_ALIYUN_KEY_SECRET"
            values = {"SMS_ALIYUN_URL": server.url, "SMS_ALIYUN_KEY_ID": "id", "SMS_ALIYUN_SIGN_NAME": "示例银行"}
        case "sms-tencent":
            server, secret = servers.tencent("id", "s3cret"), "SMS_TENCENT_SECRET_KEY"
            values = {"SMS_TENCENT_URL": server.url, "SMS_TENCENT_SECRET_ID": "id", "SMS_TENCENT_APP_ID": "14"}
            values["SMS_TENCENT_SIGN_NAME"] = "示例银行"
        case "sms-twilio":
            server, secret = servers.twilio("AC1", "SK1", "s3cret"), "SMS_TWILIO_KEY_SECRET"
            values = {"SMS_TWILIO_URL": server.url, "SMS_TWILIO_ACCOUNT_SID": "AC1", "SMS_TWILIO_KEY_SID": "SK1"}
            values["SMS_TWILIO_FROM"] = "+15005550006"
        case "push-jpush":
            server, secret = servers.jpush("app", "s3cret"), "PUSH_JPUSH_MASTER_SECRET"
            values = {"PUSH_JPUSH_URL": server.url, "PUSH_JPUSH_APP_KEY": "app"}
            message = replace(MESSAGE, address="1507bfd3f7c466c9")
        case "push-webpush":
            return _webpush(settings)
        case _:
            server, secret = servers.gateway("s3cret"), "WEBHOOK_SECRET"
            values = {"WEBHOOK_URL": server.url}
    for variable, value in {**values, secret: "s3cret"}.items():
        setattr(settings, variable, value)
    return Case(name, server, message, lambda: setattr(settings, secret, "another"), extra)


def _webpush(settings: Any) -> Case:
    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def point(key: ec.EllipticCurvePrivateKey) -> bytes:
        form = serialization.PublicFormat.UncompressedPoint
        return key.public_key().public_bytes(serialization.Encoding.X962, form)

    def number(key: ec.EllipticCurvePrivateKey) -> str:
        return encoded(key.private_numbers().private_value.to_bytes(32, "big"))

    ours, device, auth = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1()), b"a" * 16
    server = servers.webpush(point(ours))
    keys = f'{{"p256dh": "{encoded(point(device))}", "auth": "{encoded(auth)}"}}'
    settings.PUSH_WEBPUSH_PRIVATE_KEY = number(ours)
    settings.PUSH_WEBPUSH_CONTACT = "mailto:push@lender.example"
    settings.PUSH_WEBPUSH_HOSTS = ["127.0.0.1"]
    message = replace(MESSAGE, address=f'{{"endpoint": "{server.url}/p/1", "keys": {keys}}}')

    def wrong() -> None:
        settings.PUSH_WEBPUSH_PRIVATE_KEY = number(ec.generate_private_key(ec.SECP256R1()))

    return Case("push-webpush", server, message, wrong, {"device": device, "auth": auth})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an answer."""
    hasty = partialmethod(http.Client.__init__, connect_seconds=1, answer_seconds=0.3)
    monkeypatch.setattr(http.Client, "__init__", hasty)
