"""What of a message only its recipient may read: encrypted from its queueing to its sending, and kept nowhere after."""

from __future__ import annotations

import json
from collections.abc import Mapping

from accounts import vault
from reminders.models import Message


def seal(values: Mapping[str, str]) -> bytes:
    """Values of a text, encrypted."""
    return vault.encrypt(json.dumps(values))


def unseal(message: Message) -> dict[str, str]:
    """What was sealed for a message; nothing once it has left or ended."""
    if message.secret is None:
        return {}
    values: dict[str, str] = json.loads(vault.decrypt(bytes(message.secret)))
    return values
