"""manage.py measure_uci: compute the figures that made books follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from delinquency.books.figures import FILE, measure, write_figures
from delinquency.books.uci import LoadRefused, read_rows


class Command(BaseCommand):
    help = "Computes the figures of the real card accounts anew and writes them into the repository."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            write_figures(measure(list(read_rows(file))))
        except LoadRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("Wrote {file}.").format(file=FILE.name))
