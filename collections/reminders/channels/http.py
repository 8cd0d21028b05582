"""Requests to providers: pooled connections, bounded waits, and a clear word on whether the request may have arrived."""

from __future__ import annotations

import json
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from reminders.channels import TransportError, faults
from reminders.channels.connection import BrokenAnswer, Connection, NotConnected, Place, place_of, request
from runs import clock

# All of a request together stays well inside a claim on its message (two minutes).
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 15.0
# Many servers hang up on who says nothing for five seconds: what is sent in that very moment may have arrived, or not.
KEPT_SECONDS = 4.0
# As many as threads that send at once; more would be closed after use.
WIDTH = 8
# No answer of any provider is longer; the rest is not read.
MOST_BYTES = 64 * 1024
# Where plain HTTP is allowed: it does not leave the machine.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def data(self) -> dict[str, Any]:
        """The JSON object of the body; empty when it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """Seconds that the provider asks to wait (a number or a date, RFC 9110); None when it does not say."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            return max((parsedate_to_datetime(text) - clock.now()).total_seconds(), 0.0)
        except (TypeError, ValueError):
            return None


class Client:
    """One provider's connections, kept from request to request; threads may share it."""

    def __init__(
        self, provider: str, *, connect_seconds: float = CONNECT_SECONDS, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self._provider = provider
        self._open = partial(Connection, connect_seconds=connect_seconds, answer_seconds=answer_seconds)
        self._context = ssl.create_default_context()
        self._kept: defaultdict[Place, deque[tuple[float, Connection]]] = defaultdict(deque)
        # Mostly the same address each time, which need not be taken apart again.
        self._place = lru_cache(maxsize=64)(place_of)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once: never repeated, never redirected.

        Raises:
            TransportError: no answer. `uncertain` unless it is sure that the request did not leave whole.
        """
        try:
            place, begun = self._place(url)
            written = request(begun, headers, body)
        except ValueError as error:
            raise self._lost("cannot be asked", error, uncertain=False) from None
        try:
            connection = self._connected(place)
        except NotConnected as error:
            raise self._lost("no connection", error, uncertain=False) from None
        keeps = False
        try:
            read, keeps = connection.ask(written, MOST_BYTES)
        except (OSError, BrokenAnswer) as error:
            raise self._lost("no answer", error, uncertain=True) from None
        finally:
            if keeps and len(self._kept[place]) < WIDTH:
                self._kept[place].append((time.monotonic(), connection))
            else:
                connection.close()
        return Answer(read.status, read.headers, bytes(read.body[:MOST_BYTES]))

    def _connected(self, place: Place) -> Connection:
        """The connection that was used last, where that is not long ago and the provider has not hung up; or a new one."""
        kept = self._kept[place]
        while True:
            try:
                since, connection = kept.pop()
            except IndexError:
                return self._open(place, self._context)
            if time.monotonic() - since < KEPT_SECONDS and connection.is_idle:
                return connection
            connection.close()

    def _lost(self, what: str, error: Exception, *, uncertain: bool) -> TransportError:
        why = str(error) if isinstance(error, NotConnected) else type(error).__name__
        return TransportError(f"{self._provider}: {what}: {why}", permanent=False, uncertain=uncertain)

    def unclear(self, answer: Answer) -> TransportError:
        """For an answer that says neither yes nor no: a success that cannot be read may be one."""
        fault = faults.UNCERTAIN if answer.ok else faults.by_status(answer.status)
        return faults.error(self._provider, answer.status, fault, retry_after=answer.retry_after)


def checked_url(variable: str, url: str) -> str:
    """The address of a provider as it is set, without a slash at its end.

    Raises:
        ImproperlyConfigured: not HTTPS, unless it is on this machine.
    """
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise ImproperlyConfigured(f"{variable} is {url!r}; it must be an https:// address (http:// on this machine).")
    return url.rstrip("/")
