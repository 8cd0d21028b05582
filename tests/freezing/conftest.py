"""A late account with a case, somebody who asks, somebody who decides, and a core system that answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account
from accounts.services import customers, posting
from approvals import services as approvals
from approvals.models import Request
from audit.services import SystemActor
from freezing.management.commands.core_sink import Core
from freezing.models import CoreCommand
from freezing.services import commands
from runs import clock
from staff.models import Portfolio, User
from tests.factories import PortfolioFactory, UserFactory

ACTOR = SystemActor("test")
TODAY = date(2026, 5, 1)


def on(day: date, minutes: int = 0) -> AbstractContextManager[None]:
    """The clock stands at that day's noon in China, or so many minutes after it."""
    return clock.frozen(datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + timedelta(minutes=minutes))


@pytest.fixture
def today() -> Iterator[None]:
    with on(TODAY):
        yield


@pytest.fixture
def account(db: None, today: None) -> Account:
    return late_account()


@pytest.fixture
def lin(db: None, today: None) -> User:
    """A collector: she may ask."""
    return UserFactory(display_name="Lin")


@pytest.fixture
def chen(db: None, today: None) -> User:
    """A supervisor: she may ask and decide."""
    return UserFactory(role="supervisor", display_name="Chen")


def late_account(ref: str = "1", customer_id: int | None = None, due: date = date(2026, 1, 20)) -> Account:
    """An account with 1,000.00 unpaid since its due date, and a case of Team 1."""
    if not Portfolio.objects.exists():
        PortfolioFactory()
    if customer_id is None:
        customer_id = customers.register_customer(actor=ACTOR, ref=f"K{ref}", name="王小明").pk
    made = posting.open_account(
        actor=ACTOR, ref=f"A{ref}", customer_id=customer_id, product_code="instalment", currency="CNY"
    )
    posting.post_bill(
        actor=ACTOR,
        account_id=made.pk,
        ref=f"B{ref}",
        statement_on=due - timedelta(days=20),
        due_on=due,
        principal=Decimal(1000),
        minimum_due=Decimal(1000),
    )
    return made


def pay(account: Account, amount: str = "2000", ref: str = "P1") -> posting.Payment:
    return posting.post_payment(
        actor=ACTOR, account_id=account.pk, ref=ref, amount=Decimal(amount), effective_on=clock.today()
    )


def approved(chen: User, request: Request) -> CoreCommand:
    """The request approved; the command that came of it."""
    approvals.approve(actor=chen, request_id=request.pk, seen_version=1)
    return CoreCommand.objects.filter(request=request).latest("pk")


def freeze(lin: User, chen: User, account: Account) -> CoreCommand:
    return approved(chen, commands.ask(actor=lin, account_id=account.pk, verb="freeze", reason="90 days late"))


class Scripted(Core):
    """The stand-in, which answers from a script first and keeps what it heard."""

    def __init__(self) -> None:
        super().__init__(0, lambda line: None)
        self.script: list[str] = []
        self.heard: list[tuple[str, str]] = []

    def hear(self, verb: str, key: str) -> str:
        self.heard.append((verb, key))
        return self.script.pop(0) if self.script else super().hear(verb, key)


@pytest.fixture
def core(settings) -> Iterator[Scripted]:
    """The other end, really listening."""
    server = Scripted()
    settings.CORE_URL, settings.CORE_SECRET = f"http://127.0.0.1:{server.server_port}", "core secret"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
