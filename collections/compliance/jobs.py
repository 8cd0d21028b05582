"""Jobs of compliance. PostgreSQL says what is due."""

from __future__ import annotations

from compliance.services import recordings
from runs import clock


def remove_expired_recordings() -> int:
    """Every night: see `compliance.services.recordings.remove_expired`."""
    return recordings.remove_expired(on=clock.today())
