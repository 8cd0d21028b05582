from __future__ import annotations

from tests.importing.conftest import folder

__all__ = ["folder"]
