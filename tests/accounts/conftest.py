from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client

from runs import clock
from tests.factories import UserFactory
from tests.importing.conftest import folder

__all__ = ["folder"]


@pytest.fixture
def boss(client: Client) -> Client:
    """The data-entry pages as somebody sees them who may do everything."""
    client.force_login(UserFactory(is_superuser=True, display_name="Wang"))
    return client


@pytest.fixture
def first_of_march() -> Iterator[None]:
    """The clock stands at that day's noon."""
    with clock.frozen(datetime(2026, 3, 1, 4, 0, tzinfo=UTC)):
        yield
