"""A night of the benchmark. The made book begins yesterday, so most of its nights are of days that have not begun."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command

from delinquency.jobs import CLOSING_TIME
from runs import clock
from runs.selectors import book_day


def close(seed: int) -> dict[str, Any]:
    """Close the next day with the clock at its end; what `manage.py close_day --json` tells."""
    last = book_day()
    if last is None:
        raise RuntimeError("There is no book: make one first.")
    day, told = last + timedelta(days=1), StringIO()
    with clock.frozen(max(clock.now(), clock.begins(day) + CLOSING_TIME)):
        call_command("close_day", date=day, json=True, stdout=told)
    closed: dict[str, Any] = json.loads(told.getvalue())
    return closed
