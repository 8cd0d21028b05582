"""A simulation measured: so many closed days over the whole book, by a strategy that writes to everybody who is late."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import Account
from cases.models import Queue
from runs import clock
from runs.models import BusinessDay
from runs.selectors import book_day
from strategy.models import Rule, Simulation, Version
from strategy.services.simulating import run_simulation

DAYS = 30


class _Undone(Exception):
    """Ends the transaction in which it all happens."""


def simulation(seed: int) -> dict[str, Any]:
    """The seconds of simulating the last 30 days, and what was found; it needs a made book with that many closed days, and
    leaves nothing behind."""
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            found = _measured()
            raise _Undone
    except _Undone:
        return found


def _measured() -> dict[str, Any]:
    last = book_day()
    closed = BusinessDay.objects.filter(is_opening=False).count()
    if last is None or not closed:
        raise RuntimeError("No day of this book was closed: close some first.")
    now = clock.now()
    version = Version.objects.create(
        number=(Version.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
        title="Bench",
        created_by_name="bench",
        created_at=now,
    )
    rules: list[dict[str, Any]] = [
        {"code": "before-due", "stage": "before-due", "days_from": 1, "days_to": 3, "templates": ["pre-due-push"]},
        {"code": "early", "days_from": 1, "days_to": 30, "every_days": 3, "templates": ["overdue-sms", "first-late"]},
        {"code": "late", "days_from": 31, "every_days": 7, "templates": ["overdue-sms", "first-late"]},
        {"code": "call", "action": "call", "days_from": 10, "every_days": 7, "queue": Queue.objects.get(code="call")},
        {"code": "freeze", "action": "freeze", "days_from": 61},
    ]
    for position, rule in enumerate(rules, start=1):
        Rule.objects.create(version=version, position=position, title=rule["code"], **{"action": "message", **rule})
    asked = Simulation.objects.create(
        version=version,
        champion=version,
        edits=version.edits,
        first_day=last - timedelta(days=min(DAYS, closed) - 1),
        last_day=last,
        asked_by_name="bench",
        asked_at=now,
    )
    began = time.perf_counter()
    result = run_simulation(asked)
    seconds = time.perf_counter() - began
    figures = ("sent", "withheld", "people", "call", "proposed")
    return {
        "seconds": seconds,
        "days": asked.days,
        "accounts": Account.objects.count(),
        **{name: result[name] for name in figures},
    }
