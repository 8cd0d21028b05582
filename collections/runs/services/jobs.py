"""Jobs that a person waits for. PostgreSQL keeps the truth; RQ only carries it, and may lose all it carries."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils.module_loading import import_string
from django_rq import get_queue

from runs import clock
from runs.locks import own_connection
from runs.models import JobRun, RunStatus

logger = logging.getLogger(__name__)

# A job may read a whole book in; what is stuck shows by its heartbeat, not by its length.
JOB_TIMEOUT_SECONDS = 6 * 60 * 60
PENDING_TOO_LONG = timedelta(minutes=2)
HEARTBEAT_TOO_OLD = timedelta(minutes=5)
SECONDS_BETWEEN_WRITES = 1.0


class Named(Protocol):
    """Whoever asked: a user, or a part of the system, which has no key."""

    @property
    def pk(self) -> int | None: ...
    def __str__(self) -> str: ...


def enqueue(
    *,
    kind: str,
    function: str,
    arguments: dict[str, Any] | None = None,
    queue: str = "default",
    actor: Named | None = None,
) -> JobRun:
    """Ask for a job: the one way of putting work on a queue that a person waits for.

    Saves a pending JobRun in the caller's transaction and sends it to RQ after the commit; a rollback takes both
    back. The job gets the row's id alone and reads its `arguments` (ids and names, nothing personal) from the row.
    Should RQ be down, the row stays pending and `sweep_jobs` sends it later.

    `function` is the dotted path of a `tracked_job`.
    """
    import_string(function)
    run = JobRun.objects.create(
        kind=kind,
        function=function,
        arguments=arguments or {},
        queue=queue,
        actor_id=actor.pk if actor else None,
        actor_name=str(actor)[:150] if actor else "",
        created_at=clock.now(),
    )
    # No functools.partial: Django names the failed function in its log, and a partial has no name.
    transaction.on_commit(lambda: _send(run), robust=True)
    return run


def _send(run: JobRun) -> None:
    # "auto": at once. The caller has committed, and another mode would return no job.
    get_queue(run.queue, commit_mode="auto").enqueue(
        run.function, str(run.pk), job_id=str(run.pk), job_timeout=JOB_TIMEOUT_SECONDS
    )


def start(run_id: str) -> JobRun | None:
    """Take a pending job; None when it was taken, done or removed before: the job then has nothing to do."""
    now = clock.now()
    try:
        pk = UUID(run_id)
    except ValueError as error:
        raise ValidationError(f"{run_id!r} is not the id of a job.") from error
    taken = JobRun.objects.filter(pk=pk, status=RunStatus.PENDING).update(
        status=RunStatus.RUNNING, started_at=now, heartbeat_at=now, finished_at=None, done=0, total=None, error=""
    )
    return JobRun.objects.get(pk=pk) if taken else None


class Stopped(Exception):
    """The job was ended while it ran, by a person or by the sweep: what it does is wanted no more."""


def advance(run: JobRun, *, done: int, total: int | None = None) -> None:
    """Show how far the job is: `done` in all, of `total`. Writes about once a second, so call it as often as you like.

    Inside a transaction it writes through a connection of its own: others see it before the commit, and a rollback
    does not take it back. That transaction must not have touched the JobRun itself.

    Raises:
        Stopped: when it writes and the job runs no longer.
    """
    run.done = done
    run.total = total if total is not None else run.total
    tick = time.monotonic()
    finished = run.total is not None and done >= run.total
    if not finished and tick - getattr(run, "_written", float("-inf")) < SECONDS_BETWEEN_WRITES:
        return
    run._written = tick  # type: ignore[attr-defined]  # the moment of the last write is no field
    run.heartbeat_at = clock.now()
    values = {"done": run.done, "total": run.total, "heartbeat_at": run.heartbeat_at}
    if not connection.in_atomic_block:
        is_over = not JobRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING).update(**values)
    else:
        with own_connection() as session:
            session.execute(
                "UPDATE runs_jobrun SET done = %s, total = %s, heartbeat_at = %s WHERE id = %s AND status = 'running'",
                [*values.values(), run.pk],
            )
            # Not that nothing was written: a job that the caller's own transaction began is not there for others yet.
            over = session.execute("SELECT FROM runs_jobrun WHERE id = %s AND status <> 'running'", [run.pk])
            is_over = bool(over.rowcount)
    if is_over:
        raise Stopped(f"Job {run.pk} runs no longer.")


def stop(run: JobRun, why: str) -> bool:
    """End a job that waits or runs, and keep why; its worker notices as it next tells how far it is. False: it was over."""
    now = clock.now()
    unfinished = JobRun.objects.filter(pk=run.pk, status__in=(RunStatus.PENDING, RunStatus.RUNNING))
    return bool(unfinished.update(status=RunStatus.STOPPED, error=why, finished_at=now, heartbeat_at=now))


def finish(run: JobRun, result: dict[str, Any] | None = None) -> None:
    """Mark the job done and keep its result (what a page shows; nothing personal)."""
    _end(run, status=RunStatus.DONE, result=result or {}, done=run.done, total=run.total)


def fail(run: JobRun, error: BaseException | str, result: dict[str, Any] | None = None) -> None:
    """Mark the job failed and keep why, in words for the person who waits."""
    text = str(error) if isinstance(error, str) else f"{type(error).__name__}: {error}"
    _end(run, status=RunStatus.FAILED, error=text, result=result or {})


def _end(run: JobRun, **values: Any) -> None:
    now = clock.now()
    values |= {"finished_at": now, "heartbeat_at": now}
    # Only what still runs: a job that the sweep gave up must not rise again.
    JobRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING).update(**values)
    for name, value in values.items():
        setattr(run, name, value)


def tracked_job(*, idempotent: bool) -> Callable[[Callable[[JobRun], dict[str, Any] | None]], Callable[[str], None]]:
    """Make a function of a JobRun the body of an RQ job that starts, finishes and fails its row.

    The function returns the result to keep, and may end the row itself. `idempotent` says whether the sweep may run
    it again when its worker died in the middle; otherwise the row fails and a person decides.
    """

    def decorate(body: Callable[[JobRun], dict[str, Any] | None]) -> Callable[[str], None]:
        @functools.wraps(body)
        def job(run_id: str) -> None:
            run = start(run_id)
            if run is None:
                logger.info("Job %s has nothing to do: taken or done before.", run_id)
                return
            try:
                result = body(run)
            except Stopped:
                logger.info("Job %s was ended while it ran.", run_id)
                return
            except Exception as error:
                fail(run, error)
                raise
            if run.status == RunStatus.RUNNING:
                finish(run, result)

        job.idempotent = idempotent  # type: ignore[attr-defined]  # read by the sweep
        return job

    return decorate


def sweep_jobs() -> dict[str, int]:
    """Put right what was lost on the way: nothing that PostgreSQL knows of stays undone.

    Pending rows older than two minutes that are on no queue (Valkey was down or flushed) are sent again. Running rows
    without a sign of life for five minutes (worker killed) become pending and are sent again, or fail when the job is
    not idempotent. Returns how many of each.
    """
    now = clock.now()
    counts = {"sent": 0, "restarted": 0, "failed": 0}
    stale = Q(status=RunStatus.RUNNING, heartbeat_at__lt=now - HEARTBEAT_TOO_OLD)
    waiting = Q(status=RunStatus.PENDING, created_at__lt=now - PENDING_TOO_LONG)
    for run in JobRun.objects.filter(stale | waiting).order_by("created_at"):
        if run.status == RunStatus.PENDING:
            if get_queue(run.queue).get_job_position(str(run.pk)) is None:
                _send(run)
                counts["sent"] += 1
        elif not _worker_has(run):
            counts["restarted" if _restart(run) else "failed"] += 1
    return counts


def _restart(run: JobRun) -> bool:
    if not getattr(import_string(run.function), "idempotent", False):
        fail(run, "The worker died in the middle of it. Look at what was done, then start it anew.")
        return False
    JobRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING).update(status=RunStatus.PENDING)
    _send(run)
    return True


def _worker_has(run: JobRun) -> bool:
    """Whether a worker vouched for the job lately: one that is long in a single statement says nothing itself."""
    job = get_queue(run.queue).fetch_job(str(run.pk))
    if job is None or job.last_heartbeat is None:
        return False
    # RQ's own moment, hence the real clock and not ours, which may be set.
    return time.time() - job.last_heartbeat.timestamp() < HEARTBEAT_TOO_OLD.total_seconds()
