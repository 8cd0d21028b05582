"""A supervisor at her desk at noon, with a case that can be worked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from cases.models import Case
from runs import clock
from staff.models import User
from tests.cases.promise_deeds import TODAY, at
from tests.factories import DAY, MOMENT, BusinessDayFactory, UserFactory
from tests.whole_cases import workable_case


@pytest.fixture
def noon() -> Iterator[None]:
    with clock.frozen(MOMENT):
        yield


@pytest.fixture
def promise_day() -> Iterator[None]:
    """Noon of the day on which the debtor of `promise_deeds` promises."""
    with clock.frozen(at(TODAY)):
        yield


@pytest.fixture
def case() -> Case:
    BusinessDayFactory(date=DAY - timedelta(days=1))
    return workable_case()


@pytest.fixture
def collector(client: Client) -> Client:
    """A collector's browser, on a closed day."""
    BusinessDayFactory()
    client.force_login(UserFactory(username="lin"))
    return client


@pytest.fixture
def supervisor(client: Client) -> Client:
    """A supervisor's browser, on a closed day."""
    BusinessDayFactory()
    client.force_login(UserFactory(username="chief", role="supervisor"))
    return client


@pytest.fixture
def lead() -> User:
    return UserFactory(role="supervisor", display_name="Wang")


@pytest.fixture
def desk(client: Client, lead: User) -> Client:
    """Hers: she may everything that is done on a case."""
    client.force_login(lead)
    return client
