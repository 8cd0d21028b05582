"""The close of day: which steps, in which order, and the one way of running them.

A day is closed once and in order. Each step keeps a `DayClose` row that moves with its batches, so that a run killed at
any point is taken up behind its last committed batch. See docs/close-of-day.md for how to add a step.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import StandingChange
from accounts.selectors.explain import explain
from accounts.services import close as book
from accounts.services.opening import await_postings
from audit import services as audit
from cases.services import follow as cases
from cases.services import judging, priority
from freezing.services import night as freezing
from reminders import services as reminders
from restructuring.services import judging as plans
from runs import clock, selectors
from runs import services as runs
from runs.locks import AlreadyLocked, advisory_lock
from runs.models import DayClose, RunStatus
from runs.parallel import no_cycle_collection
from runs.services import StepRun
from runs.statistics import analyze_what_grew
from strategy.services import evaluating
from waivers.services import judging as waivers

Step = tuple[str, Callable[[StepRun], None]]

STEPS: tuple[Step, ...] = (
    ("age", book.age),
    ("accrue", book.accrue),
    # Before the cases: a plan that falls back makes its account late as of this day.
    ("plans", plans.judge_day),
    ("cases", cases.follow_day),
    ("promises", judging.judge_day),
    ("waivers", waivers.judge_day),
    ("priorities", priority.priorities),
    ("strategy", evaluating.strategy),
    ("freezes", freezing.freezes),
)

# Any number, as long as no other lock of this database has it: "DAY" in ASCII.
LOCK_KEY = 0x444159
LISTED_CHANGES = 50


class CloseRefused(Exception):
    """The day cannot be closed as asked; the message says why and what to do."""


class StepFailed(Exception):
    """A step failed; its day stays open and the next run takes the step up where it stopped."""


@dataclass(frozen=True)
class StepOutcome:
    """What a step did in all its runs for the day; `seconds` are of this run, 0 when it was done before."""

    step: str
    counts: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class Change:
    """A standing that the dry run moved, and why it stands so; `before` or `after` blank: not late."""

    account_ref: str
    before: str
    after: str
    cause: str
    why: str


@dataclass(frozen=True)
class DayResult:
    """What came of one day. `changes` (the first of `changes_total`) are filled by a dry run only."""

    day: date
    steps: Sequence[StepOutcome] = ()
    seconds: float = 0.0
    already_closed: bool = False
    changes: Sequence[Change] = ()
    changes_total: int = 0


class _RolledBack(Exception):
    """Ends the transaction of a dry run."""


def close_day(
    *,
    actor: audit.Actor,
    day: date | None = None,
    through: date | None = None,
    dry_run: bool = False,
    steps: Sequence[Step] = STEPS,
) -> list[DayResult]:
    """Close `day`, or every open day through `through` (default: today), in order; one result a day.

    A day closed before adds nothing and says so. The first close of a book may be of any date: the opening moves to
    the day before it. Each batch of a step commits by itself and a run takes up what another left; after the last
    step the day is sealed together with that step's end. A dry run does everything in one transaction and rolls it
    back: it holds what it touches locked until its end, and may be of a day that has not begun.

    Raises:
        CloseRefused: another run is at it (it says which), the book was never opened, an earlier day is open, or the day
            has not begun by the clock: what it queues would go out before it, and again on it.
        StepFailed: a step failed; its error is kept on the run page.
    """
    if day is not None and through is not None:
        raise CloseRefused(_("Give one date: that of the day to close, or that of the last one."))
    with _one_at_a_time(actor), no_cycle_collection():
        if not dry_run:
            results = _close(actor, day, through, steps, dry_run=False)
            # What was queued need not wait for the cron's next minute.
            reminders.sweep()
            return results
        try:
            with transaction.atomic():
                results = _close(actor, day, through, steps, dry_run=True)
                raise _RolledBack
        except _RolledBack:
            return results


@contextmanager
def _one_at_a_time(actor: audit.Actor) -> Iterator[None]:
    holder = f"close_day {socket.gethostname()[:20]} pid {os.getpid()} {actor}"
    try:
        with advisory_lock(LOCK_KEY, holder):
            yield
    except AlreadyLocked as error:
        running = DayClose.objects.filter(status=RunStatus.RUNNING).order_by("-date", "-position").first()
        at = _(" It is at step {step} of {day}.").format(step=running.step, day=running.date) if running else ""
        raise CloseRefused(_("Another close of day is running ({holder}).").format(holder=error) + at) from error


def _close(
    actor: audit.Actor, day: date | None, through: date | None, steps: Sequence[Step], *, dry_run: bool
) -> list[DayResult]:
    last = selectors.book_day()
    if last is None:
        raise CloseRefused(_("The book is empty: import a book first."))
    today = clock.today()
    asked = day or through or today
    if not dry_run and asked > max(last, today):
        raise CloseRefused(
            _(
                "{day} has not begun: today is {today}. What a close queues goes out at once, so a day is closed when it has "
                "begun, and by itself at its end. --dry-run may look ahead."
            ).format(day=asked, today=today)
        )
    is_untouched = not selectors.has_closed_any() and selectors.begun_day() is None
    first = day or through
    if is_untouched and first and (day or first <= last) and first != last + timedelta(days=1):
        last = first - timedelta(days=1)
        with transaction.atomic():
            runs.move_opening(last)
            book.reopen(day=last)
    # What the opening moved is no change of the days to be closed.
    latest_change = (StandingChange.objects.aggregate(latest=Max("id"))["latest"] or 0) if dry_run else 0
    if day and day != last + timedelta(days=1):
        return [_refuse_or_known(day, last)]
    if through and through <= last:
        return [_refuse_or_known(through, last)]
    span = (asked - last).days
    results = []
    for n in range(1, span + 1):
        result = _close_one(actor, last + timedelta(days=n), steps, dry_run=dry_run)
        results.append(_with_changes(result, latest_change) if dry_run else result)
    return results


def _refuse_or_known(day: date, last: date) -> DayResult:
    """A day that is not the next one: closed before, or out of order."""
    if day > last:
        first = last + timedelta(days=1)
        raise CloseRefused(
            _("{first} is not closed yet. Close it first, or close every day with --through {day}.").format(
                first=first, day=day
            )
        )
    view = selectors.day_close(day)
    if view is None or view.closed_at is None:
        raise CloseRefused(_("{day} lies before the book: its first day was a later one.").format(day=day))
    return DayResult(day=day, already_closed=True)


def _close_one(actor: audit.Actor, day: date, steps: Sequence[Step], *, dry_run: bool) -> DayResult:
    began = time.monotonic()
    seconds = {}
    with audit.in_request(f"close-day-{day.isoformat()}"):
        for position, (name, function) in enumerate(steps, start=1):
            is_last = position == len(steps)
            seconds[name] = _run_step(actor, day, position, name, function, is_last=is_last, dry_run=dry_run)
    counts = dict(DayClose.objects.filter(date=day).values_list("step", "result"))
    outcomes = [StepOutcome(name, counts[name], seconds[name]) for name, _function in steps]
    return DayResult(day=day, steps=outcomes, seconds=time.monotonic() - began)


def _run_step(
    actor: audit.Actor,
    day: date,
    position: int,
    name: str,
    function: Callable[[StepRun], None],
    *,
    is_last: bool,
    dry_run: bool,
) -> float:
    """The seconds that the step took in this run, 0 when it was done before."""
    began = time.monotonic()
    run = runs.begin_step(day=day, step=name, position=position, dry_run=dry_run)
    try:
        if run is not None:
            if position == 1 and not dry_run:
                await_postings()
            function(run)
            if not dry_run:
                # Of the first close: what it fills is read by its next steps, and by everybody in the morning.
                analyze_what_grew()
        with transaction.atomic() if is_last else nullcontext():
            if run is not None:
                runs.finish_step(run)
            if is_last:
                audit.record(actor=actor, verb="day.closed", subject=runs.seal_day(day))
    except Exception as error:
        if run is not None and not dry_run:
            _keep_error(run, error)
        raise StepFailed(
            _("Step {step} of {day} failed: {error}").format(
                step=name, day=day, error=f"{type(error).__name__}: {error}"
            )
        ) from error
    return time.monotonic() - began if run else 0.0


def _keep_error(run: StepRun, error: Exception) -> None:
    if not connection.is_usable():
        connection.close()
    # With the database gone there is nowhere to keep it: the caller still gets the error that counts.
    with suppress(DatabaseError):
        runs.fail_step(run, error)


def _with_changes(result: DayResult, after_id: int) -> DayResult:
    made = StandingChange.objects.filter(id__gt=after_id, business_day=result.day)
    listed = made.select_related("account").order_by("account__ref", "id")[:LISTED_CHANGES]
    changes = [
        Change(
            account_ref=change.account.ref,
            before=" ".join(filter(None, [change.from_bucket, change.from_kind, change.from_risk_class])),
            after=" ".join(filter(None, [change.to_bucket, change.to_kind, change.to_risk_class])),
            cause=change.cause,
            why=explain(change.account, as_of=result.day).summary,
        )
        for change in listed
    ]
    return replace(result, changes=changes, changes_total=made.count())
