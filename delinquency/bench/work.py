"""The work of many collectors at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from datetime import time as hour_of_day
from functools import partial
from random import Random
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from cases.models import Case, CaseStatus, WaitFor
from cases.models.case import FREE_FROM
from cases.services.taking import take_next
from cases.services.waiting import NO_END, Moment, write_waits
from compliance.models import CustomerFlag
from delinquency.bench.figures import share
from delinquency.bench.stock import stock_workbench
from runs import clock
from staff.models import User
from staff.permissions import scope_of

ROUNDS = 5
STEADY_SECONDS = 15
SECONDS_BETWEEN = 2.0
DRAINED = 1_000


def work(seed: int) -> dict[str, Any]:
    """Take next by fifty collectors, each a thread with a connection of its own, on the stocked workbench of this database.

    `burst`: all press the key in the same moment, again and again. `steady`: each does so at random moments, on average every
    two seconds, twenty-five in a second altogether. `drained`: what may be given is cut down to some thousands, and all
    take until there is nothing; then what was given is compared with what could have been.
    """
    wanted = User.objects.filter(username__startswith="bench", is_staff=True, team__isnull=False)
    if not wanted.exists():
        stock_workbench()
    collectors = list(wanted)
    noon = datetime.combine(clock.today(), hour_of_day(12), ZoneInfo(settings.TIME_ZONE))
    with clock.frozen(noon):
        with connection.cursor() as cursor:
            cursor.execute("SELECT customer_id FROM cases_case WHERE status = 'open' ORDER BY 1")
            customers = [key for (key,) in cursor.fetchall()]
        for start in range(0, len(customers), 5_000):
            with transaction.atomic():
                write_waits(customers[start : start + 5_000], Moment.present())
        # What is a collector's own and due comes again until somebody was in contact, also what she took a moment ago.
        Case.objects.filter(status=CaseStatus.OPEN).update(contacted_at=noon)
        free = Case.objects.annotate(free_from=FREE_FROM).filter(
            status=CaseStatus.OPEN, assignee=None, free_from__lte=noon
        )
        found: dict[str, Any] = {"collectors": len(collectors), "cases": len(customers), "free": free.count()}
        found["seconds between"] = SECONDS_BETWEEN
        given: list[int] = []
        found["burst"] = _measure(collectors, given, partial(_burst, threading.Barrier(len(collectors))))
        found["steady"] = _measure(collectors, given, partial(_steady, seed))
        left = set(
            free.filter(team__in={collector.team_id for collector in collectors})
            # The vulnerable are not given to collectors.
            .exclude(customer__in=CustomerFlag.objects.filter(ended_at=None).values("customer"))
            .order_by("-priority")
            .values_list("pk", flat=True)[:DRAINED]
        )
        Case.objects.filter(pk__in=free.exclude(pk__in=left).values("pk")).update(
            wait_until=NO_END, wait_for=WaitFor.HOLD
        )
        drained: list[int] = []
        found["drained"] = _measure(collectors, drained, _drain)
        found["twice"] = len(given) + len(drained) - len(set(given) | set(drained))
        # Whom the gate refused for now waits by now.
        found["not given"] = len((left - set(drained)) & set(free.values_list("pk", flat=True)))
    return found


def _measure(
    collectors: Sequence[User], given: list[int], hour: Callable[[Callable[[], bool]], None]
) -> dict[str, float]:
    """Let every collector live through `hour` at once; each calls what it is given to take a case, and is timed."""
    taken: list[float] = []

    def live(collector: User) -> None:
        def take() -> bool:
            began = monotonic()
            case = take_next(actor=collector)
            taken.append((monotonic() - began) * 1000)
            if case is not None:
                given.append(case.pk)
            return case is not None

        try:
            # The first call opens the connection: a server has its connections open.
            scope_of(collector)
            hour(take)
        finally:
            connection.close()

    began = monotonic()
    with ThreadPoolExecutor(len(collectors)) as pool:
        list(pool.map(live, collectors))
    return {"count": len(taken), "seconds": monotonic() - began, "median": share(taken, 0.5), "p95": share(taken, 0.95)}


def _burst(start: threading.Barrier, take: Callable[[], bool]) -> None:
    for _ in range(ROUNDS):
        start.wait()
        take()


def _steady(seed: int, take: Callable[[], bool]) -> None:
    draw = Random(f"{seed} {threading.get_ident()}")  # noqa: S311  # when the key is pressed
    ends = monotonic() + STEADY_SECONDS
    while (pause := draw.expovariate(1 / SECONDS_BETWEEN)) + monotonic() < ends:
        sleep(pause)
        take()


def _drain(take: Callable[[], bool]) -> None:
    while take():
        pass
