"""manage.py explain_standing: why an account is as late as it is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.management.arguments import iso_date, iso_moment
from accounts.models import Account
from accounts.selectors.explain import explain


class Command(BaseCommand):
    help = "Prints, in sentences, why an account is as late as it is: on any day, as known at any moment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account_ref", metavar="ACCOUNT_REF")
        parser.add_argument(
            "--as-of", type=iso_date, metavar="DATE", help="at the end of this day; default: the book's"
        )
        parser.add_argument("--known-at", type=iso_moment, metavar="MOMENT", help="with what was recorded by then")

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(ref=options["account_ref"]).first()
        if account is None:
            raise CommandError(_("There is no account %(ref)s.") % {"ref": options["account_ref"]})
        for sentence in explain(account, as_of=options["as_of"], known_at=options["known_at"]).sentences:
            self.stdout.write(sentence)
