"""`manage.py http_sink`: the other end of the in-house gateway, which delivers nothing: for the demo, and to try things out."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandParser

from reminders.echoes import teller, told_of
from reminders.sinks import SignedSink, SinkCommand


class Sink(SignedSink):
    """Keeps every message as a .json file that only its owner may read, once by its key, and says so without naming anybody."""

    secret = "WEBHOOK_SECRET"  # noqa: S105  # the setting's name
    most_bytes = 1024 * 1024
    too_long = {"error": "rejected"}

    def __init__(self, port: int, folder: Path, say: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(port, say)
        self._folder = folder
        self._teller = teller("webhook", settings.HOOK_WEBHOOK_SECRET, settings.SINKS_TELL_URL)
        self._places: defaultdict[str, itertools.count[int]] = defaultdict(itertools.count)

    def take(self, name: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Keep a message of the channel `name`, unless it is kept already; answered with the number under which it is."""
        if not re.fullmatch(r"[a-z]{1,20}", name) or not key:
            return 400, {"error": "rejected"}
        number = hashlib.sha256(f"{name}/{key}".encode()).hexdigest()[:24]
        path = self._folder / f"{name}-{number}.json"
        part = path.with_suffix(f".{threading.get_ident()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
        try:
            os.link(part, path)
            self.say(f"{path.name}: {len(body)} bytes")
            if self._teller is not None:
                address = str(json.loads(body).get("to", ""))
                names = {"message": number}
                self._teller.tell(told_of(name, next(self._places[name]), names=names, address=address))
        except FileExistsError:
            self.say(f"{path.name}: again")
        finally:
            part.unlink()
        return 200, {"id": number}


class Command(SinkCommand):
    help = "Accepts every signed gateway message on 127.0.0.1, keeps it as a file and delivers nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=urlsplit(settings.WEBHOOK_URL).port or 8026)
        parser.add_argument("--dir", type=Path, default=settings.VAR_DIR / "http-sink")

    def handle(self, *args: Any, port: int, dir: Path, **options: Any) -> None:  # noqa: A002 (named by the option)
        sink = Sink(port, dir, self.say)
        self.say(f"Taking messages on 127.0.0.1:{sink.server_port}; nothing leaves this machine.")
        self.serve(sink)
