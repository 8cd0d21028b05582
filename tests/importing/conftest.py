from __future__ import annotations

from pathlib import Path

import pytest

from tests.importing.books import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A small good book, not yet written."""
    return Folder(tmp_path / "book")
