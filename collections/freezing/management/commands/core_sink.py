"""`manage.py core_sink`: stands in for the core system and changes nothing: for the demo, and to try things out."""

from __future__ import annotations

import contextlib
import hmac
import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from reminders.channels.webhook import signature

MOST_BYTES = 64 * 1024
VERBS = ("freeze", "unfreeze")


class Core(ThreadingHTTPServer):
    """Accepts what it hears for the first time, and says that it is done when asked again under the same key."""

    daemon_threads = True

    def __init__(self, port: int, say: Any) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._heard: set[str] = set()
        self._lock = threading.Lock()
        self._say = say

    def hear(self, verb: str, key: str) -> str:
        """What is answered to a command under this key."""
        with self._lock:
            status = "done" if key in self._heard else "accepted"
            self._heard.add(key)
        self._say(f"{verb} {key}: {status}")
        return status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: Core

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            return self._answer(413, {"status": "refused", "code": "too-long"})
        body = self.rfile.read(int(length))
        verb = urlsplit(self.path).path.strip("/")
        key, timestamp = self.headers.get("Idempotency-Key", ""), self.headers.get("X-Delinquency-Timestamp", "")
        expected = signature(settings.CORE_SECRET, timestamp, key, body)
        if not hmac.compare_digest(expected.encode(), self.headers.get("X-Delinquency-Signature", "").encode()):
            return self._answer(403, {"error": "signature"})
        if verb not in VERBS or not key:
            return self._answer(400, {"status": "refused", "code": "unknown-command"})
        return self._answer(200, {"status": self.server.hear(verb, key)})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Nothing: what is heard has its own line."""


class Command(BaseCommand):
    help = "Stands in for the core system on 127.0.0.1: takes every signed command, confirms it when asked again, does nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=urlsplit(settings.CORE_URL).port or 8027)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        core = Core(port, self._say)
        for number in (signal.SIGINT, signal.SIGTERM):
            # Not from the handler itself: shutdown waits for the loop that it interrupted.
            signal.signal(number, lambda *_: threading.Thread(target=core.shutdown).start())
        self._say(f"Standing in for the core system on 127.0.0.1:{core.server_port}; nothing leaves this machine.")
        with core:
            core.serve_forever()

    def _say(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.stdout.write(line)
            self.stdout.flush()
