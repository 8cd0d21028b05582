from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import UserFactory
from tests.importing.conftest import folder

__all__ = ["folder"]


@pytest.fixture
def boss(client: Client) -> Client:
    """The data-entry pages as somebody sees them who may do everything."""
    client.force_login(UserFactory(is_superuser=True, display_name="Wang"))
    return client
