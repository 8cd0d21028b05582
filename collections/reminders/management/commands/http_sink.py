"""`manage.py http_sink`: the other end of the in-house gateway, which delivers nothing: for the demo, and to try things out."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from reminders.channels.webhook import signature

MOST_BYTES = 1024 * 1024


class Sink(ThreadingHTTPServer):
    """Keeps every message as a .json file that only its owner may read, once by its key, and says so without naming anybody."""

    daemon_threads = True

    def __init__(self, port: int, folder: Path, say: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(("127.0.0.1", port), _Handler)
        self._folder = folder
        self._say = say

    def keep(self, channel: str, key: str, body: bytes) -> str:
        """Keep a message, unless it is kept already; the number under which it is."""
        number = hashlib.sha256(f"{channel}/{key}".encode()).hexdigest()[:24]
        path = self._folder / f"{channel}-{number}.json"
        part = path.with_suffix(f".{threading.get_ident()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
        try:
            os.link(part, path)
            self._say(f"{path.name}: {len(body)} bytes")
        except FileExistsError:
            self._say(f"{path.name}: again")
        finally:
            part.unlink()
        return number


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves in two parts, and the second must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    # A client that sends no more is left after so many seconds.
    timeout = 60
    server: Sink

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            return self._answer(413, {"error": "rejected"})
        body = self.rfile.read(int(length))
        channel = urlsplit(self.path).path.strip("/")
        key, timestamp = self.headers.get("Idempotency-Key", ""), self.headers.get("X-Delinquency-Timestamp", "")
        expected = signature(settings.WEBHOOK_SECRET, timestamp, key, body)
        if not hmac.compare_digest(expected.encode(), self.headers.get("X-Delinquency-Signature", "").encode()):
            return self._answer(403, {"error": "signature"})
        if not re.fullmatch(r"[a-z]{1,20}", channel) or not key:
            return self._answer(400, {"error": "rejected"})
        return self._answer(200, {"id": self.server.keep(channel, key, body), "parts": 1})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Nothing: what is kept has its own line."""


class Command(BaseCommand):
    help = "Accepts every signed gateway message on 127.0.0.1, keeps it as a file and delivers nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=urlsplit(settings.WEBHOOK_URL).port or 8026)
        parser.add_argument("--dir", type=Path, default=settings.VAR_DIR / "http-sink")

    def handle(self, *args: Any, port: int, dir: Path, **options: Any) -> None:  # noqa: A002 (named by the option)
        sink = Sink(port, dir, self._say)
        for number in (signal.SIGINT, signal.SIGTERM):
            # Not from the handler itself: shutdown waits for the loop that it interrupted.
            signal.signal(number, lambda *_: threading.Thread(target=sink.shutdown).start())
        self._say(f"Taking messages on 127.0.0.1:{sink.server_port}; nothing leaves this machine.")
        with sink:
            sink.serve_forever()

    def _say(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.stdout.write(line)
            self.stdout.flush()
