"""A moment, somebody at work, and files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from runs import clock
from staff.models import User
from tests.factories import MOMENT, UserFactory


@pytest.fixture
def now() -> Iterator[datetime]:
    with clock.frozen(MOMENT):
        yield MOMENT


@pytest.fixture
def lin(db: None, now: datetime) -> User:
    return UserFactory()


@pytest.fixture
def kept(settings, tmp_path: Path) -> Path:
    """Where uploads are kept, empty."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path
