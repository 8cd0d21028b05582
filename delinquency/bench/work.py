"""The work of many collectors at once."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from datetime import time as hour_of_day
from functools import partial
from operator import itemgetter
from random import Random
from threading import Barrier
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from cases.models import Case, CaseStatus, Queue, WaitFor
from cases.models.case import FREE_FROM
from cases.services.taking import take_next
from cases.services.waiting import NO_END, Moment, write_waits
from compliance.models import CustomerFlag
from delinquency.bench.figures import share
from delinquency.bench.stock import stock_workbench
from delinquency.serving import get_ready
from runs import clock
from runs.parallel import forked
from runs.prepared import prepared_cursor
from staff.models import User
from staff.permissions import scope_of

# As the server runs: the Procfile has so many workers, each with threads.
PROCESSES = 2
THREADS = 4
# Enough of them that a moment in which the machine stands still is one of many.
ROUNDS = 60
SECONDS_OF_A_ROUND = 1.0
STEADY_SECONDS = 15
SECONDS_BETWEEN = 2.0
DRAINED = 1_000
# Cases that each collector works already.
HELD = 40
# Until all threads have their connections.
SECONDS_TO_START = 3.0

_FIRST_FREE = """
    SELECT id, customer_id FROM cases_case
    WHERE team_id = %s::bigint AND coalesce(wait_until, opened_at) <= %s::timestamptz AND assignee_id IS NULL AND status = 'open'
    ORDER BY priority DESC, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"""
_HAND = """
    UPDATE cases_case SET assignee_id = %s::bigint, assigned_at = %s::timestamptz, version = version + 1 WHERE id = %s::bigint"""
_RECORD = """
    INSERT INTO audit_event
        (at, actor_id, actor_name, verb, subject_type, subject_id, subject_ref, customer_id, reason, request_id)
    VALUES (%s::timestamptz, %s::bigint, %s::text, 'case.taken', 'case', %s::bigint, '', %s::bigint, '', '')"""

# So many seconds after the start this collector presses the key.
Press = tuple[float, User]
# Gives the collector a case: its key, or None when there is none.
Take = Callable[[User], int | None]
# What of that there is, in order.
Hour = Callable[[Sequence[User]], Iterator[Press]]


def work(seed: int) -> dict[str, Any]:
    """Take next by fifty collectors, served as the server does, by some processes with some threads each, on the stocked
    workbench of this database, each with some cases of her own that she is done with for the day.

    `bare`: the floor, the same locks and writes as SQL alone, when all press in the same moment, again and again. `burst`: take
    next, pressed so; `queue`: that of the queue of early cases, which has an order of its own. `steady`: each does so at random
    moments, on average every two seconds, twenty-five in a second altogether. `drained`: what may be given is cut down to some
    thousands, and all take until there is nothing; then what was given is compared with what could have been.
    """
    wanted = User.objects.filter(username__startswith="bench", is_staff=True, team__isnull=False)
    if not wanted.exists():
        stock_workbench()
    collectors = list(wanted)
    # Of the next day: the cases were opened today, whatever the hour at which this is measured.
    noon = datetime.combine(clock.today() + timedelta(days=1), hour_of_day(12), ZoneInfo(settings.TIME_ZONE))
    with clock.frozen(noon):
        with connection.cursor() as cursor:
            cursor.execute("SELECT customer_id FROM cases_case WHERE status = 'open' ORDER BY 1")
            customers = [key for (key,) in cursor.fetchall()]
        for start in range(0, len(customers), 5_000):
            with transaction.atomic():
                write_waits(customers[start : start + 5_000], Moment.present())
        # What is a collector's own and due comes again until somebody was in contact, also what she took a moment ago.
        Case.objects.filter(status=CaseStatus.OPEN).update(contacted_at=noon)
        for collector in collectors:
            least = Case.objects.filter(status=CaseStatus.OPEN, assignee=None, team=collector.team).order_by("priority")
            Case.objects.filter(pk__in=list(least.values_list("pk", flat=True)[:HELD])).update(
                assignee=collector, assigned_at=noon
            )
        with connection.cursor() as cursor:
            # As a night leaves it.
            cursor.execute("VACUUM ANALYZE cases_case")
        free = Case.objects.annotate(free_from=FREE_FROM).filter(
            status=CaseStatus.OPEN, assignee=None, free_from__lte=noon
        )
        found: dict[str, Any] = {
            "collectors": len(collectors),
            "processes": PROCESSES,
            "threads": THREADS,
            "cases": len(customers),
            "free": free.count(),
        }
        if not found["free"]:
            raise RuntimeError("No case is free to be taken: there is nothing to measure.")
        found["seconds between"] = SECONDS_BETWEEN
        given: list[int] = []
        found["bare"] = _measure(collectors, given, _burst, _take_bare)
        found["burst"] = _measure(collectors, given, _burst)
        found["queue"] = _measure(collectors, given, _burst, _take_from_queue)
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


def _take(collector: User) -> int | None:
    case = take_next(actor=collector)
    return None if case is None else case.pk


def _take_from_queue(collector: User) -> int | None:
    case = take_next(actor=collector, queue=_early())
    return None if case is None else case.pk


@functools.cache
def _early() -> Queue:
    return Queue.objects.get(code="early")


def _take_bare(collector: User) -> int | None:
    """What no take can do without: the first free one of the team locked, made the collector's, and that recorded. No gate, no
    scope, nothing of her own."""
    with transaction.atomic(), prepared_cursor() as cursor:
        cursor.execute(_FIRST_FREE, [collector.team_id, clock.now()])
        key, customer = cursor.fetchone()
        cursor.execute(_HAND, [collector.pk, clock.now(), key])
        cursor.execute(_RECORD, [clock.now(), collector.pk, str(collector), key, customer])
    return int(key)


def _measure(collectors: Sequence[User], given: list[int], hour: Hour, take: Take = _take) -> dict[str, float]:
    """Let the collectors press as `hour` says, their requests spread over the processes; each take is timed from the press."""
    taken: list[float] = []
    starts = monotonic() + SECONDS_TO_START
    with forked(PROCESSES) as pool:
        shares = [collectors[number::PROCESSES] for number in range(PROCESSES)]
        for times, cases in pool.map(partial(_serve, hour, take, starts), shares):
            taken += times
            given += cases
    seconds = monotonic() - starts
    return {"count": len(taken), "seconds": seconds, "median": share(taken, 0.5), "p95": share(taken, 0.95)}


def _serve(hour: Hour, take: Take, starts: float, collectors: Sequence[User]) -> tuple[list[float], list[int]]:
    """One process's share of the collectors: how long each take lasted from the press on (ms), and the cases given."""
    # As a server does: what is loaded stays, the rest is collected.
    get_ready()
    gc.enable()
    taken: list[float] = []
    given: list[int] = []
    for collector in collectors:
        scope_of(collector)
        collector.get_all_permissions()
    # The parent's connection is not this process's.
    connection.close()
    together = Barrier(THREADS)

    def begin(number: int) -> None:
        connection.ensure_connection()
        together.wait()  # so that each thread opens its own
        # The first take of a day writes a collector's statements.
        for collector in collectors[number::THREADS]:
            if (case := take(collector)) is not None:
                given.append(case)

    def press(collector: User, pressed: float) -> None:
        case = take(collector)
        taken.append((monotonic() - pressed) * 1000)
        if case is not None:
            given.append(case)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(begin, range(THREADS)))
        answers: list[Future[None]] = []
        for after, collector in hour(collectors):
            sleep(max(0.0, starts + after - monotonic()))
            answers.append(pool.submit(press, collector, max(starts + after, monotonic())))
        for answer in answers:
            answer.result()
        list(pool.map(lambda _number: connection.close(), range(THREADS)))
    return taken, given


def _burst(collectors: Sequence[User]) -> Iterator[Press]:
    for number in range(ROUNDS):
        for collector in collectors:
            yield number * SECONDS_OF_A_ROUND, collector


def _steady(seed: int, collectors: Sequence[User]) -> Iterator[Press]:
    draw = Random(seed)  # noqa: S311  # when the key is pressed
    presses: list[Press] = []
    for collector in collectors:
        after = draw.expovariate(1 / SECONDS_BETWEEN)
        while after < STEADY_SECONDS:
            presses.append((after, collector))
            after += draw.expovariate(1 / SECONDS_BETWEEN)
    yield from sorted(presses, key=itemgetter(0))


def _drain(collectors: Sequence[User]) -> Iterator[Press]:
    """Twice as often as there are cases for all: some teams have more of them than others."""
    for _round in range(2 * DRAINED // len(collectors)):
        for collector in collectors:
            yield 0.0, collector
