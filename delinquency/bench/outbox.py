"""The outbox measured: messages through gate, outbox, workers and a provider, beside bare loops that send the same bytes."""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from datetime import time as hour_of_day
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import urllib3
from django.conf import settings
from django.db import connection

from audit.services import SystemActor
from compliance.services import Candidate, decide_many
from delinquency.bench.sinks import Sink, mail_sink, web_sink
from delinquency.bench.stock import add_numbers
from reminders.channels import Outgoing
from reminders.channels.email import compose, sender
from reminders.channels.webhook import Gateway
from reminders.contents import content_of
from reminders.models import Message
from reminders.rendering import render, texts_of
from runs import clock
from runs.parallel import forked

ACTOR = SystemActor("bench")
WORKERS = 2
MOST = 100_000
SWALLOWED = 20_000
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
    that send the same bytes over one connection each. To the demo's sinks, and some to sinks that swallow everything
    (`… (swallowed)`), where all that is ours shows most. On a book with customers; noon of today."""
    noon = datetime.combine(clock.today(), hour_of_day(12), ZoneInfo(settings.TIME_ZONE))
    found: dict[str, Any] = {}
    settings.WEBHOOK_SECRET, settings.SINKS_TELL_URL = SECRET, ""
    with clock.frozen(noon):
        customers = _late_customers()
        for name, keeps, some in (("", True, customers[:MOST]), (" (swallowed)", False, customers[MOST:])):
            with mail_sink(keeps=keeps) as sink:
                variables = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink.port)}
                found[f"email{name}"] = _measure("email", "first-late", some, variables, sink, _send_mail)
            add_numbers(some)
            with web_sink(keeps=keeps) as sink:
                settings.WEBHOOK_URL = f"http://127.0.0.1:{sink.port}"
                variables = {"WEBHOOK_URL": settings.WEBHOOK_URL, "WEBHOOK_SECRET": SECRET}
                found[f"sms{name}"] = _measure("sms", "overdue-sms", some, variables, sink, _post)
    return found


def _measure(
    channel: str,
    template: str,
    customers: Sequence[int],
    variables: Mapping[str, str],
    sink: Sink,
    bare: Callable[[int, Sequence[Any]], None],
) -> dict[str, Any]:
    queued = _queue(channel, template, customers)
    had = _sent(channel)
    shares = _shares(channel)
    # Before and after: the machine is not equally quick all the time.
    floors = [_timed(partial(bare, sink.port), shares)]
    sink.empty()
    workers = [_Worker(channel, variables) for _ in range(WORKERS)]
    began = time.monotonic()
    for worker in workers:
        worker.begin()
    told = [worker.ended() for worker in workers]
    seconds = time.monotonic() - began
    sink.empty()
    floors.append(_timed(partial(bare, sink.port), shares))
    sent = _sent(channel) - had
    bare_sent = sum(map(len, shares))
    return {
        "queued": queued,
        "sent": sent,
        "seconds": seconds,
        "rate": sent / seconds,
        "bare rate": bare_sent / min(floors),
        "bare": bare_sent,
        "begun": max(one["held"][0] for one in told),
        "peak": max(one["peak"] for one in told),
        # Milliseconds of CPU a message, which other work on the machine does not change much.
        "cpu": 1000 * sum(one["cpu"] for one in told) / sent,
    }


def _sent(channel: str) -> int:
    return Message.objects.filter(channel=channel, status="sent").count()


class _Worker:
    """A process of its own, with no memory of ours, that has begun to send when it is told to."""

    def __init__(self, channel: str, variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "delinquency.bench.worker", channel],
            cwd=settings.BASE_DIR,
            env={**os.environ, **variables, "DELINQUENCY_CLOCK": clock.now().isoformat()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def ended(self) -> Any:
        """What it found, when it is done."""
        output, _ = self._process.communicate()
        return json.loads(output)


def _late_customers() -> list[int]:
    """So many customers, every one of them late: where the book has fewer, the accounts of others are said to be."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO accounts_standing (account_id, overdue_since, late_on, bucket, kind, risk_class, overdue_amount,
                                              clock_from_on)
               SELECT DISTINCT ON (a.customer_id) a.id, %(day)s - 10, %(day)s - 9, 'M1', 'single', 'special-mention',
                      1234.56, %(day)s - 10
                 FROM accounts_account a
                WHERE NOT EXISTS (SELECT FROM accounts_standing s JOIN accounts_account o ON o.id = s.account_id
                                   WHERE o.customer_id = a.customer_id)
                ORDER BY a.customer_id, a.id
                LIMIT greatest(%(most)s - (SELECT count(DISTINCT a.customer_id) FROM accounts_standing s
                                             JOIN accounts_account a ON a.id = s.account_id), 0)""",
            {"day": clock.today(), "most": MOST + SWALLOWED},
        )
        cursor.execute(
            "SELECT DISTINCT a.customer_id FROM accounts_standing s JOIN accounts_account a ON a.id = s.account_id"
            " ORDER BY 1 LIMIT %s",
            [MOST + SWALLOWED],
        )
        return [key for (key,) in cursor.fetchall()]


def _queue(channel: str, template: str, customers: Sequence[int]) -> int:
    """Ask the gate and queue a message to each; how many it allowed."""
    count = 0
    with connection.cursor() as cursor:
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
        cursor.execute("VACUUM ANALYZE reminders_message, compliance_contactdecision")
    return count


def _shares(channel: str) -> list[list[Any]]:
    """What the first of them say, as it goes over the wire: an equal share for each loop."""
    rows = list(Message.objects.filter(channel=channel, status="queued").select_related("customer")[:BARE])
    contents = content_of(rows, clock.today())
    texts = texts_of((row.template, row.template_version) for row in rows)
    gateway = Gateway(channel) if channel == "sms" else None
    found: list[Any] = []
    for row in rows:
        text = render(texts[row.template, row.template_version][row.language], row.language, contents[row.pk].values)
        to = "13812345678" if gateway else "someone@example.com"
        letter = Outgoing(row.pk, row.header_id, to, text.subject, text.body, row.language)
        found.append(gateway.request(letter) if gateway else compose(letter))
    return [found[number::WORKERS] for number in range(WORKERS)]


def _timed(bare: Callable[[Sequence[bytes]], None], shares: Sequence[Sequence[bytes]]) -> float:
    began = time.monotonic()
    with forked(WORKERS) as pool:
        list(pool.map(bare, shares))
    return time.monotonic() - began


def _send_mail(port: int, letters: Sequence[bytes]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for letter in letters:
            smtp.sendmail(sender(), ["someone@example.com"], letter)


def _post(port: int, requests: Sequence[tuple[bytes, dict[str, str]]]) -> None:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1)
    for body, headers in requests:
        pool.urlopen("POST", "/sms", body=body, headers=headers)
