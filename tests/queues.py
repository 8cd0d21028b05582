"""A worker in the tests' own process."""

from __future__ import annotations

import signal

from django_rq import get_worker
from rq import SimpleWorker
from rq.serializers import JSONSerializer

_HANDLED = (signal.SIGINT, signal.SIGTERM)


def work(queue: str = "default") -> None:
    """Do all jobs of a queue, here and now. The worker's signal handlers go with it: they would outlive it otherwise."""
    before = {number: signal.getsignal(number) for number in _HANDLED}
    try:
        get_worker(queue, worker_class=SimpleWorker, serializer=JSONSerializer).work(burst=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
