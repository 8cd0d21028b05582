"""The demo's clock: it never runs backwards, and it starts within the hours in which people may be written to.

At night nothing may be sent, so a demo begun then runs on a set clock (`DELINQUENCY_CLOCK`). What the clock showed is kept
between runs, as the moment it showed and the real second at which it did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from delinquency.engines.common import write_private

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
