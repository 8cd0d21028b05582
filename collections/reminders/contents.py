"""What messages are about: read when they go, so that they tell what holds then, and nothing that no longer does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reminders.models import Message, MessageKind
from reminders.rendering import Due
from reminders.selectors import dues, dues_ahead


@dataclass(frozen=True)
class Content:
    """The values that a message's text is filled with."""

    values: Mapping[str, Any]


# Of those messages, by key, what each would tell on a day; one left out has nothing to tell any more.
Reader = Callable[[Sequence[Message], date], dict[int, Content]]
_READERS: dict[str, Reader] = {}


def register(kind: str, reader: Reader) -> None:
    """Have the messages of a kind read by `reader`; an app above registers its own in `AppConfig.ready`."""
    _READERS[kind] = reader


def content_of(messages: Sequence[Message], on: date) -> dict[int, Content]:
    """What each message would tell on a day, by its key; one whose matter is done is left out. A query or two a kind."""
    found: dict[int, Content] = {}
    for kind in sorted({message.kind for message in messages}):
        found |= _READERS[kind]([message for message in messages if message.kind == kind], on)
    return found


def _overdue(messages: Sequence[Message], on: date) -> dict[int, Content]:
    """What their accounts owe, of those that are still late and under no hold."""
    return _of_accounts(messages, dues(accounts=_accounts(messages), on=on))


def _pre_due(messages: Sequence[Message], on: date) -> dict[int, Content]:
    """What of their accounts falls due next, of those that are not late, unpaid and under no hold."""
    return _of_accounts(messages, dues_ahead(accounts=_accounts(messages), on=on))


def _accounts(messages: Sequence[Message]) -> list[int]:
    return [account for message in messages for account in message.accounts]


def _of_accounts(messages: Sequence[Message], owed: Mapping[int, Due]) -> dict[int, Content]:
    found = {}
    for message in messages:
        owing = [owed[account] for account in message.accounts if account in owed]
        if owing:
            found[message.pk] = Content({"customer_name": message.customer.name, "dues": owing})
    return found


register(MessageKind.PRE_DUE, _pre_due)
register(MessageKind.OVERDUE, _overdue)
register(MessageKind.NOTICE, _overdue)
