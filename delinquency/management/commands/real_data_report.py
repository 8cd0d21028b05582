"""manage.py real_data_report: what came out of the real card accounts, as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from delinquency.books.real_data import report
from delinquency.books.uci import LoadRefused


class Command(BaseCommand):
    help = (
        "Prints the report on the loaded and closed card accounts (docs/real-data.md); FILE is compared with the book."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            for line in report(file):
                self.stdout.write(line)
        except LoadRefused as error:
            raise CommandError(str(error)) from error
