"""Outliving a restart of the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

# How long a database that restarts is waited for.
RECONNECT_PAUSES = (0.1, 0.2, 0.5, 1, 2, 4, 8, 8)

T = TypeVar("T")


def through_restarts(work: Callable[[], T]) -> T:
    """Do `work` again when the connection to the database broke in it; it must be safe to repeat, as claims make it."""
    for pause in RECONNECT_PAUSES:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(pause)
    return work()
