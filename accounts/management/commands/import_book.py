"""manage.py import_book: read a book in from CSV files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.importing import ImportRefused, ImportReport, ProblemFile, Source, from_folder, run_import
from accounts.importing.files import BY_NAME
from accounts.importing.sources import unknown_files
from audit.services import SystemActor

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Imports customers.csv, contacts.csv, accounts.csv, bills.csv, payments.csv and holds.csv, or any of them, from a "
        "folder. All of it or, where a row is bad, nothing. The same files again change nothing. See docs/import.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder that holds the files")
        parser.add_argument("--dry-run", action="store_true", help="check and count, save nothing")
        parser.add_argument("--errors", type=Path, metavar="FILE.csv", help="write every problem to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        sources = self._sources(options["folder"])
        with _problem_file(options["errors"]) as problem_file:
            try:
                report = run_import(
                    sources,
                    actor=SystemActor("import_book"),
                    dry_run=options["dry_run"],
                    problem_file=problem_file,
                    show=SHOWN,
                )
            except ImportRefused as error:
                raise CommandError(str(error)) from error
        self._print(report)
        if not report.ok:
            self._print_problems(report)
            raise CommandError(_summary(report))

    def _sources(self, folder: Path) -> list[Source]:
        if not folder.is_dir():
            raise CommandError(
                _("%(folder)s is no folder. Give the folder that holds the CSV files.") % {"folder": folder}
            )
        try:
            sources = from_folder(folder)
            strange = unknown_files(path.name for path in folder.iterdir())
        except OSError as error:
            raise CommandError(_("The folder cannot be read: %(error)s") % {"error": error}) from error
        if strange:
            self.stderr.write(_("Left alone, no file of an import: %(names)s") % {"names": ", ".join(strange)})
        if not sources:
            raise CommandError(
                _("%(folder)s holds none of %(names)s.") % {"folder": folder, "names": ", ".join(BY_NAME)}
            )
        return sources

    def _print(self, report: ImportReport) -> None:
        for count in report.files:
            self.stdout.write(
                _("%(file)s: %(rows)d rows, %(new)d new, %(unchanged)d unchanged, %(bad)d bad")
                % {
                    "file": count.file,
                    "rows": count.rows,
                    "new": count.new,
                    "unchanged": count.unchanged,
                    "bad": count.bad,
                }
            )
            if count.waiting:
                self.stdout.write(
                    ngettext(
                        "%(count)d payment names no known account: it waits to be matched.",
                        "%(count)d payments name no known account: they wait to be matched.",
                        count.waiting,
                    )
                    % {"count": count.waiting}
                )
        for warning in report.warnings:
            self.stderr.write(_("Warning: %(text)s") % {"text": warning})
        if report.ok:
            self.stdout.write(_outcome(report))

    def _print_problems(self, report: ImportReport) -> None:
        for problem in report.problems:
            self.stderr.write(
                _("%(file)s line %(line)d, %(column)s: %(value)s. Expected: %(expected)s")
                % {
                    "file": problem.file,
                    "line": problem.line,
                    "column": problem.column or _("the line"),
                    "value": f"“{problem.value}”" if problem.value else _("empty"),
                    "expected": problem.expected,
                }
            )
        rest = report.problems_total - len(report.problems)
        if rest:
            self.stderr.write(
                ngettext("… and %(count)d more.", "… and %(count)d more.", rest) % {"count": rest}
                + " "
                + _("--errors FILE.csv writes them all.")
            )


def _outcome(report: ImportReport) -> str:
    if report.dry_run:
        return _("Every row is good. Dry run: nothing was saved.")
    if not report.new_rows:
        return _("Everything is in the book already: 0 new rows.")
    return ngettext("Imported %(count)d new row.", "Imported %(count)d new rows.", report.new_rows) % {
        "count": report.new_rows
    }


def _summary(report: ImportReport) -> str:
    return (
        ngettext("%(count)d problem", "%(count)d problems", report.problems_total) % {"count": report.problems_total}
        + " "
        + ngettext("in %(count)d bad row.", "in %(count)d bad rows.", report.bad_rows) % {"count": report.bad_rows}
        + " "
        + _("Nothing was saved.")
    )


@contextmanager
def _problem_file(path: Path | None) -> Iterator[ProblemFile | None]:
    """Where the problems go; opened first, so that a folder that is not there is noticed before the work."""
    if path is None:
        yield None
        return
    try:
        stream = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(_("The file for problems cannot be written: %(error)s") % {"error": error}) from error
    with stream:
        yield ProblemFile(stream)
