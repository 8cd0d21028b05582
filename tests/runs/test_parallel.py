"""Reading in several processes ends, whatever becomes of them."""

from __future__ import annotations

import os
import signal
from concurrent.futures.process import BrokenProcessPool

import pytest

from runs.parallel import over_ranges

pytestmark = pytest.mark.django_db(transaction=True)


def _bounds(low: int, high: int) -> tuple[int, int]:
    return low, high


def _killed(low: int, high: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _handlers(low: int, high: int) -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]


def test_results_come_in_the_order_of_the_keys() -> None:
    assert list(over_ranges(_bounds, 1, 25, size=10, processes=2)) == [(1, 10), (11, 20), (21, 25)]


def test_a_process_that_is_killed_is_an_error_and_no_endless_wait() -> None:
    with pytest.raises(BrokenProcessPool):
        list(over_ranges(_killed, 1, 20, size=10, processes=2))


def test_processes_do_not_inherit_the_handlers_of_a_worker() -> None:
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        found = list(over_ranges(_handlers, 1, 20, size=10, processes=2))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert found == [[signal.SIG_DFL, signal.SIG_DFL]] * 2


def test_a_reader_that_stops_early_leaves_nothing_behind() -> None:
    reading = over_ranges(_bounds, 1, 100, size=10, processes=2)
    assert next(reading) == (1, 10)
    reading.close()
