"""manage.py demo_code: the second step of the demo's logins, for who has a terminal and no telephone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from delinquency.demo.logins import LOGINS, codes


class Command(BaseCommand):
    help = (
        "Prints the six digits that a login of the demo needs now after its password, or those of all logins. A code "
        "signs in once. Embedded database only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", metavar="USERNAME", help="one login only, such as collector")

    def handle(self, *args: Any, username: str | None, **options: Any) -> None:
        try:
            found = codes([username] if username else [login[0] for login in LOGINS])
        except (PermissionError, LookupError) as error:
            raise CommandError(str(error)) from error
        for code in found:
            self.stdout.write(f"{code.username:<14} {code.digits}")
        self.stdout.write(_("Shown for {seconds} s more; each signs in once.").format(seconds=found[0].seconds))
