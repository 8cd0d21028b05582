"""Workers killed, queues flushed, databases restarted, at full size: every message is counted where it arrives, none is lost, few
are sent twice and none where it goes once at most, and each ends in a state that says why."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from audit.models import Event
from compliance.models import Contact
from delinquency import engines
from delinquency.env import random_key, random_key_ring, random_text
from reminders import services
from reminders.models import Message
from reminders.services.delivery import set_aside_uncertain
from reminders.services.delivery.batch import AHEAD, LOOKED_AT_TOGETHER
from runs import clock
from tests.made import like
from tests.migrated import copy_into
from tests.reminders.channels import servers
from tests.reminders.conftest import NOON, MailServer, sms_ids, wait_until
from tests.reminders.crew import Crew, ended
from tests.reminders.crew import kill as kill_worker
from tests.reminders.crowd import queue_many
from tests.sizes import sized

ROOT = Path(__file__).resolve().parents[2]
LATER = NOON + timedelta(minutes=10)
MANY, KILLS = sized((900, 9), (5_000, 50))


def variables(mail: MailServer, gateway: servers.Server) -> dict[str, str]:
    return {
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail.port),
        "WEBHOOK_URL": gateway.url,
        "WEBHOOK_SECRET": "s3cret",
    }


def by_status(channel: str) -> Counter[str]:
    return Counter(Message.objects.filter(channel=channel).values_list("status", flat=True))


def header_ids(**values: str) -> set[str]:
    return set(Message.objects.filter(**values).values_list("header_id", flat=True))


# On a machine with much other work each takes minutes instead of seconds.
slowly = pytest.mark.timeout(900)


def killed_again_and_again(crew: Crew, channel: str, arrived: Any, after_each: Any) -> datetime:
    """Begin a worker and kill it after it sent a random number, again and again; the moment at which the last lapsed."""
    draw, at = random.Random(7), NOON
    for _ in range(KILLS):
        before, more = arrived(), draw.choice([0, 1, draw.randint(2, 60), draw.randint(60, 130)])
        worker = crew.begin(channel, at)
        wait_until(lambda before=before, more=more: arrived() >= before + more, seconds=120)
        time.sleep(draw.uniform(0, 0.02))
        assert psutil.pid_exists(worker), "it was to die at work"
        kill_worker(worker)
        # Its claim lapses.
        at += timedelta(minutes=3)
        with clock.frozen(at):
            after_each()
    assert Message.objects.filter(channel=channel, status__in=["queued", "claimed"]).exists(), (
        "killed while there was work"
    )
    return at


@pytest.mark.long
@slowly
def test_mail_of_workers_killed_again_and_again_is_not_lost_and_only_what_was_not_recorded_goes_again(
    process_environment: dict[str, str], mail: MailServer, gateway: servers.Server
) -> None:
    queue_many("email", MANY)
    repeats = [0]

    def after_each() -> None:
        arrived = set(mail.ids)
        repeats.append(len(mail.ids) - len(arrived))
        assert repeats[-1] - repeats[-2] <= AHEAD * LOOKED_AT_TOGETHER
        in_doubt = len(arrived) - Message.objects.filter(status="sent").count()
        assert 0 <= in_doubt <= AHEAD * LOOKED_AT_TOGETHER

    with Crew({**process_environment, **variables(mail, gateway)}) as crew:
        at = killed_again_and_again(crew, "email", lambda: len(mail.taken), after_each)
        ended(crew.begin("email", at), seconds=240)
    assert by_status("email") == {"sent": MANY}
    assert set(mail.ids) == header_ids()
    assert repeats[-1] > 0, "killed with something not yet recorded"
    assert Contact.objects.count() == Event.objects.filter(verb="message.sent").count() == MANY


@pytest.mark.long
@slowly
def test_sms_of_workers_killed_again_and_again_goes_once_at_most_and_what_is_in_doubt_goes_to_a_person(
    process_environment: dict[str, str], mail: MailServer, gateway: servers.Server
) -> None:
    queue_many("sms", MANY)
    set_aside: list[int] = []

    def after_each() -> None:
        set_aside.append(set_aside_uncertain())
        assert set_aside[-1] <= LOOKED_AT_TOGETHER

    with Crew({**process_environment, **variables(mail, gateway)}) as crew:
        at = killed_again_and_again(crew, "sms", lambda: len(gateway.taken), after_each)
        ended(crew.begin("sms", at), seconds=240)
    assert by_status("sms") == {"sent": MANY - sum(set_aside), "review": sum(set_aside)}
    arrived = sms_ids(gateway)
    assert len(arrived) == len(set(arrived)), "sent twice"
    assert header_ids(status="sent") <= set(arrived), "said to be sent, and never arrived"
    assert set(arrived) - header_ids(status="sent") <= header_ids(status="review"), "it arrived, and nobody knows"
    assert sum(set_aside) > 0
    assert not Message.objects.filter(status="review").exclude(error__contains="may have been sent").exists()
    # Who may have it was contacted.
    assert Contact.objects.count() == MANY


@contextmanager
def worker(environment: dict[str, str], *options: str) -> Iterator[psutil.Process]:
    """A real RQ worker that forks a work-horse a job; killed at the end, should it still be there."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "rqworker", "outbox", "--serializer", "rq.serializers.JSONSerializer", *options],
        cwd=ROOT,
        env=environment,
    )
    running = psutil.Process(process.pid)
    try:
        yield running
    finally:
        for member in [*running.children(recursive=True), running] if running.is_running() else ():
            member.kill()
        process.wait(timeout=10)


def sweep_at(at: datetime) -> bool:
    with clock.frozen(at):
        return services.sweep()


@pytest.mark.long
def test_valkey_flushed_killed_and_begun_anew_loses_none(
    valkey: engines.ValkeyServer, process_environment: dict[str, str], mail: MailServer, gateway: servers.Server
) -> None:
    queue_many("email", 400)
    queue_many("sms", 400)
    assert sweep_at(NOON)
    flush(valkey)
    mail.pause = gateway.pause = 0.004
    environment = {**process_environment, **variables(mail, gateway), "DELINQUENCY_CLOCK": NOON.isoformat()}
    with worker(environment) as first, worker(environment) as second:
        assert sweep_at(NOON), "what the queue forgot, the sweep brings back"
        wait_until(lambda: len(mail.taken) >= 50 and len(gateway.taken) >= 50, seconds=60)
        flush(valkey)
        valkey.stop("kill")
        wait_until(lambda: not (first.children() or second.children()), seconds=60)
    valkey.start()
    if by_status("email") + by_status("sms") != {"sent": 800}:
        assert sweep_at(LATER)
        with worker({**environment, "DELINQUENCY_CLOCK": LATER.isoformat()}, "--burst") as last:
            last.wait(timeout=60)
    assert (by_status("email"), by_status("sms")) == ({"sent": 400}, {"sent": 400})
    assert set(mail.ids) | set(sms_ids(gateway)) == header_ids()
    assert (len(mail.taken), len(gateway.taken)) == (400, 400), "no worker died, so none went twice"


def flush(valkey: engines.ValkeyServer) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()


def test_a_sweep_adds_no_second_job_while_one_waits(valkey: engines.ValkeyServer, transactional_db: None) -> None:
    from django_rq import get_queue

    assert not sweep_at(NOON), "nothing is due"
    queue_many("email", 1)
    assert sweep_at(NOON)
    assert sweep_at(NOON)
    assert get_queue("outbox").count == 1
    assert get_queue("outbox").jobs[0].args == ["email"]


def test_without_valkey_the_sweep_waits_for_the_next(
    valkey: engines.ValkeyServer, transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    queue_many("email", 1)
    valkey.stop("kill")
    assert sweep_at(NOON)
    assert "on_commit" in caplog.text


FILL = """
from runs import clock
from tests.reminders.crowd import queue_many
for channel in ("email", "sms"):
    queue_many(channel, 500, at=clock.now(), time_zone=ZONE)
"""


@pytest.mark.long
@slowly
def test_postgresql_restarted_under_load_loses_none_and_sends_no_sms_twice(
    mail: MailServer,
    gateway: servers.Server,
    tmp_path: Path,
    migrated_template: str,
    made_postgres: engines.PostgresServer,
) -> None:
    server = like(made_postgres, tmp_path / "postgres")
    server.start()
    try:
        copy_into(server, migrated_template)
        environment = {
            **os.environ,
            **variables(mail, gateway),
            "DATABASE_URL": server.url,
            "SECRET_KEY": random_text(),
            "DELINQUENCY_FIELD_KEYS": random_key_ring(),
            "DELINQUENCY_INDEX_KEY": random_key(),
        }
        # A database of one's own takes no clock but the real one: let the people live where it is noon.
        ahead = 12 - datetime.now(UTC).hour
        fill = FILL.replace("ZONE", repr(f"Etc/GMT{-ahead:+d}"))
        manage(environment, "shell", "--no-imports", "--command", fill)
        mail.pause = gateway.pause = 0.004
        with Crew(environment) as crew:
            workers = [crew.begin("email"), crew.begin("sms")]
            wait_until(lambda: len(mail.taken) >= 40 and len(gateway.taken) >= 40)
            server.restart("fast")
            wait_until(lambda: len(mail.taken) >= 200 and len(gateway.taken) >= 200)
            server.restart("immediate")
            for one in workers:
                ended(one, seconds=240)
        with psycopg.connect(server.url) as session:
            rows = session.execute("SELECT status, header_id FROM reminders_message").fetchall()
        assert Counter(status for status, _ in rows) == {"sent": 1000}
        assert set(mail.ids) | set(sms_ids(gateway)) == {header_id for _, header_id in rows}
        assert (len(mail.taken), len(gateway.taken)) == (500, 500), "the workers lived, so none went twice"
    finally:
        server.destroy()


def manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True, timeout=120)
