from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from delinquency import engines


class Command(BaseCommand):
    help = "Shows the embedded PostgreSQL and Valkey, stops them, or removes them with all their data."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["status", "stop", "destroy"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "status":
            for name, pid in engines.status().items():
                self.stdout.write(f"{name}: process {pid}" if pid else f"{name}: not running")
            self.stdout.write(f"Kept in {engines.var_folder()}")
        elif action == "stop":
            engines.stop()
            self.stdout.write("Stopped. Whoever still uses them must be started again.")
        else:
            engines.destroy()
            self.stdout.write("Stopped and removed, with everything that they held.")
