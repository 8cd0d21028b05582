"""The demo's clock: it never runs backwards, and it starts within the hours in which people may be written to.

At night nothing may be sent, so a demo begun then runs on a set clock (`DELINQUENCY_CLOCK`). What the clock showed is kept
between runs, as the moment it showed and the real second at which it did.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from delinquency.engines.common import write_private

# In the folder of the engines: which clock the demo that runs there goes by.
RUNNING = "demo-running.json"
# Messages may leave from 8:00 to 22:00 where the person lives; a demo should have some of that before it.
OPENS, CLOSES, SET_TO = time(8), time(21), time(10)


@dataclass(frozen=True)
class DemoClock:
    """The clock showed `shows` at the real second `at`, and runs on from there; `is_set`: not the real time."""

    shows: datetime
    at: float
    is_set: bool

    def now(self, real: datetime) -> datetime:
        """What it shows at a real moment."""
        return self.shows + timedelta(seconds=real.timestamp() - self.at)

    def environment(self) -> dict[str, str]:
        """The variables that set this clock in every process."""
        if not self.is_set:
            return {}
        return {"DELINQUENCY_CLOCK": self.shows.isoformat(), "DELINQUENCY_CLOCK_STARTED": repr(self.at)}


def choose_clock(real: datetime, before: DemoClock | None) -> DemoClock:
    """The clock for a run begun at `real` (aware, in the business time zone) after one on the clock `before`.

    The later of the real time and what the clock before shows by now; put to ten o'clock, of the next day if that has passed
    on an earlier run, where that moment lies outside the hours.
    """
    shown = before.now(real).astimezone(real.tzinfo) if before else None
    # A clock that was never set shows the real time, give or take its rounding.
    now = shown if shown and shown - real > timedelta(seconds=1) else real
    if OPENS <= now.time() < CLOSES:
        return DemoClock(now, real.timestamp(), is_set=now != real)
    ten = datetime.combine(now.date(), SET_TO, real.tzinfo)
    if shown is not None and ten < shown:
        ten += timedelta(days=1)
    return DemoClock(ten, real.timestamp(), is_set=True)


@contextmanager
def running(file: Path, clock: Mapping[str, str]) -> Iterator[None]:
    """Let other commands in the folder know, while the block lasts and this process lives, that a demo runs there, and on which
    clock (the variables that set it; none: the real one). A second demo there goes by the first one's."""
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield
            return
        opened.truncate()
        opened.write(json.dumps(dict(clock)))
        opened.flush()
        yield


def clock_of_running(file: Path) -> dict[str, str]:
    """The variables that set the clock of the demo that runs now; none where no demo runs, or it runs on the real clock."""
    try:
        opened = file.open()
    except FileNotFoundError:
        return {}
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found: dict[str, str] = json.loads(opened.read() or "{}")
            return found
    return {}


def read_clock(file: Path) -> DemoClock | None:
    """The clock of the run before, if there was one."""
    try:
        kept = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return DemoClock(datetime.fromisoformat(kept["shows"]), float(kept["at"]), bool(kept["is_set"]))


def keep_clock(file: Path, clock: DemoClock) -> None:
    """Keep the clock for the next run."""
    write_private(file, json.dumps({"shows": clock.shows.isoformat(), "at": clock.at, "is_set": clock.is_set}))
