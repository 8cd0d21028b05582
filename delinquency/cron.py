"""What runs by the clock: `manage.py rqcron delinquency.cron`, one process only (a second would do everything twice).

Every entry may run late, twice or not at all: what it calls is idempotent and looks up in PostgreSQL what is to be
done. Times are of settings.TIME_ZONE.
"""

from collections.abc import Callable
from typing import Any

from rq import cron

# What to call, its queue, and when (`cron` or `interval` in seconds).
ENTRIES: tuple[tuple[Callable[..., object], str, dict[str, Any]], ...] = ()

for function, queue, when in ENTRIES:
    cron.register(function, queue, **when)
