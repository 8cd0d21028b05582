"""Strategies, and people to whom they apply."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.models import Account, Customer
from strategy.models import Rule, Version
from tests.factories import (
    MOMENT,
    AccountFactory,
    BillFactory,
    CaseFactory,
    ContactPointFactory,
    CustomerFactory,
    ProductFactory,
    StandingFactory,
)

DAY = date(2026, 11, 23)


def split(champion: Version, challenger: Version | None = None, *, share: int = 0, holdout: int = 0) -> Any:
    """Who is in force for whom, as `match` wants it."""
    return SimpleNamespace(
        champion_id=champion.pk,
        challenger_id=challenger.pk if challenger else None,
        challenger_percent=share,
        holdout_percent=holdout,
        salt="salt",
    )


_POSITION = iter(range(1, 10_000))


def rule(version: Version, code: str, **fields: Any) -> Rule:
    """The next rule of a strategy; about every late account unless told otherwise: it proposes to freeze."""
    given = {"title": code, "days_from": 1, "action": "freeze", "position": next(_POSITION), **fields}
    return Rule.objects.create(version=version, code=code, **given)


@pytest.fixture
def version(db: None) -> Version:
    return new_version()


def new_version(number: int = 900) -> Version:
    return Version.objects.create(number=number, title="Test", created_by_name="Test", created_at=MOMENT)


def late(
    days: int = 1, customer: Customer | None = None, *, product: str = "plain", case: bool = True, **standing: Any
) -> Account:
    """An account so many days past due on `DAY`, of a customer with an e-mail address of her own and an open case."""
    if customer is None:
        customer = CustomerFactory(locale="en")
        ContactPointFactory(customer=customer)
        if case:
            CaseFactory(customer=customer)
    account = AccountFactory(customer=customer, product=ProductFactory(code=product))
    since = DAY - timedelta(days=days)
    StandingFactory(account=account, **{"overdue_since": since, "bucket": "M1", "kind": "single", **standing})
    return account


def due_in(days: int, customer: Customer | None = None, **bill: Any) -> Account:
    """An account with a bill that falls due so many days after `DAY`."""
    if customer is None:
        customer = CustomerFactory(locale="en")
        ContactPointFactory(customer=customer)
    account = AccountFactory(customer=customer)
    BillFactory(account=account, due_on=DAY + timedelta(days=days), **bill)
    return account
