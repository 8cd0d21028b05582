"""`manage.py core_sink`: stands in for the core system and changes nothing: for the demo, and to try things out."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandParser

from reminders.sinks import SignedSink, SinkCommand

VERBS = ("freeze", "unfreeze")


class Core(SignedSink):
    """Accepts what it hears for the first time, and says that it is done when asked again under the same key."""

    secret = "CORE_SECRET"  # noqa: S105  # the setting's name
    most_bytes = 64 * 1024
    too_long = {"status": "refused", "code": "too-long"}

    def __init__(self, port: int, say: Any) -> None:
        super().__init__(port, say)
        self._heard: set[str] = set()
        self._lock = threading.Lock()

    def take(self, name: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """What is answered to a command."""
        if name not in VERBS or not key:
            return 400, {"status": "refused", "code": "unknown-command"}
        return 200, {"status": self.hear(name, key)}

    def hear(self, verb: str, key: str) -> str:
        """What becomes of a command under this key."""
        with self._lock:
            status = "done" if key in self._heard else "accepted"
            self._heard.add(key)
        self.say(f"{verb} {key}: {status}")
        return status


class Command(SinkCommand):
    help = "Stands in for the core system on 127.0.0.1: takes every signed command, confirms it when asked again, does nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=urlsplit(settings.CORE_URL).port or 8027)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        core = Core(port, self.say)
        self.say(f"Standing in for the core system on 127.0.0.1:{core.server_port}; nothing leaves this machine.")
        self.serve(core)
