"""Which provider serves which channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from reminders.channels import Outgoing, Sent, TransportError, email

Send = Callable[[Iterable[Outgoing]], Iterator[tuple[Outgoing, Sent | TransportError]]]
_ADAPTERS: dict[str, tuple[str, Send]] = {"email": ("smtp", email.send)}


def provider_of(channel: str) -> str:
    """The name of the provider that serves a channel."""
    return _ADAPTERS[channel][0]


def send(channel: str, batch: Iterable[Outgoing]) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
    """Send each message of a batch by the channel's provider, and say at once what became of it."""
    return _ADAPTERS[channel][1](batch)
