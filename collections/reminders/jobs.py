"""Jobs of the outbox. They carry no ids and nothing personal: PostgreSQL says what is due."""

from __future__ import annotations

from reminders import services

SECONDS_PER_JOB = 50


def deliver_batch(channel: str) -> dict[str, int]:
    """Send what is due of a channel for a while, then hand the rest to the next job."""
    counts = services.deliver(channel, seconds=SECONDS_PER_JOB)
    services.sweep()
    return counts


def sweep() -> bool:
    """Every minute: see `reminders.services.sweep`."""
    return services.sweep()
