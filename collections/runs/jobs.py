"""Jobs of the ground floor."""

from __future__ import annotations

from runs import once, services


def sweep_jobs() -> dict[str, int]:
    """Every minute: see `runs.services.sweep_jobs`."""
    return services.sweep_jobs()


def forget_forms() -> int:
    """Every night: see `runs.once.forget_old`."""
    return once.forget_old()
