"""Asking for the job that sends commands."""

from __future__ import annotations

from django.db import transaction
from django_rq import get_queue

from freezing.models import OPEN, CoreCommand
from runs import clock

QUEUE = "outbox"
JOB = "freezing.jobs.send_commands"
JOB_TIMEOUT_SECONDS = 300


def sweep() -> bool:
    """Ask for a job if a command is due; whether one was asked for. Call it as often as you like.

    The job carries nothing: PostgreSQL says what is due, so that losing it, or running several at once, costs nothing. Goes
    out after the commit; should Valkey be down, the next sweep asks again.
    """
    if not CoreCommand.objects.filter(status__in=OPEN, due_at__lte=clock.now()).exists():
        return False
    transaction.on_commit(_enqueue, robust=True)
    return True


def _enqueue() -> None:
    queue = get_queue(QUEUE, commit_mode="auto")
    if not any(job.func_name == JOB for job in queue.jobs):
        queue.enqueue(JOB, job_timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=24 * 60 * 60)
