"""Business days: opening the book, the steps of a close, sealing a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

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
        self.write("total = done + %(total)s", total=total)

    def advance(self, *, cursor: int, done: int, **counts: int) -> None:
        """Record a batch, inside its own transaction: `done` items of it, up to the key `cursor`.

        `done` and `counts` are of this batch alone and are added up, so that a run killed at any point goes on
        exactly behind its last committed batch and counts nothing twice.

        Raises:
            TransactionManagementError: called outside a transaction.
        """
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError("StepRun.advance belongs inside the batch's transaction.")
        self.write(
            """cursor = %(cursor)s, done = done + %(done)s, heartbeat_at = %(now)s,
               result = result || coalesce((SELECT jsonb_object_agg(key, value::bigint + coalesce((result ->> key)::bigint, 0))
                                              FROM jsonb_each_text(%(counts)s)), '{}')""",
            cursor=cursor,
            done=done,
            counts=Jsonb(counts),
            now=clock.now(),
        )
        self.cursor = cursor

    def in_batches(self, keys: Sequence[int], size: int, work: Callable[[list[int]], Mapping[str, int]]) -> None:
        """Do `work` on these keys, in their order, so many at a time: each batch a transaction of its own that also moves the
        cursor to its last key and adds up what `work` counted."""
        self.expect(len(keys))
        for start in range(0, len(keys), size):
            batch = list(keys[start : start + size])
            with transaction.atomic():
                self.advance(done=len(batch), cursor=batch[-1], **work(batch))

    def write(self, assignments: str, **values: Any) -> None:
        """Set columns of the step's row, in one statement: on a quiet day a close does little else."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE runs_dayclose SET {assignments} WHERE date = %(day)s AND step = %(step)s",
                {"day": self.day, "step": self.step, **values},
            )
            if not cursor.rowcount:
                raise DayClose.DoesNotExist(f"The step {self.step} of {self.day} has not begun.")


# A step that is done stays as it is and yields no row.
_BEGIN = """
    INSERT INTO runs_dayclose AS d (date, step, position, status, done, cursor, result, error, started_at, heartbeat_at)
    VALUES (%(day)s, %(step)s, %(position)s, %(running)s, 0, 0, '{}', '', %(now)s, %(now)s)
    ON CONFLICT (date, step) DO UPDATE
       SET position = excluded.position, status = excluded.status, error = '', finished_at = NULL,
           heartbeat_at = excluded.heartbeat_at
     WHERE d.status <> %(done)s
    RETURNING cursor"""


def begin_step(*, day: date, step: str, position: int, dry_run: bool = False) -> StepRun | None:
    """Begin a step of a day's close, or take it up behind its last committed batch; None when it was done before.

    The caller holds the lock of the close: one run at a time.
    """
    running, done = RunStatus.RUNNING.value, RunStatus.DONE.value
    with connection.cursor() as cursor:
        cursor.execute(
            _BEGIN,
            {"day": day, "step": step, "position": position, "running": running, "done": done, "now": clock.now()},
        )
        begun = cursor.fetchone()
    return StepRun(day=day, step=step, dry_run=dry_run, cursor=begun[0]) if begun else None


def finish_step(run: StepRun) -> None:
    """Mark the step done: it will not run again for this day."""
    run.write(
        "status = %(status)s, error = '', finished_at = %(now)s, heartbeat_at = %(now)s",
        status=RunStatus.DONE.value,
        now=clock.now(),
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
