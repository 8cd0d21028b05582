"""The outbox measured: messages through gate, outbox, workers and a provider, beside bare loops that send the same bytes."""

from __future__ import annotations

import asyncio
import resource
import smtplib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from datetime import time as hour_of_day
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any
from zoneinfo import ZoneInfo

import urllib3
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import connection

from accounts import vault
from accounts.models import ContactPoint
from audit.services import SystemActor
from compliance.services import Candidate, decide_many
from reminders import services
from reminders.channels import Outgoing, registry
from reminders.channels.email import compose, sender
from reminders.contents import content_of
from reminders.models import Message
from reminders.rendering import render, texts_of
from runs import clock
from runs.bulk import copy_rows
from runs.parallel import forked

ACTOR = SystemActor("bench")
WORKERS = 2
MOST = 100_000
# As many as a floor needs to be steady.
BARE = 20_000
BATCH = 2_000
SECRET = "bench"  # noqa: S105  # of a server of the benchmark's own, on this machine

_QUEUE = """
    INSERT INTO reminders_message (key, customer_id, contact_point_id, decision_id, channel, purpose, kind, template,
           template_version, language, context, business_day, status, send_after, header_id, attempts, subject, body,
           error, created_at)
    SELECT 'bench:' || d.channel || ':' || d.customer_id, d.customer_id, d.contact_point_id, d.id, d.channel, d.purpose,
           'overdue', %(template)s, 1, 'zh-hans', json_build_object('accounts', (
               SELECT json_agg(json_build_object('id', a.id, 'ref', a.ref)) FROM accounts_account a
                 JOIN accounts_standing s ON s.account_id = a.id WHERE a.customer_id = d.customer_id)),
           %(day)s, 'queued', %(now)s, '<bench-' || d.channel || d.id || '@localhost>', 0, '', '', '', %(now)s
      FROM compliance_contactdecision d WHERE d.id = ANY(%(decisions)s)"""


def outbox(seed: int) -> dict[str, Any]:
    """E-mail and SMS, each: so many messages queued, sent by two workers to a sink on this machine, and the floor: two loops
    that send the same bytes over one connection each. On a book with late customers; noon of today."""
    noon = datetime.combine(clock.today(), hour_of_day(12), ZoneInfo(settings.TIME_ZONE))
    found: dict[str, Any] = {}
    with clock.frozen(noon):
        with _mail_sink() as port:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
            found["email"] = _measure("email", "first-late", partial(_send_mail, port))
        with _web_sink() as port:
            settings.WEBHOOK_URL, settings.WEBHOOK_SECRET = f"http://127.0.0.1:{port}", SECRET
            found["sms"] = _measure("sms", "overdue-sms", partial(_post, port))
    return found


def _measure(channel: str, template: str, bare: Callable[[Sequence[bytes]], None]) -> dict[str, Any]:
    registry.forget()
    queued = _queue(channel, template)
    floor, letters = _floor(channel, bare)
    began = time.monotonic()
    with forked(WORKERS) as pool:
        peaks = list(pool.map(_deliver, [channel] * WORKERS))
    seconds = time.monotonic() - began
    sent = Message.objects.filter(channel=channel, status="sent").count()
    return {
        "queued": queued,
        "sent": sent,
        "seconds": seconds,
        "rate": sent / seconds,
        "bare rate": 1 / floor,
        "bare": letters,
        "peak": max(peaks),
    }


def _floor(channel: str, bare: Callable[[Sequence[bytes]], None]) -> tuple[float, int]:
    """Seconds a message of the bare loops, the better of two, and how many messages they sent."""
    letters = _letters(channel)
    shares = [letters[number::WORKERS] for number in range(WORKERS)]
    return min(_timed(bare, shares) for _ in range(2)) / len(letters), len(letters)


def _queue(channel: str, template: str) -> int:
    """Ask the gate and queue a message to every late customer, at most so many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT a.customer_id FROM accounts_standing s JOIN accounts_account a ON a.id = s.account_id"
            " ORDER BY 1 LIMIT %s",
            [MOST],
        )
        customers = [key for (key,) in cursor.fetchall()]
        if channel == "sms":
            _add_numbers(customers)
        count = 0
        for start in range(0, len(customers), BATCH):
            decided = decide_many(
                actor=ACTOR,
                channel=channel,
                purpose="reminder",
                candidates=[Candidate(customer) for customer in customers[start : start + BATCH]],
                at=clock.now(),
            )
            values: dict[str, Any] = {
                "template": template,
                "day": clock.today(),
                "now": clock.now(),
                "decisions": [answer.decision_id for answer in decided if answer.allowed],
            }
            cursor.execute(_QUEUE, values)
            count += cursor.rowcount
        cursor.execute("ANALYZE reminders_message")
    return count


def _add_numbers(customers: Sequence[int]) -> None:
    """Telephone numbers, where a made book has none."""
    has_one = set(ContactPoint.objects.filter(kind="mobile").values_list("customer_id", flat=True))
    copy_rows(
        ContactPoint,
        (
            *("customer_id", "kind", "value_cipher", "value_index", "source", "relationship", "permitted"),
            *("verification", "origin", "recorded_at"),
        ),
        (
            (
                *(customer, "mobile", vault.encrypt(f"138{customer:08d}"), vault.blind_index("mobile", str(customer))),
                *("contract", "own", True, "verified", "made", clock.now()),
            )
            for customer in customers
            if customer not in has_one
        ),
    )


def _letters(channel: str) -> list[bytes]:
    """What the first of them say, as it goes over the wire."""
    rows = list(Message.objects.filter(channel=channel, status="queued").select_related("customer")[:BARE])
    contents = content_of(rows, clock.today())
    texts = texts_of((row.template, row.template_version) for row in rows)
    found = []
    for row in rows:
        text = render(texts[row.template, row.template_version][row.language], row.language, contents[row.pk].values)
        if channel == "email":
            letter = Outgoing(row.pk, row.header_id, "someone@example.com", text.subject, text.body, row.language)
            found.append(compose(letter).as_bytes())
        else:
            found.append(text.body.encode())
    return found


def _deliver(channel: str) -> float:
    services.deliver(channel, seconds=3600)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(bare: Callable[[Sequence[bytes]], None], shares: Sequence[Sequence[bytes]]) -> float:
    began = time.monotonic()
    with forked(WORKERS) as pool:
        list(pool.map(bare, shares))
    return time.monotonic() - began


def _send_mail(port: int, letters: Sequence[bytes]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for letter in letters:
            smtp.sendmail(sender(), ["someone@example.com"], letter)


def _post(port: int, letters: Sequence[bytes]) -> None:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1)
    for letter in letters:
        pool.urlopen("POST", "/sms", body=letter, headers={"Content-Type": "application/json"})


@contextmanager
def _mail_sink() -> Iterator[int]:
    with _process(_serve_mail) as port:
        yield port


@contextmanager
def _web_sink() -> Iterator[int]:
    with _process(_serve_web) as port:
        yield port


@contextmanager
def _process(serve: Callable[[Connection], None]) -> Iterator[int]:
    """A server in a process of its own; the port on which it listens."""
    ours, theirs = get_context("fork").Pipe()
    connection.close()
    process = get_context("fork").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


class _Taken:
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
