"""What the benchmark of the outbox sends to: servers on this machine, each a process of its own. Those of the demo, which check
what they get and keep it, and some that swallow everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection

from reminders.management.commands import http_sink, smtp_sink
from reminders.sinks import TakesAtOnce


@dataclass(frozen=True)
class Sink:
    """A server and what it keeps."""

    port: int
    folder: Path

    def empty(self) -> None:
        """Let it know nothing any more: what comes again is new to it."""
        for path in self.folder.iterdir():
            path.unlink()


@contextmanager
def mail_sink(*, keeps: bool) -> Iterator[Sink]:
    """A mail server, the demo's or one that keeps nothing."""
    with _folder() as folder, _process(partial(_serve_mail, folder if keeps else None)) as port:
        yield Sink(port, folder)


@contextmanager
def web_sink(*, keeps: bool) -> Iterator[Sink]:
    """A gateway of SMS over HTTP, the demo's, which checks signatures, or one that reads nothing."""
    with _folder() as folder, _process(partial(_keep_web, folder) if keeps else _serve_web) as port:
        yield Sink(port, folder)


@contextmanager
def _folder() -> Iterator[Path]:
    # In memory where there is such a place: no disk is measured.
    memory = Path("/dev/shm")  # noqa: S108  # a folder of its own is made in it
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@contextmanager
def _process(serve: Callable[[Connection], None]) -> Iterator[int]:
    ours, theirs = get_context("fork").Pipe()
    connection.close()
    process = get_context("fork").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


class _Taken(TakesAtOnce):
    """Takes every letter and keeps none."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return "250 OK"


def _serve_mail(folder: Path | None, pipe: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        sink = smtp_sink.Sink(folder, _unheard) if folder else _Taken()
        server = await loop.create_server(lambda: SMTP(sink, loop=loop), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _keep_web(folder: Path, pipe: Connection) -> None:
    sink = http_sink.Sink(0, folder, _unheard)
    pipe.send(sink.server_port)
    sink.serve_forever()


def _unheard(_line: str) -> None:
    """Nobody reads what the demo's sinks say."""


def _serve_web(pipe: Connection) -> None:
    """HTTP as little as will do: reads a request with its length, answers with a number."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"id": "bench", "parts": 2}'
        reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                await reader.readexactly(length)
                writer.write(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())
