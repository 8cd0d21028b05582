"""Recompute the whole book and compare every cache."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.selectors.verify import Difference, account_range, differences
from runs.parallel import over_ranges

# Differences printed in full; a broken book may have millions.
SHOWN = 200


class Command(BaseCommand):
    help = (
        "Recompute everything from the ledger, compare every cache, print differences; exit status 1 if there are any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--processes", type=int, help="how many processes read the book (default: one a core)")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        first, last = account_range()
        total = 0
        for found in over_ranges(_range, first, last, processes=options["processes"]):
            for item in islice(found, max(SHOWN - total, 0)):
                self.stdout.write(f"{item.account}: {item.what}: kept {item.kept}, replayed {item.replayed}")
            total += len(found)
        seconds = time.monotonic() - began
        if total:
            raise CommandError(f"{total} differences ({seconds:.1f} s).", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"The book agrees with its ledger ({seconds:.1f} s)."))


def _range(low: int, high: int) -> list[Difference]:
    return list(differences(low, high))
