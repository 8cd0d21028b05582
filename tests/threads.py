"""Work done by several threads at once, on a real database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connection


def at_once(jobs: list[Callable[[], object]]) -> list[object]:
    """Run every job in a thread of its own, each with its connection, all from the same moment on."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        try:
            gate.wait()
            return job()
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))
