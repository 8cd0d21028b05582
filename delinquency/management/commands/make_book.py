"""manage.py make_book: a large plausible book, for measuring and for trying things out."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from delinquency.books.making import BookNotEmpty, make_book


class Command(BaseCommand):
    help = (
        "Makes a plausible book in an empty database, set-based and month by month: about 8 % of the accounts late, about "
        "1 % changing standing on each of the next nights. Everything in it is made up, and marked as made."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accounts", type=int, required=True, metavar="N")
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument("--bills", type=int, default=12, help="bills an account (12)")
        parser.add_argument("--processes", type=int, default=2, help="processes that make histories (2)")

        parser.add_argument("--parts", action="store_true", help="print how long each part took")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            made = make_book(
                accounts=options["accounts"],
                seed=options["seed"],
                bills=options["bills"],
                processes=options["processes"],
                say=self.stdout.write if options["parts"] else lambda _: None,
            )
        except (BookNotEmpty, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("Made a book of {accounts} accounts in {seconds:.0f} s.").format(
                accounts=made.accounts, seconds=time.monotonic() - began
            )
        )
