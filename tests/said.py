"""What was refused to one person, as another reads it who speaks Chinese."""

from __future__ import annotations

import pytest
from django.utils import translation

from runs.said import kept, told


def in_chinese(refused: pytest.ExceptionInfo[Exception]) -> str:
    """What a refusal says where it was kept for readers of any language, as a bulk decision keeps it."""
    with translation.override("zh-hans"):
        return told(kept(refused.value.args[0]))
