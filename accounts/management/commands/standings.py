"""manage.py standings: how late every account is, as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.management.arguments import iso_date, iso_moment
from accounts.selectors.standings import Asked, standings_csv
from runs import clock
from runs.selectors import book_day


class Command(BaseCommand):
    help = (
        "Writes the standing of every account, late or not, in the order in which the accounts entered the book: on any day, "
        "as known at any moment. An account that is not late has bucket M0, class normal, and no date or kind."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--as-of", type=iso_date, metavar="DATE", help="at the end of this day; default: the book's"
        )
        parser.add_argument("--known-at", type=iso_moment, metavar="MOMENT", help="with what was recorded by then")
        parser.add_argument("--csv", required=True, metavar="FILE", help="where to write; - is the standard output")
        parser.add_argument("--processes", type=int, metavar="N", help="how many at a time; default: one a processor")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = Asked(options["as_of"] or book_day() or clock.today(), options["known_at"])
        texts = standings_csv(asked, processes=options["processes"])
        if options["csv"] == "-":
            for text in texts:
                self.stdout.write(text, ending="")
            return
        try:
            with Path(options["csv"]).open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(texts)
        except OSError as error:
            raise CommandError(_("The file cannot be written: %(error)s") % {"error": error}) from error
