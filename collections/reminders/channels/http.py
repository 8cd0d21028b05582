"""Requests to providers: pooled connections, bounded waits, and a clear word on whether the request may have arrived."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.core.exceptions import ImproperlyConfigured

from reminders.channels import TransportError, faults
from runs import clock

# All of a request together stays well inside a claim on its message (two minutes).
TIMEOUT = urllib3.Timeout(connect=5, read=15)
# As many as threads that send at once; more would be closed after use.
WIDTH = 8
# No answer of any provider is longer; the rest is not read.
MOST_BYTES = 64 * 1024
# Where plain HTTP is allowed: it does not leave the machine.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered."""

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
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """Seconds that the provider asks to wait (a number or a date, RFC 9110); None when it does not say."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            return max((parsedate_to_datetime(text) - clock.now()).total_seconds(), 0.0)
        except (TypeError, ValueError):
            return None


class Client:
    """One provider's pooled connections; threads may share it."""

    def __init__(self, provider: str, *, timeout: urllib3.Timeout = TIMEOUT) -> None:
        self._provider = provider
        self._manager = urllib3.PoolManager(maxsize=WIDTH, retries=False, timeout=timeout)
        # Mostly the same address each time, which need not be taken apart again.
        self._place = lru_cache(maxsize=64)(self._place_of)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once: never repeated, never redirected.

        Raises:
            TransportError: no answer. `uncertain` unless it is sure that the request did not leave whole.
        """
        try:
            pool, target = self._place(url)
            response = pool.urlopen(
                "POST",
                target,
                body=body,
                headers=headers,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
            )
            try:
                content = response.read(MOST_BYTES, decode_content=True)
                # What was read whole goes back to the pool; the rest of a longer answer is not worth a connection.
                response.drain_conn() if len(content) < MOST_BYTES else response.close()
            finally:
                response.release_conn()
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise self._lost("no connection", error, uncertain=False) from None
        except urllib3.exceptions.SSLError as error:
            refused = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in (*error.args, error.__cause__))
            raise self._lost("no secure connection", error, uncertain=not refused) from None
        except (urllib3.exceptions.LocationParseError, UnicodeError, ValueError) as error:
            raise self._lost("cannot be asked", error, uncertain=False) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._lost("no answer", error, uncertain=True) from None
        return Answer(response.status, response.headers, content)

    def _place_of(self, url: str) -> tuple[urllib3.HTTPConnectionPool, str]:
        """The connections to a server, and what to ask of it."""
        parts = urllib3.util.parse_url(url)
        return self._manager.connection_from_url(url), parts.request_uri

    def _lost(self, what: str, error: Exception, *, uncertain: bool) -> TransportError:
        return TransportError(f"{self._provider}: {what}: {type(error).__name__}", permanent=False, uncertain=uncertain)

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
