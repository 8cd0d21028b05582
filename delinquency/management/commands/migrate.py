"""`manage.py migrate`: Django's own, in a fraction of its time (`delinquency/migrating.py`)."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from delinquency.migrating import only_what_changed


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with only_what_changed():
            super().handle(*args, **options)
