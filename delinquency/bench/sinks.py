"""What the benchmark of the outbox sends to: servers on this machine, each a process of its own, that keep nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection

from reminders.sinks import TakesAtOnce


@contextmanager
def mail_sink() -> Iterator[int]:
    """A mail server; its port."""
    with _process(_serve_mail) as port:
        yield port


@contextmanager
def web_sink() -> Iterator[int]:
    """A gateway of SMS over HTTP; its port."""
    with _process(_serve_web) as port:
        yield port


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


def _serve_mail(pipe: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(_Taken(), loop=loop), "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


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
