"""Every command of ours has a test that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent
OURS = (
    "accounts",
    "approvals",
    "audit",
    "cases",
    "compliance",
    "delinquency",
    "reminders",
    "restructuring",
    "runs",
    "staff",
    "strategy",
)
COMMANDS = sorted(name for name, app in get_commands().items() if app in OURS)


def test_there_are_commands_to_look_for() -> None:
    assert {"import_book", "close_day", "verify_book", "standings", "explain_standing"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named_in_a_test(command: str) -> None:
    tests = (path.read_text() for path in ROOT.glob("tests/**/*.py") if path != Path(__file__))
    assert any(f'"{command}"' in text for text in tests), f"No test calls manage.py {command}."
