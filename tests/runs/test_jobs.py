"""Jobs that a person waits for: sent after the commit, tracked in PostgreSQL, never lost with Valkey."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django_rq import get_queue
from redis.exceptions import ConnectionError as RedisConnectionError

from delinquency.engines import ValkeyServer
from runs import clock, permissions, services
from runs.locks import AlreadyLocked, advisory_lock, own_connection
from runs.models import JobRun
from staff.models import User
from tests.factories import JobRunFactory, UserFactory
from tests.queues import work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

COUNT = "tests.runs.test_jobs.count_up"
BREAK = "tests.runs.test_jobs.break_down"
BY_HAND = "tests.runs.test_jobs.once_only"
STEPS = 3


@services.tracked_job(idempotent=True)
def count_up(run: JobRun) -> dict[str, int]:
    for done in range(1, run.arguments["to"] + 1):
        services.advance(run, done=done, total=run.arguments["to"])
    return {"counted": run.arguments["to"]}


@services.tracked_job(idempotent=True)
def break_down(run: JobRun) -> None:
    raise LookupError("line 3: no such account")


@services.tracked_job(idempotent=False)
def once_only(run: JobRun) -> None:
    services.advance(run, done=1)


def ask(function: str = COUNT, actor: User | None = None) -> JobRun:
    return services.enqueue(kind="count", function=function, arguments={"to": STEPS}, actor=actor)


def age_by(run: JobRun, minutes: int, **values: object) -> None:
    """Let the row have been written so long ago."""
    then = clock.now() - timedelta(minutes=minutes)
    JobRun.objects.filter(pk=run.pk).update(created_at=then, heartbeat_at=then, **values)


def test_a_job_runs_and_its_row_tells_of_it() -> None:
    user = UserFactory()
    run = ask(actor=user)
    assert (run.status, run.actor_id, run.actor_name) == ("pending", user.pk, str(user))
    assert get_queue("default").job_ids == [str(run.pk)]
    job = get_queue("default").fetch_job(str(run.pk))
    assert (list(job.args), job.kwargs) == ([str(run.pk)], {})
    work()
    run.refresh_from_db()
    assert (run.status, run.done, run.total, run.percent, run.error) == ("done", STEPS, STEPS, 100, "")
    assert run.result == {"counted": STEPS}
    assert run.started_at <= run.finished_at


def test_a_rollback_takes_the_row_and_the_job_back() -> None:
    with transaction.atomic():
        ask()
        assert get_queue("default").job_ids == []
        transaction.set_rollback(True)
    assert not JobRun.objects.exists()
    assert get_queue("default").job_ids == []


def test_a_job_that_does_not_exist_is_refused_before_anything_is_saved() -> None:
    with pytest.raises(ImportError):
        ask("tests.runs.test_jobs.no_such_job")
    assert not JobRun.objects.exists()


def test_a_job_that_breaks_says_why() -> None:
    run = ask(BREAK)
    work()
    run.refresh_from_db()
    assert (run.status, run.error, run.is_finished) == ("failed", "LookupError: line 3: no such account", True)


def test_a_job_sent_twice_runs_once() -> None:
    run = ask()
    work()
    finished_at = JobRun.objects.get(pk=run.pk).finished_at
    count_up(str(run.pk))
    assert JobRun.objects.get(pk=run.pk).finished_at == finished_at
    assert services.start(str(run.pk)) is None
    assert services.start(str(uuid4())) is None
    with pytest.raises(ValidationError):
        services.start("../etc")


def test_progress_shows_before_the_transaction_ends_and_survives_its_rollback() -> None:
    run = services.start(str(ask(BY_HAND).pk))
    assert run is not None
    with transaction.atomic():
        services.advance(run, done=40, total=100)
        with own_connection() as other:
            seen = other.execute("SELECT done, total FROM runs_jobrun").fetchone()
        assert seen == (40, 100)
        transaction.set_rollback(True)
    assert JobRun.objects.values_list("done", "total").get() == (40, 100)


def test_progress_is_written_about_once_a_second_and_at_the_end(django_assert_num_queries) -> None:
    run = services.start(str(ask(BY_HAND).pk))
    assert run is not None
    with django_assert_num_queries(2):
        for done in range(1, 1001):
            services.advance(run, done=done, total=1000)
    assert JobRun.objects.values_list("done", flat=True).get() == 1000


def test_what_valkey_lost_is_sent_again(valkey: ValkeyServer) -> None:
    run = ask()
    get_queue("default").connection.flushall()
    assert services.sweep_jobs() == {"sent": 0, "restarted": 0, "failed": 0}  # too young: may be on its way
    age_by(run, minutes=3)
    assert services.sweep_jobs()["sent"] == 1
    assert services.sweep_jobs()["sent"] == 0  # it waits in the queue: not twice
    work()
    run.refresh_from_db()
    assert run.status == "done"


def test_valkey_down_loses_nothing_and_breaks_no_request(valkey: ValkeyServer) -> None:
    valkey.stop("kill")
    run = ask()  # the row is saved; that RQ is down is only logged
    assert JobRun.objects.get().status == "pending"
    age_by(run, minutes=3)
    with pytest.raises((RedisConnectionError, OSError)):
        services.sweep_jobs()
    valkey.start()
    assert services.sweep_jobs()["sent"] == 1
    work()
    assert JobRun.objects.get().status == "done"


def test_a_job_whose_worker_died_is_restarted() -> None:
    run = ask()
    get_queue("default").empty()
    age_by(run, minutes=6, status="running", done=2)
    assert services.sweep_jobs() == {"sent": 0, "restarted": 1, "failed": 0}
    work()
    run.refresh_from_db()
    assert (run.status, run.done) == ("done", STEPS)


def test_a_job_that_may_not_run_twice_fails_when_its_worker_died() -> None:
    run = ask(BY_HAND)
    get_queue("default").empty()
    age_by(run, minutes=6, status="running")
    assert services.sweep_jobs() == {"sent": 0, "restarted": 0, "failed": 1}
    run.refresh_from_db()
    assert run.status == "failed"
    assert "worker died" in run.error


def test_a_job_that_its_worker_vouches_for_is_left_alone() -> None:
    run = ask()
    job = get_queue("default").fetch_job(str(run.pk))
    job.heartbeat(clock.now(), ttl=600)
    age_by(run, minutes=6, status="running")
    assert services.sweep_jobs() == {"sent": 0, "restarted": 0, "failed": 0}


def test_a_job_given_up_does_not_rise_again() -> None:
    run = services.start(str(ask(BY_HAND).pk))
    assert run is not None
    services.fail(JobRun.objects.get(), "given up")
    services.finish(run, {"late": True})
    assert JobRun.objects.values_list("status", "error", "result").get() == ("failed", "given up", {})


def test_people_see_their_own_jobs_and_overseers_all() -> None:
    mine, other = UserFactory(), UserFactory()
    run = JobRunFactory(actor_id=mine.pk)
    assert list(permissions.visible_to(mine)) == [run]
    assert list(permissions.visible_to(other)) == []
    assert list(permissions.visible_to(UserFactory(is_superuser=True))) == [run]
    assert list(permissions.visible_to(UserFactory(is_active=False))) == []


def test_a_lock_keeps_others_out_says_who_holds_it_and_outlives_transactions() -> None:
    with advisory_lock(71, "first run"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        with pytest.raises(AlreadyLocked, match=r"first run, since \d{4}-"), advisory_lock(71, "second run"):
            pytest.fail("two at once")
        with advisory_lock(72, "another lock"):
            pass
    with advisory_lock(71, "third run"):
        pass


def test_a_job_that_was_stopped_ends_as_it_next_tells_how_far_it_is() -> None:
    run = services.start(str(ask(BY_HAND).pk))
    assert run is not None
    services.advance(run, done=1, total=3)
    assert services.stop(run, "Stopped by Lin.")
    with pytest.raises(services.Stopped):
        services.advance(run, done=3, total=3)
    with pytest.raises(services.Stopped), transaction.atomic():
        services.advance(run, done=3, total=3)
    services.finish(run, {"counted": 3})
    assert JobRun.objects.values_list("status", "done", "error", "result").get() == (
        "stopped",
        1,
        "Stopped by Lin.",
        {},
    )
    assert not services.stop(run, "Again")
