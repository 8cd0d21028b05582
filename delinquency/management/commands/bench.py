"""manage.py bench: measure on a large made book and write docs/benchmarks.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from delinquency.bench.inside import INSIDE
from delinquency.bench.report import write
from delinquency.bench.run import run, run_workbench


class Command(BaseCommand):
    help = (
        "Makes a large book in databases of its own (bench_*, in the embedded server), measures the close of day beside its "
        "floor, the pages, the import and more, and writes docs/benchmarks.md. A million accounts take about half an hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accounts", type=int, default=1_000_000, metavar="N")
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument("--imported", type=int, default=100_000, metavar="N", help="accounts to import (100,000)")
        parser.add_argument("--keep", action="store_true", help="keep the made book for the next run")
        parser.add_argument("--output", type=Path, metavar="FILE", help="instead of docs/benchmarks….md")
        parser.add_argument(
            "--workbench", action="store_true", help="the workbench alone, into docs/benchmarks-workbench.md"
        )
        parser.add_argument("--inside", choices=sorted(INSIDE), help="one part, on this database (used by the others)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(_("The benchmark makes and drops databases: it runs in the embedded server only."))
        if part := options["inside"]:
            self.stdout.write(json.dumps(INSIDE[part](options["seed"])))
            return
        wanted = {name: options[name] for name in ("accounts", "seed", "keep")}
        if options["workbench"]:
            found, name = run_workbench(**wanted, say=self._say), "benchmarks-workbench.md"
        else:
            found, name = run(**wanted, imported=options["imported"], say=self._say), "benchmarks.md"
        file = options["output"] or settings.BASE_DIR / "docs" / name
        write(found, file)
        self.stdout.write(_("Wrote {file}.").format(file=file))

    def _say(self, line: str) -> None:
        self.stderr.write(line)
        self.stderr.flush()
