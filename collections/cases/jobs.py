"""Jobs of cases. PostgreSQL says what is due."""

from __future__ import annotations

from cases.services import note_files
from runs import clock


def remove_expired_note_files() -> int:
    """Every night: see `cases.services.note_files.remove_expired`."""
    return note_files.remove_expired(on=clock.today())
