"""Workers killed, queues flushed, databases restarted: no message is lost, and few are sent twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from delinquency import engines
from delinquency.env import random_key, random_key_ring, random_text
from reminders import services
from reminders.models import Message
from reminders.services.delivery.batch import RECORDED_TOGETHER
from runs import clock
from strategy.services import evaluating
from tests.reminders.conftest import NOON, MailServer, begin, late, wait_until

ROOT = Path(__file__).resolve().parents[2]
LATER = NOON + timedelta(minutes=10)


@contextmanager
def worker(environment: dict[str, str], mail: MailServer, *options: str) -> Iterator[psutil.Process]:
    """A real RQ worker that forks a work-horse a job; killed at the end, should it still be there."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "rqworker", "outbox", "--serializer", "rq.serializers.JSONSerializer", *options],
        cwd=ROOT,
        env={**environment, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail.port)},
    )
    running = psutil.Process(process.pid)
    try:
        yield running
    finally:
        kill(running)
        process.wait(timeout=10)


def kill(process: psutil.Process) -> None:
    """kill -9, the work-horse with the worker."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=10)


def queue(count: int) -> set[str]:
    """Messages in the outbox, due at noon, and a job for them on the queue; their Message-IDs."""
    for _ in range(count):
        late()
    with clock.frozen(NOON):
        evaluating.strategy(begin())
        assert services.sweep()
    return set(Message.objects.values_list("header_id", flat=True))


def sweep_at(at: datetime) -> bool:
    with clock.frozen(at):
        return services.sweep()


def unsent() -> int:
    return Message.objects.exclude(status="sent").count()


def test_a_worker_killed_in_mid_batch_loses_none_and_repeats_at_most_those_not_yet_recorded(
    valkey: engines.ValkeyServer, process_environment: dict[str, str], mail: MailServer
) -> None:
    ids = queue(300)
    mail.pause = 0.005
    with worker({**process_environment, "DELINQUENCY_CLOCK": NOON.isoformat()}, mail) as first:
        wait_until(lambda: len(mail.letters) >= 50)
        kill(first)
    assert 0 < unsent() < 300, "killed in the middle"
    assert Message.objects.filter(status="claimed").exists(), "in mid-batch"
    assert sweep_at(LATER)
    with worker({**process_environment, "DELINQUENCY_CLOCK": LATER.isoformat()}, mail, "--burst") as second:
        second.wait(timeout=60)
    assert unsent() == 0
    assert set(mail.ids) == ids
    assert len(mail.ids) - len(ids) <= RECORDED_TOGETHER


def test_flushing_valkey_loses_none(
    valkey: engines.ValkeyServer, process_environment: dict[str, str], mail: MailServer
) -> None:
    ids = queue(250)
    flush(valkey)
    mail.pause = 0.005
    with worker({**process_environment, "DELINQUENCY_CLOCK": NOON.isoformat()}, mail) as first:
        assert sweep_at(NOON), "what the queue forgot, the sweep brings back"
        wait_until(lambda: len(mail.letters) >= 50)
        flush(valkey)
        wait_until(lambda: not first.is_running() or unsent() == 0, seconds=60)
    if unsent():
        assert sweep_at(LATER)
        with worker({**process_environment, "DELINQUENCY_CLOCK": LATER.isoformat()}, mail, "--burst") as second:
            second.wait(timeout=60)
    assert unsent() == 0
    assert set(mail.ids) == ids
    assert len(mail.ids) - len(ids) <= 1


def flush(valkey: engines.ValkeyServer) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()


def test_a_sweep_adds_no_second_job_while_one_waits(valkey: engines.ValkeyServer, transactional_db: None) -> None:
    from django_rq import get_queue

    assert not sweep_at(NOON), "nothing is due"
    queue(1)
    assert sweep_at(NOON)
    assert get_queue("outbox").count == 1
    assert get_queue("outbox").jobs[0].args == ["email"]


def test_without_valkey_the_sweep_waits_for_the_next(
    valkey: engines.ValkeyServer, transactional_db: None, caplog: pytest.LogCaptureFixture
) -> None:
    queue(1)
    valkey.stop("kill")
    assert sweep_at(NOON)
    assert "on_commit" in caplog.text


FILL = """
from tests.factories import ContactPointFactory, CustomerFactory
from tests.reminders.conftest import begin, late
from reminders import services
from strategy.services import evaluating
for _ in range(300):
    customer = CustomerFactory(locale="en", time_zone=ZONE)
    ContactPointFactory(customer=customer)
    late(customer)
evaluating.strategy(begin())
assert services.sweep()
"""


def test_postgresql_restarted_under_load_loses_none(
    valkey: engines.ValkeyServer, mail: MailServer, tmp_path: Path
) -> None:
    server = engines.PostgresServer(tmp_path / "postgres")
    server.start()
    try:
        environment = {
            **os.environ,
            "DATABASE_URL": server.url,
            "SECRET_KEY": random_text(),
            "DELINQUENCY_FIELD_KEYS": random_key_ring(),
            "DELINQUENCY_INDEX_KEY": random_key(),
        }
        # A database of one's own takes no clock but the real one: let the people live where it is noon.
        ahead = 12 - datetime.now(UTC).hour
        fill = FILL.replace("ZONE", repr(f"Etc/GMT{-ahead:+d}"))
        manage(environment, "migrate", "--verbosity", "0")
        manage(environment, "shell", "--no-imports", "--command", fill)
        mail.pause = 0.005
        with worker(environment, mail, "--burst") as delivering:
            wait_until(lambda: len(mail.letters) >= 40)
            server.restart("fast")
            wait_until(lambda: len(mail.letters) >= 120)
            server.restart("immediate")
            delivering.wait(timeout=90)
        with psycopg.connect(server.url) as session:
            rows = session.execute("SELECT status, header_id FROM reminders_message").fetchall()
        assert {status for status, _ in rows} == {"sent"}
        assert set(mail.ids) == {header_id for _, header_id in rows}
        assert len(rows) == 300
        assert len(mail.ids) - len(rows) <= 2, "at most the one in flight at each restart"
    finally:
        server.destroy()


def manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True, timeout=120)
