"""`manage.py smtp_sink`: a mail server that delivers nothing, for the demo and for trying things out."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.core.management.base import CommandParser

from reminders.echoes import teller, told_of
from reminders.sinks import SinkCommand, TakesAtOnce


class Sink(TakesAtOnce):
    """Keeps every message as an .eml file that only its owner may read, and says so without naming anybody."""

    def __init__(self, folder: Path, say: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._say = say
        self._teller = teller("smtp", settings.HOOK_EMAIL_SECRET, settings.SINKS_TELL_URL)
        self._places = itertools.count()
        self._numbers = itertools.count(1 + max((int(p.stem) for p in folder.glob("[0-9]*.eml")), default=0))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.content or b""
        path = self._folder / f"{next(self._numbers):08d}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        self._say(f"{path.name}: {len(content)} bytes")
        if self._teller is not None:
            key = str(
                message_from_bytes(content if isinstance(content, bytes) else content.encode())["Message-ID"] or ""
            )
            names = {"key": key.strip("<>")}
            self._teller.tell(told_of("email", next(self._places), names=names, address=envelope.rcpt_tos[0]))
        return "250 Kept"


class Command(SinkCommand):
    help = "Accepts every e-mail on 127.0.0.1, keeps it as a file and delivers nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.EMAIL_PORT)
        parser.add_argument("--dir", type=Path, default=settings.VAR_DIR / "outbox-sink")

    def handle(self, *args: Any, port: int, dir: Path, **options: Any) -> None:  # noqa: A002 (named by the option)
        asyncio.run(self._serve(port, dir))

    async def _serve(self, port: int, folder: Path) -> None:
        # The library writes whole conversations, addresses and all, at the lower levels.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        sink = Sink(folder, self.say)
        server = await loop.create_server(lambda: SMTP(sink, loop=loop), host="127.0.0.1", port=port)
        self.say(f"Taking mail on 127.0.0.1:{port}; nothing leaves this machine.")
        async with server:
            await stopped.wait()
