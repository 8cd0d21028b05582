"""An account with a late fee, somebody who asks, and somebody who decides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Account, Customer, Payment
from accounts.selectors.owed import owed_now
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, posting
from approvals import services as approvals
from audit.models import Event
from audit.services import SystemActor
from runs import clock
from staff.models import Portfolio, User
from tests.factories import PortfolioFactory, UserFactory
from waivers.models import Waiver
from waivers.selectors import Wanted
from waivers.services import asking

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 1)
# The late fee of the account on that day.
WHOLE = Decimal("1950.00")


def on(day: date, hour: int = 4) -> AbstractContextManager[None]:
    """The clock stands on that day."""
    return clock.frozen(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


@pytest.fixture
def today() -> Iterator[None]:
    with on(TODAY):
        yield


@pytest.fixture
def checked(db: None, today: None) -> Iterator[None]:
    """After the test the book agrees with itself, and the constraints that wait for the commit hold."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    book_agrees()


@pytest.fixture
def account(db: None, today: None) -> Account:
    return late_account()


@pytest.fixture
def lin(db: None, today: None) -> User:
    """A collector: she may ask."""
    return UserFactory(display_name="Lin")


@pytest.fixture
def chen(db: None, today: None) -> User:
    """A supervisor: she may decide, up to 5,000."""
    return UserFactory(role="supervisor", display_name="Chen")


def late_account(ref: str = "1", principal: str = "100000", customer: Customer | None = None) -> Account:
    """An instalment account with 100,000.00 unpaid since 20 January: 50.00 of late fee a day, on 1 March 1,950.00 in all, and a
    case of Team 1."""
    if not Portfolio.objects.exists():
        PortfolioFactory()
    customer = customer or customers.register_customer(actor=ACTOR, ref=f"K{ref}", name="王小明")
    made = posting.open_account(
        actor=ACTOR, ref=f"A{ref}", customer_id=customer.pk, product_code="instalment", currency="CNY"
    )
    posting.post_bill(
        actor=ACTOR,
        account_id=made.pk,
        ref=f"B{ref}",
        statement_on=date(2026, 1, 1),
        due_on=date(2026, 1, 20),
        principal=Decimal(principal),
    )
    return made


def pay(account: Account, amount: str, ref: str = "P1", day: date = TODAY) -> Payment:
    """A payment that is recorded a minute from now."""
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        return posting.post_payment(
            actor=ACTOR, account_id=account.pk, ref=ref, amount=Decimal(amount), effective_on=day
        )


def ask(lin: User, account: Account, **fields: object) -> Waiver:
    """Lin asks, by default for the whole fee at discretion."""
    reason = fields.pop("reason", "Our letter went to the old address")
    wanted = Wanted(**({"account_id": account.pk, "reason_code": "lender-error"} | fields))  # type: ignore[arg-type]
    return asking.ask(actor=lin, wanted=wanted, reason=str(reason))


def approve(chen: User, waiver: Waiver) -> Waiver:
    assert waiver.request is not None
    approvals.approve(actor=chen, request_id=waiver.request.pk, seen_version=1)
    waiver.refresh_from_db()
    return waiver


def book_agrees() -> None:
    assert list(differences(*account_range())) == []


def fee(account: Account) -> Decimal:
    """The late fee that is owed now."""
    return owed_now([account.pk])[account.pk].late_fee_now


def verbs(waiver: Waiver) -> list[str]:
    """What the record has of a waiver, in its order."""
    events = Event.objects.filter(subject_type="waiver", subject_id=waiver.pk).order_by("pk")
    return list(events.values_list("verb", flat=True))
