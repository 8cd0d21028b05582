"""Which adapter serves which channel: the settings say (`<CHANNEL>_ADAPTER`), and one is made once a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from reminders.channels import Going, Outgoing, Sent, TransportError


class Adapter(Protocol):
    """One way out. It keeps its connections from batch to batch; several threads may send by it at once."""

    def send(self, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
        """Send each message, in order, and say at once what became of it."""


# Imported when first asked for: an adapter's library may be an extra that is not installed.
ADAPTERS = {
    ("email", "smtp"): "reminders.channels.email",
    ("sms", "aliyun"): "reminders.channels.sms.aliyun",
    ("sms", "tencent"): "reminders.channels.sms.tencent",
    ("sms", "twilio"): "reminders.channels.sms.twilio",
    ("sms", "webhook"): "reminders.channels.webhook.sms",
    ("push", "jpush"): "reminders.channels.push.jpush",
    ("push", "webpush"): "reminders.channels.push.webpush",
    ("push", "webhook"): "reminders.channels.webhook.push",
    ("letter", "pdf"): "reminders.channels.letter",
}


def provider_of(channel: str) -> str:
    """The name of the adapter that serves a channel."""
    name: str = settings.CHANNEL_ADAPTERS[channel]
    return name


def adapter(channel: str, name: str = "") -> Adapter:
    """The adapter of that name, or the one that the settings name for the channel.

    Raises:
        ImproperlyConfigured: there is no such adapter, or something that it needs is not set.
    """
    # A forked worker must not write into its parent's connections.
    return _made(channel, name or provider_of(channel), os.getpid())


def forget() -> None:
    """Make every adapter anew when it is asked for next: the settings changed (tests)."""
    _made.cache_clear()


def send(channel: str, batch: Going) -> Iterator[tuple[Outgoing, Sent | TransportError]]:
    """Send each message of a batch by the channel's adapter, and say at once what became of it."""
    return adapter(channel).send(batch)


@cache
def _made(channel: str, name: str, pid: int) -> Adapter:
    module = ADAPTERS.get((channel, name))
    if module is None:
        known = ", ".join(other for of, other in ADAPTERS if of == channel) or "none"
        raise ImproperlyConfigured(f"{channel.upper()}_ADAPTER is {name!r}; there are for {channel}: {known}.")
    made: Adapter = import_module(module).Adapter()
    return made
