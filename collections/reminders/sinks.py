"""What the sinks of a demo have in common: they take what is signed, on this machine alone, and deliver nothing."""

from __future__ import annotations

import contextlib
import hmac
import json
import signal
import threading
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

from reminders.channels.webhook import signature

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session


class TakesAtOnce:
    """A mail server's handler that takes commands in one go (RFC 2920), as most servers do."""

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]


class SignedSink(ThreadingHTTPServer, ABC):
    """The other end of a system that signs as our gateway does (`reminders.channels.webhook`). Says a line for each request that
    it takes, and names nobody."""

    daemon_threads = True
    # The setting that holds what both ends know, the longest body, and what is answered to a longer one.
    secret: ClassVar[str]
    most_bytes: ClassVar[int]
    too_long: ClassVar[dict[str, Any]]

    def __init__(self, port: int, say: Any) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.say = say

    @abstractmethod
    def take(self, name: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """What is answered to a rightly signed request to /`name` under this key: status and content."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves in two parts, and the second must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    # A client that sends no more is left after so many seconds.
    timeout = 60
    server: SignedSink

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > self.server.most_bytes:
            self.close_connection = True
            return self._answer(413, self.server.too_long)
        body = self.rfile.read(int(length))
        key, timestamp = self.headers.get("Idempotency-Key", ""), self.headers.get("X-Delinquency-Timestamp", "")
        expected = signature(getattr(settings, self.server.secret), timestamp, key, body)
        if not hmac.compare_digest(expected.encode(), self.headers.get("X-Delinquency-Signature", "").encode()):
            return self._answer(403, {"error": "signature"})
        return self._answer(*self.server.take(urlsplit(self.path).path.strip("/"), key, body))

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Nothing: what is taken has its own line."""


class SinkCommand(BaseCommand):
    """A command that is a sink until it is told to end."""

    # It shows no page, and starts without reading them all.
    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]

    def serve(self, sink: ThreadingHTTPServer) -> None:
        """Serve until SIGINT or SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            # Not from the handler itself: shutdown waits for the loop that it interrupted.
            signal.signal(number, lambda *_: threading.Thread(target=sink.shutdown).start())
        with sink:
            sink.serve_forever()

    def say(self, line: str) -> None:
        """A line for whoever watches; nobody may be there any more."""
        with contextlib.suppress(BrokenPipeError):
            self.stdout.write(line)
            self.stdout.flush()
