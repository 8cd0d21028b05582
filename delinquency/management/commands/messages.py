"""Bring the translations up to date without the system's gettext: extract, merge into the .po files, compile.

manage.py messages            write the .po and .mo files
manage.py messages --check    write nothing; exit 1 if a text has no translation or a .mo is stale
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from delinquency import translations


class Command(BaseCommand):
    help = "Extract the texts of the code and the templates, merge them into the .po files and compile these."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; exit 1 if anything is missing or stale."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            wrong = translations.faults()
            if wrong:
                raise CommandError("\n".join(wrong))
            self.stdout.write("Every text is translated and compiled.")
            return
        for path, missing in translations.update():
            self.stdout.write(f"{path}: {missing} without translation")
