"""From PostgreSQL to the queue: what is due gets a job, whatever the queue has forgotten."""

from __future__ import annotations

from django.db import transaction
from django_rq import get_queue

from reminders.selectors import due
from runs import clock

QUEUE = "outbox"
JOB = "reminders.jobs.deliver_batch"
JOB_TIMEOUT_SECONDS = 300


def sweep() -> bool:
    """Ask for a delivery job if anything is due; whether it was asked for. Call it as often as you like.

    The job carries nothing: it claims what PostgreSQL says is due, so that losing it, or running two at once, costs
    nothing, and no row has to remember it. Goes out after the commit; should Valkey be down, the next sweep asks again.
    """
    if not due(clock.now()).exists():
        return False
    transaction.on_commit(_enqueue, robust=True)
    return True


def _enqueue() -> None:
    queue = get_queue(QUEUE, commit_mode="auto")
    # A job that waits will take what is due now too; one that runs may be on its last batch, so it does not count.
    if JOB not in (job.func_name for job in queue.jobs):
        queue.enqueue(JOB, job_timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=24 * 60 * 60)
