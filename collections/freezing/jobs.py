"""Jobs of the commands to the core system. They carry no ids: PostgreSQL says what is due."""

from __future__ import annotations

from freezing.services import sending, sweeping

SECONDS_PER_JOB = 50


def send_commands() -> dict[str, int]:
    """Send what is due for a while, then hand the rest to the next job."""
    counts = sending.send_due(seconds=SECONDS_PER_JOB)
    sweeping.sweep()
    return counts


def sweep() -> bool:
    """Every minute: see `freezing.services.sweeping.sweep`."""
    return sweeping.sweep()
