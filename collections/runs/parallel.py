"""Read a big table in ranges of its keys, in several processes, each with a connection of its own."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from django.db import connection, connections

T = TypeVar("T")
# Keys in a range: enough that starting one costs nothing, and that the rows of a range share pages in a table that grew by
# the month; few enough that progress shows and that what is sorted fits in memory.
SMALLEST, LARGEST = 1_000, 100_000
# Of each process, so that none idles long at the end.
RANGES_EACH = 4


def over_ranges(
    function: Callable[[int, int], T],
    first: int,
    last: int,
    *,
    size: int | None = None,
    processes: int | None = None,
) -> Iterator[T]:
    """`function(low, high)` for consecutive ranges of keys from `first` to `last`, both included; results in order.

    `function` is a module's own function that only reads. `size`: keys in a range (None: so many that each process gets a
    few ranges, and never more than `LARGEST`). Processes are forked (None: one a core); with one, or inside a transaction
    that other connections could not see, everything happens here.
    """
    count = processes or os.cpu_count() or 1
    if size is None:
        size = min(max((last - first) // (RANGES_EACH * count) + 1, SMALLEST), LARGEST)
    ranges = [(low, min(low + size - 1, last)) for low in range(first, last + 1, size)]
    count = min(count, len(ranges))
    if count <= 1 or connection.in_atomic_block:
        yield from (function(*bounds) for bounds in ranges)
        return
    with forked(count) as pool:
        yield from pool.map(_Call(function), ranges)


@contextmanager
def forked(count: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes, forked from this one, each to open connections of its own; what waits is dropped at the end.

    A process that is killed raises `BrokenProcessPool` here. (`multiprocessing.Pool` would wait for it for ever, and also for
    processes that inherit an RQ worker's handling of SIGTERM, which is how it ends them.)
    """
    # A forked connection would be shared: none may be open.
    connections.close_all()
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("fork"), initializer=_begin_process)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_process() -> None:
    # Whoever runs this may be a worker, whose handlers ask it to finish its job; these processes just end.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Reading makes no cycles worth collecting, and looking for them doubles the time: the processes live for one walk.
    gc.disable()


@contextmanager
def no_cycle_collection() -> Iterator[None]:
    """Do not look for cycles inside the block: work in batches that makes none, and leaves much for the search to walk."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Call(Generic[T]):
    """Calls a function with a pair; a plain object because lambdas do not travel."""

    def __init__(self, function: Callable[[int, int], T]) -> None:
        self.function = function

    def __call__(self, bounds: tuple[int, int]) -> T:
        return self.function(*bounds)
