"""Jobs of approvals. PostgreSQL says what is due."""

from __future__ import annotations

from approvals import services


def expire_overdue() -> int:
    """Every hour: see `approvals.services.expire_overdue`. Until then nothing that is over can be decided."""
    return services.expire_overdue()
