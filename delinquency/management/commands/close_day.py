"""manage.py close_day: close the day, or every open day."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.management.arguments import iso_date
from audit.services import SystemActor
from delinquency.close_of_day import CloseRefused, DayResult, StepFailed, close_day
from runs import clock


class Command(BaseCommand):
    help = (
        "Closes business days, once and in order: accounts age, fees accrue, cases follow, strategies are applied. "
        "Without a date: every open day through today. A killed run is taken up where it stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--date", type=iso_date, metavar="D", help="close this day, the next one to be closed")
        which.add_argument("--through", type=iso_date, metavar="D", help="close every open day up to this one")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="print what would change and why, and change nothing (holds what it touches locked until its end)",
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            results = close_day(
                actor=SystemActor("close_day"),
                day=options["date"],
                through=options["through"],
                dry_run=options["dry_run"],
            )
        except (CloseRefused, StepFailed) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(results, dry_run=options["dry_run"]), indent=2, ensure_ascii=False))
        else:
            self._print(results, dry_run=options["dry_run"])

    def _print(self, results: list[DayResult], *, dry_run: bool) -> None:
        if not results:
            self.stdout.write(_("Nothing to close: every day through {day} is closed.").format(day=clock.today()))
        for result in results:
            if result.already_closed:
                self.stdout.write(_("{day} is closed already; nothing was done.").format(day=result.day))
                continue
            headline = _("{day} would be closed:") if dry_run else _("{day} closed in {seconds:.1f} s:")
            self.stdout.write(headline.format(day=result.day, seconds=result.seconds))
            for step in result.steps:
                counts = ", ".join(f"{name} {count}" for name, count in step.counts.items()) or _("nothing to do")
                self.stdout.write(f"  {step.step}: {counts} ({step.seconds:.1f} s)")
            if dry_run:
                self._print_changes(result)

    def _print_changes(self, result: DayResult) -> None:
        on_time = _("not late")
        for change in result.changes:
            self.stdout.write(
                _("  {account}: {before} → {after}. {why}").format(
                    account=change.account_ref,
                    before=change.before or on_time,
                    after=change.after or on_time,
                    why=change.why,
                )
            )
        rest = result.changes_total - len(result.changes)
        if rest:
            self.stdout.write(ngettext("  … and {n} more.", "  … and {n} more.", rest).format(n=rest))
        self.stdout.write(
            ngettext("  {n} standing would change.", "  {n} standings would change.", result.changes_total).format(
                n=result.changes_total
            )
        )


def _as_json(results: list[DayResult], *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "days": [
            {
                "day": result.day.isoformat(),
                "already_closed": result.already_closed,
                "seconds": round(result.seconds, 3),
                "steps": [
                    {"step": step.step, "counts": step.counts, "seconds": round(step.seconds, 3)}
                    for step in result.steps
                ],
                **(
                    {
                        "changes_total": result.changes_total,
                        "changes": [
                            {
                                "account_ref": change.account_ref,
                                "from": change.before,
                                "to": change.after,
                                "cause": change.cause,
                            }
                            for change in result.changes
                        ],
                    }
                    if dry_run
                    else {}
                ),
            }
            for result in results
        ],
    }
