"""A mail server to send to, and people who are late."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from accounts.models import Account, Customer
from reminders.channels import registry
from reminders.services.delivery.batch import Batch
from runs.models import DayClose
from runs.services import StepRun
from staff.models import User
from tests.factories import (
    AccountFactory,
    ContactPointFactory,
    CustomerFactory,
    StandingChangeFactory,
    StandingFactory,
    UserFactory,
)
from tests.reminders.channels import servers

DAY = date(2026, 11, 23)
DUE = date(2026, 11, 22)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@dataclass
class MailServer:
    """A real SMTP server on the loopback: keeps what it took; `refuse` answers for an address, `fate` for a Message-ID (an
    answer, or `CUT` before or behind the taking; none: it is taken), `pause` slows it down; `at_once`: it takes commands in one
    go."""

    taken: list[bytes] = field(default_factory=list)
    # The Message-ID of each, in the same order.
    ids: list[str] = field(default_factory=list)
    fate: Callable[[str], str] | None = None
    connections: int = 0
    pause: float = 0.0
    refuse: dict[str, str] = field(default_factory=dict)
    cut_at: set[str] = field(default_factory=set)
    port: int = 0
    at_once: bool = True

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.at_once else responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.cut_at:
            server.transport.abort()
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.pause)
        content = bytes(envelope.content)
        key = message_id(content)
        fate = self.fate(key) if self.fate else ""
        if not fate or fate == CUT_BEHIND:
            self.taken.append(content)
            self.ids.append(key)
        if fate in (CUT_BEFORE, CUT_BEHIND):
            server.transport.abort()
        return fate or "250 OK"

    @property
    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=policy.default) for content in self.taken]


CUT_BEFORE, CUT_BEHIND = "cut before it was taken", "cut behind the taking"


def message_id(content: bytes) -> str:
    """The Message-ID of a letter as it came."""
    head = content.partition(b"\r\n\r\n")[0].decode()
    return next(line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("Message-ID: "))


class _AnyPort(Controller):
    """Listens on whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server of this machine; the settings are its user's."""
    server = MailServer()
    controller = _AnyPort(server, hostname="127.0.0.1", port=0)
    controller.start()
    server.port = controller.port
    server.connections = 0
    # Its connections are kept from batch to batch, and so would be those to the last test's server.
    registry.forget()
    yield server
    controller.stop()


@pytest.fixture
def mail(settings) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def gateway(settings: Any) -> Iterator[servers.Server]:
    """A gateway of SMS that checks what it gets."""
    registry.forget()
    server = servers.gateway("s3cret")
    settings.WEBHOOK_URL, settings.WEBHOOK_SECRET = server.url, "s3cret"
    yield server
    server.stop()
    registry.forget()


def sms_ids(gateway: servers.Server) -> list[str]:
    """The Message-ID of each SMS that arrived, in order."""
    return [f"<{request.headers['idempotency-key']}>" for request in list(gateway.taken)]


@pytest.fixture
def writer(db: None) -> User:
    return UserFactory(role="supervisor", display_name="Lin")


@pytest.fixture
def approver(db: None) -> User:
    return UserFactory(role="legal-officer", display_name="Chen")


@pytest.fixture
def run(db: None) -> StepRun:
    """The close's step for the day, begun."""
    return begin()


def begin(day: date = DAY) -> StepRun:
    row, _ = DayClose.objects.get_or_create(date=day, step="strategy", defaults={"position": 6})
    return StepRun(day=day, step="strategy", cursor=row.cursor)


def late(customer: Customer | None = None, *, day: date = DAY, email: bool = True, **standing: object) -> Account:
    """An account whose first late day is `day`, of a customer with an address of her own unless told otherwise."""
    if customer is None:
        customer = CustomerFactory(locale="en")
        if email:
            ContactPointFactory(customer=customer)
    account = AccountFactory(customer=customer)
    StandingFactory(account=account, overdue_since=DUE, late_on=day, bucket="M1", **standing)
    StandingChangeFactory(account=account, business_day=day, from_bucket="", to_bucket="M1")
    return account


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often each message, by key, was looked at as it was to go."""
    counted: Counter[int] = Counter()
    written = Batch._written

    def told(batch: Batch, message: Any) -> Any:
        counted[message.pk] += 1
        return written(batch, message)

    monkeypatch.setattr(Batch, "_written", told)
    return counted
