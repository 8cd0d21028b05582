"""Narrow the holds of plans that were decided before a hold could be about some bills alone."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from audit.services import SystemActor
from restructuring.services.narrowing import narrow_holds


class Command(BaseCommand):
    help = (
        "Let the hold of contact of each live plan be about the plan's own bills alone, so that what is overdue beside them is"
        " worked; recorded on each account. Again it changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{narrow_holds(actor=SystemActor('migration'))} holds narrowed.")
