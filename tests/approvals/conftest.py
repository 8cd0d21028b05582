"""Two who ask, two who decide, and something to ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from accounts.models import Account
from runs import clock
from staff.models import User
from tests.factories import MOMENT, AccountFactory, CaseFactory, UserFactory


@pytest.fixture(autouse=True)
def _kinds(kinds: None) -> None:
    """In all of these tests."""


@pytest.fixture
def now() -> Iterator[datetime]:
    with clock.frozen(MOMENT):
        yield MOMENT


@pytest.fixture
def lin(db: None, now: datetime) -> User:
    """A collector: she may ask."""
    return UserFactory(display_name="Lin")


@pytest.fixture
def chen(db: None, now: datetime) -> User:
    """A supervisor: she may ask and decide."""
    return UserFactory(role="supervisor", display_name="Chen")


@pytest.fixture
def wang(db: None, now: datetime) -> User:
    return UserFactory(role="supervisor", display_name="Wang")


@pytest.fixture
def account(db: None) -> Account:
    return AccountFactory(customer=CaseFactory().customer)
