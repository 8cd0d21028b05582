"""The import from end to end: one transaction, and one import at a time."""

from __future__ import annotations

import os
import socket
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from django.db import DataError, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.importing.check import check_all, count_rows
from accounts.importing.files import FILES, PAYMENTS
from accounts.importing.report import FileCount, ImportReport, Problem, ProblemFile
from accounts.importing.resolve import drop_tables, fill_staging
from accounts.importing.sources import Source
from accounts.importing.stage import create_import_tables, stage_file
from accounts.importing.unmatched import Brought, brought, keep, keep_refused
from accounts.services.loading import create_staging, drop_staging, load_staged
from audit.services import Actor
from runs.locks import AlreadyLocked, advisory_lock

# Any number, as long as no other lock of this database has it: "IMP" in ASCII.
LOCK_KEY = 0x494D50
# The progress in thousandths: reading, checking, loading.
READ, CHECKED, LOADED = 400, 500, 1000
_FETCH = 1_000

OnProgress = Callable[[int, int], None]


class ImportRefused(Exception):
    """The import cannot be done at all; the message says why and what to do. Nothing was saved."""


def run_import(
    sources: Sequence[Source],
    *,
    actor: Actor,
    dry_run: bool = False,
    by_one_person: bool = False,
    problem_file: ProblemFile | None = None,
    show: int = 20,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import the files, wholly or not at all. What the book holds already, with the same values, is left as it is.

    With bad rows nothing is saved: every problem goes to `problem_file`, the first `show` into the report. A dry run does
    the same checks and counts, and saves nothing either way. `by_one_person`: what two persons decide (deferrals) is a bad row,
    unless the book has it. `on_progress(done, total)` is called in between, inside the transaction. Locks as `load_staged` does.

    Raises:
        ImportRefused: another import is running (it says which), the book changed underneath, or a file cannot be read.
    """
    report = ImportReport(dry_run=dry_run)
    tell = on_progress or (lambda done, total: None)
    try:
        with _one_at_a_time(actor), transaction.atomic(), connection.cursor() as cursor:
            found = _import(cursor, sources, report, actor, by_one_person, problem_file, show, tell)
            if dry_run or not report.ok:
                transaction.set_rollback(True)
    # Django translates what its cursors raise, but not what a COPY does.
    except (IntegrityError, psycopg.IntegrityError) as error:
        raise ImportRefused(
            _(
                "The book changed while the import ran, and a row of it collides with the files. Nothing was saved: run it again."
            )
        ) from error
    except (DataError, psycopg.DataError) as error:
        raise ImportRefused(
            _(
                "The amounts of an account add up to more than the book can hold (12 digits before the point). Nothing was saved."
            )
        ) from error
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise ImportRefused(_("A file cannot be read: %(error)s. Nothing was saved.") % {"error": error}) from error
    if found is not None and not report.ok and not dry_run:
        keep_refused(found.received, actor=actor)
    return report


@contextmanager
def _one_at_a_time(actor: Actor) -> Iterator[None]:
    try:
        with advisory_lock(LOCK_KEY, f"import {socket.gethostname()[:20]} pid {os.getpid()} {actor}"):
            yield
    except AlreadyLocked as error:
        raise ImportRefused(
            _("Another import is running (%(holder)s). Wait for its end, then run this one again.") % {"holder": error}
        ) from error


def _import(
    cursor: CursorWrapper,
    sources: Sequence[Source],
    report: ImportReport,
    actor: Actor,
    by_one_person: bool,
    problem_file: ProblemFile | None,
    show: int,
    tell: OnProgress,
) -> Brought | None:
    """Import the files; what a file of payments brought, if there is one."""
    # Sorting and hashing of whole books, once a book: worth more memory than the server gives each query.
    cursor.execute("SET LOCAL work_mem = '128MB'")
    create_import_tables(cursor)
    rows, unreadable = _stage(cursor, sources, tell)
    check_all(cursor, unreadable, by_one_person=by_one_person)
    cursor.execute("SELECT count(*) FROM import_problem")
    (report.problems_total,) = cursor.fetchone()
    report.warnings = _warnings(cursor)
    tell(CHECKED, LOADED)
    present = [file for file in FILES if file.kind in rows]
    money = brought(cursor) if PAYMENTS.kind in rows else None
    if not report.ok:
        for file in present:
            count = count_rows(cursor, file)
            count.rows = rows[file.kind]
            report.files.append(count)
        _tell_problems(report, problem_file, show)
        return money
    create_staging(cursor)
    new = fill_staging(cursor)
    report.files = [
        FileCount(file.name, rows[file.kind], new[file.kind], rows[file.kind] - new[file.kind]) for file in present
    ]
    if money is not None:
        (payments,) = (count for count in report.files if count.file == PAYMENTS.name)
        payments.waiting = money.waiting.rows
        payments.unchanged -= money.waiting.rows
        if not report.dry_run:
            keep(cursor, money, actor=actor)
    drop_tables(cursor)
    if report.new_rows and not report.dry_run:
        report.loaded = load_staged(
            cursor,
            actor=actor,
            on_progress=lambda done, total: tell(CHECKED + (LOADED - CHECKED) * done // (total or 1), LOADED),
        )
    drop_staging(cursor)
    tell(LOADED, LOADED)
    return money


def _stage(cursor: CursorWrapper, sources: Sequence[Source], tell: OnProgress) -> tuple[dict[str, int], set[str]]:
    """Stage every file: rows of each kind, and the kinds whose file could not be read."""
    size = sum(source.size for source in sources) or 1
    before, rows, unreadable = 0, {}, set()
    for source in sources:
        staged = stage_file(
            cursor,
            source.file,
            source.open(),
            on_bytes=lambda at, before=before: tell(READ * min(before + at, size) // size, LOADED),  # type: ignore[misc]  # lambdas with defaults have no type
        )
        before += source.size
        rows[source.file.kind] = staged.rows
        if not staged.readable:
            unreadable.add(source.file.kind)
    return rows, unreadable


def _warnings(cursor: CursorWrapper) -> list[str]:
    cursor.execute("SELECT count(*) FROM import_customers WHERE odd_county")
    (odd,) = cursor.fetchone()
    if not odd:
        return []
    return [
        ngettext(
            "%(count)d identity number begins with a county not on the list; retired ones are real, so it is accepted.",
            "%(count)d identity numbers begin with a county not on the list; retired ones are real, so they are accepted.",
            odd,
        )
        % {"count": odd}
    ]


def _tell_problems(report: ImportReport, problem_file: ProblemFile | None, show: int) -> None:
    """Every problem into the file, the first into the report, in the order of files, lines and columns."""
    names = {file.number: file.name for file in FILES}
    with connection.chunked_cursor() as stream:
        stream.execute(
            """SELECT file, line, column_name, value, expected FROM import_problem
                ORDER BY file, line, position, expected"""
            + ("" if problem_file else f" LIMIT {int(show)}")
        )
        while block := stream.fetchmany(_FETCH):
            problems = [
                Problem(names[file], line, column, value, expected) for file, line, column, value, expected in block
            ]
            report.problems += problems[: max(show - len(report.problems), 0)]
            if problem_file:
                problem_file.write(problems)
