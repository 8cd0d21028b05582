"""A supervisor at her desk at noon, with a case that can be worked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from cases.models import Case
from runs import clock
from staff.models import User
from tests.factories import MOMENT, UserFactory, workable_case


@pytest.fixture
def noon() -> Iterator[None]:
    with clock.frozen(MOMENT):
        yield


@pytest.fixture
def case() -> Case:
    return workable_case()


@pytest.fixture
def lead() -> User:
    return UserFactory(role="supervisor", display_name="Wang")


@pytest.fixture
def desk(client: Client, lead: User) -> Client:
    client.force_login(lead)
    return client
