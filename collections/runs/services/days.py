"""Business days: opening the book, the steps of a close, sealing a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from django.db import connection, transaction

from runs import clock
from runs.models import BusinessDay, DayClose, RunStatus


class BookMoved(Exception):
    """The opening cannot be moved any more: a day was closed, or its close has begun."""


def open_book(day: date) -> None:
    """Open the book on `day`, the day before the first posting, in the caller's transaction; once open, do nothing."""
    if BusinessDay.objects.exists():
        return
    # Two first postings at once: the constraint lets one opening in, whatever its date.
    BusinessDay.objects.bulk_create(
        [BusinessDay(date=day, is_opening=True, opened_at=clock.now())], ignore_conflicts=True
    )


@transaction.atomic
def move_opening(day: date) -> None:
    """Let the book open on `day` instead; only while nothing was closed. The caches are the caller's to re-age.

    Raises:
        BookMoved: a day was closed, or the close of the first day has begun.
    """
    BusinessDay.objects.select_for_update().filter(is_opening=True).get()
    if DayClose.objects.exists() or BusinessDay.objects.filter(is_opening=False).exists():
        raise BookMoved("The opening of the book stays where it is: its first day is closed or being closed.")
    BusinessDay.objects.filter(is_opening=True).update(date=day)


class StepRun:
    """A step's way to say how far it is. `cursor` is the last committed key, 0 at the start."""

    def __init__(self, *, day: date, step: str, dry_run: bool = False, cursor: int = 0) -> None:
        self.day = day
        self.step = step
        self.dry_run = dry_run
        self.cursor = cursor

    def expect(self, total: int) -> None:
        """Say how many items lie behind the cursor; those done before a crash are added to them."""
        row = self._row()
        row.total = row.done + total
        row.save(update_fields=["total"])

    def advance(self, *, cursor: int, done: int, **counts: int) -> None:
        """Record a batch, inside its own transaction: `done` items of it, up to the key `cursor`.

        `done` and `counts` are of this batch alone and are added up, so that a run killed at any point goes on
        exactly behind its last committed batch and counts nothing twice.

        Raises:
            TransactionManagementError: called outside a transaction.
        """
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError("StepRun.advance belongs inside the batch's transaction.")
        row = self._row()
        row.cursor = cursor
        row.done += done
        row.result = {**row.result, **{name: row.result.get(name, 0) + count for name, count in counts.items()}}
        row.heartbeat_at = clock.now()
        row.save(update_fields=["cursor", "done", "result", "heartbeat_at"])
        self.cursor = cursor

    def in_batches(self, keys: Sequence[int], size: int, work: Callable[[list[int]], Mapping[str, int]]) -> None:
        """Do `work` on these keys, in their order, so many at a time: each batch a transaction of its own that also moves the
        cursor to its last key and adds up what `work` counted."""
        self.expect(len(keys))
        for start in range(0, len(keys), size):
            batch = list(keys[start : start + size])
            with transaction.atomic():
                self.advance(done=len(batch), cursor=batch[-1], **work(batch))

    def _row(self) -> DayClose:
        return DayClose.objects.get(date=self.day, step=self.step)


def begin_step(*, day: date, step: str, position: int, dry_run: bool = False) -> StepRun | None:
    """Begin a step of a day's close, or take it up behind its last committed batch; None when it was done before.

    The caller holds the lock of the close: one run at a time.
    """
    now = clock.now()
    row, _created = DayClose.objects.get_or_create(
        date=day, step=step, defaults={"position": position, "started_at": now}
    )
    if row.status == RunStatus.DONE:
        return None
    row.position = position
    row.status = RunStatus.RUNNING
    row.error = ""
    row.finished_at = None
    row.heartbeat_at = now
    row.save(update_fields=["position", "status", "error", "finished_at", "heartbeat_at"])
    return StepRun(day=day, step=step, dry_run=dry_run, cursor=row.cursor)


def finish_step(run: StepRun) -> None:
    """Mark the step done: it will not run again for this day."""
    now = clock.now()
    DayClose.objects.filter(date=run.day, step=run.step).update(
        status=RunStatus.DONE, error="", finished_at=now, heartbeat_at=now
    )


def fail_step(run: StepRun, error: BaseException) -> None:
    """Keep why the step failed; the day stays open and the next run takes the step up behind its last batch."""
    DayClose.objects.filter(date=run.day, step=run.step).update(
        status=RunStatus.FAILED, error=f"{type(error).__name__}: {error}", finished_at=clock.now()
    )


def seal_day(day: date) -> BusinessDay:
    """Close `day` for good. In the caller's transaction, with the end of the last step."""
    first = DayClose.objects.filter(date=day).order_by("position").first()
    now = clock.now()
    return BusinessDay.objects.create(date=day, opened_at=(first.started_at if first else None) or now, closed_at=now)
