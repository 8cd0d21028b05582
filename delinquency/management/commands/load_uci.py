"""manage.py load_uci: the real card accounts into the book."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from delinquency.books.uci import LoadRefused, load_uci


class Command(BaseCommand):
    help = (
        "Loads the card accounts of the UCI repository (no. 350) as revolving accounts in TWD whose last bill was due "
        "yesterday. Names and contacts are made up, and marked as made. Loading the same file again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV with header, gzipped or not")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            counts = load_uci(file, on_progress=self._progress if options["verbosity"] else None)
        except LoadRefused as error:
            raise CommandError(str(error)) from error
        if counts is None:
            self.stdout.write(
                _("The accounts of {file} are in the book already; nothing was changed.").format(file=file)
            )
            return
        self.stdout.write(
            _(
                "Loaded {account} accounts with {bill} bills and {payment} payments; names and contacts are made up."
            ).format(**counts)
        )

    def _progress(self, done: int, total: int) -> None:
        if done == total or done % 4_000 == 0:
            self.stderr.write(_("  {done} of {total} accounts").format(done=done, total=total))
