"""A late instalment account with real postings, somebody who asks and somebody who decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.models import Account, ContactPoint
from accounts.services import customers, posting
from audit.services import SystemActor
from restructuring.models import Agreement
from restructuring.services.agreements import agreement_of
from restructuring.terms import Terms
from runs import clock
from staff.models import AuthorityLimit, Role, User
from tests.factories import ContactPointFactory, PortfolioFactory, UserFactory
from tests.reminders.conftest import gateway as gateway
from tests.reminders.conftest import mail as mail
from tests.restructuring.deeds import TODAY, ask, bill

ACTOR = SystemActor("test")


@pytest.fixture
def today(db: None) -> Iterator[date]:
    with clock.frozen(datetime(TODAY.year, TODAY.month, TODAY.day, 4, tzinfo=UTC)):
        yield TODAY


@pytest.fixture
def account(today: date) -> Account:
    """1,000.00 unpaid since 20 January and 500.00 since 20 February, 300.00 due on 20 March; 0.05 % a day of late fee."""
    if not Role.objects.filter(code="supervisor").exists():
        raise AssertionError("the installed roles are there")
    PortfolioFactory()
    customer = customers.register_customer(actor=ACTOR, ref="K1", name="王小明")
    made = posting.open_account(
        actor=ACTOR, ref="A1", customer_id=customer.pk, product_code="instalment", currency="CNY"
    )
    bill(made, "B1", date(2026, 1, 1), date(2026, 1, 20), "900", interest=Decimal(80), service_fee=Decimal(20))
    bill(made, "B2", date(2026, 2, 1), date(2026, 2, 20), "500")
    bill(made, "B3", date(2026, 2, 25), date(2026, 3, 20), "300")
    return made


@pytest.fixture
def lin(today: date) -> User:
    """She asks."""
    return UserFactory(display_name="Lin")


@pytest.fixture
def chen(today: date) -> User:
    """She decides, up to 50,000.00."""
    user = UserFactory(role="supervisor", display_name="Chen")
    AuthorityLimit.objects.update_or_create(
        role=Role.objects.get(code="supervisor"),
        kind="restructuring",
        currency="CNY",
        effective_from=date(2026, 1, 1),
        defaults={"most": 50_000, "source": "test"},
    )
    return user


@pytest.fixture
def terms() -> Terms:
    """Six equal instalments at 6 % from 1 April."""
    return Terms(kind="instalments", first_due_on=date(2026, 4, 1), count=6, annual_rate=Decimal("0.06"))


@pytest.fixture
def soon() -> Terms:
    """The same from 5 March: few days are closed until one is missed."""
    return Terms(kind="instalments", first_due_on=date(2026, 3, 5), count=6, annual_rate=Decimal("0.06"))


@pytest.fixture
def mobile(account: Account) -> ContactPoint:
    """Her own number, verified."""
    return ContactPointFactory(customer=account.customer, kind="mobile", clear="13800001234")


@pytest.fixture
def agreed(account: Account, lin: User, chen: User, terms: Terms, settings, tmp_path: Path) -> Agreement:
    """A plan that was asked for and whose agreement was printed in English."""
    settings.MEDIA_ROOT = tmp_path
    plan = ask(lin, account, terms)
    return agreement_of(actor=lin, plan_id=plan.pk, language="en")
