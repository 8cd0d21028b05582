"""Jobs of the ground floor."""

from __future__ import annotations

from runs import services


def sweep_jobs() -> dict[str, int]:
    """Every minute: see `runs.services.sweep_jobs`."""
    return services.sweep_jobs()
