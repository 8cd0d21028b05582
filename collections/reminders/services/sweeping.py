"""From PostgreSQL to the queue: what is due gets a job, whatever the queue has forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil

from django.db import transaction
from django_rq import get_queue

from reminders.models import ChannelControl, ChannelState
from reminders.selectors import due
from reminders.services.delivery import BATCH, set_aside_uncertain
from reminders.services.receipts import reconsider
from runs import clock

QUEUE = "outbox"
JOB = "reminders.jobs.deliver_batch"
JOB_TIMEOUT_SECONDS = 300


def sweep() -> bool:
    """Ask for a delivery job for each channel of which something is due; whether any was asked for. Call it as often as you
    like. What a worker that died may have sent is set aside for a person first, and receipts that came before their message
    was known are placed.

    A job carries its channel alone: it claims what PostgreSQL says is due, so that losing it, or running several at once,
    costs nothing, and no row has to remember it. Goes out after the commit; should Valkey be down, the next sweep asks again.
    """
    set_aside_uncertain()
    reconsider()
    now = clock.now()
    if not due(now).exists():
        return False
    wanted = []
    for control in ChannelControl.objects.exclude(state=ChannelState.PAUSED):
        # As many jobs as there are batches, and as the channel allows at once.
        count = due(now, control.channel)[: control.concurrency * BATCH].count()
        if count:
            wanted.append((control.channel, ceil(count / BATCH)))
    if not wanted:
        return False
    transaction.on_commit(lambda: _enqueue(wanted), robust=True)
    return True


def _enqueue(wanted: Sequence[tuple[str, int]]) -> None:
    queue = get_queue(QUEUE, commit_mode="auto")
    # A job that waits will take what is due now too; one that runs may be on its last batch, so it does not count.
    waiting = Counter(job.args[0] for job in queue.jobs if job.func_name == JOB and job.args)
    for channel, width in wanted:
        for _ in range(width - waiting[channel]):
            queue.enqueue(JOB, channel, job_timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=24 * 60 * 60)
