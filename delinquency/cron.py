"""What runs by the clock: `manage.py rqcron delinquency.cron`, one process only (a second would do everything twice).

Every entry may run late, twice or not at all: what it calls is idempotent and looks up in PostgreSQL what is to be
done.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from rq import Queue, cron
from rq.serializers import JSONSerializer

from approvals import jobs as approval_jobs
from cases import jobs as case_jobs
from compliance import jobs as compliance_jobs
from delinquency import jobs
from freezing import jobs as freezing_jobs
from reminders import jobs as reminder_jobs
from runs import jobs as run_jobs

# What to call, its queue, and when: a `cron` line, or an `interval` in seconds. Times are of settings.TIME_ZONE.
ENTRIES: tuple[tuple[Callable[..., object], str, dict[str, Any]], ...] = (
    # The day is closed at 23:30, at its end, so that its payments count. The other hours close what that one missed (the
    # scheduler was down, a step failed) and otherwise find nothing to do: it remembers nothing and never catches up.
    (jobs.close_day_nightly, "default", {"cron": "30 * * * *", "job_timeout": 6 * 60 * 60}),
    (run_jobs.sweep_jobs, "default", {"interval": 60}),
    (reminder_jobs.sweep, "outbox", {"interval": 60}),
    (freezing_jobs.sweep, "outbox", {"interval": 60}),
    (approval_jobs.expire_overdue, "default", {"cron": "5 * * * *"}),
    (compliance_jobs.remove_expired_recordings, "default", {"cron": "15 4 * * *"}),
    (case_jobs.remove_expired_note_files, "default", {"cron": "20 4 * * *"}),
    (run_jobs.forget_forms, "default", {"cron": "25 4 * * *"}),
)

# RQ's cron always pickles, whatever the queues say, and our workers read JSON only (rq 3.0: `CronJob.enqueue`).
vars(cron)["Queue"] = partial(Queue, serializer=JSONSerializer)

for function, queue, when in ENTRIES:
    cron.register(function, queue, **when)
