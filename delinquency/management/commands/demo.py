"""manage.py demo: everything at once, on this machine only."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from audit.services import SystemActor
from delinquency import engines
from delinquency.books.demo_book import ACCOUNTS, load_demo_book
from delinquency.books.uci import LoadRefused, load_uci
from delinquency.close_of_day import CloseRefused, StepFailed, close_day
from delinquency.demo.history import before_all, live_through
from delinquency.demo.hours import RUNNING, DemoClock, choose_clock, keep_clock, read_clock, running
from delinquency.demo.logins import Login, make_logins
from delinquency.demo.processes import HOST, free_port, run
from delinquency.jobs import last_ended_day
from runs import clock
from runs.selectors import has_closed_any

_CHOSEN = "DELINQUENCY_DEMO_CLOCK_CHOSEN"
# Among fewer the demo's people do not find everything that they decide about.
FEWEST = 2_500


class Command(BaseCommand):
    help = (
        "Loads a book, closes the day, starts web, worker, cron and a mail server that delivers nothing, and prints the "
        "address and the logins. Ctrl-C stops them all; run again, it goes on where it was. Embedded database only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--book", type=Path, metavar="FILE", help="the UCI card accounts instead of a made book")
        parser.add_argument("--accounts", type=int, default=ACCOUNTS, help=f"how many the made book has ({ACCOUNTS})")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000), help="web port (8000)")

    def handle(self, *args: Any, book: Path | None, accounts: int, port: int, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(_("The demo makes people up and prints logins: it runs on the embedded database only."))
        if accounts < FEWEST:
            raise CommandError(
                _("{count} accounts are too few for a demo: give {fewest} or more.").format(
                    count=accounts, fewest=FEWEST
                )
            )
        self._set_clock()
        with running(settings.VAR_DIR / RUNNING, _its_clock()):
            self._run(book, accounts, port)

    def _run(self, book: Path | None, accounts: int, port: int) -> None:
        self._load(book, accounts)
        logins = make_logins()
        self._close()
        web, mail = free_port(port), free_port(settings.EMAIL_PORT)
        gateway = free_port(mail + 1)
        core = free_port(gateway + 1)
        if web != port:
            self.stdout.write(_("Port {port} is taken; using {free}.").format(port=port, free=web))
        self.stdout.flush()
        sys.exit(
            run(
                settings.BASE_DIR / "Procfile",
                port=web,
                environment={
                    **_its_clock(),
                    "EMAIL_PORT": str(mail),
                    "WEBHOOK_URL": f"http://{HOST}:{gateway}",
                    "CORE_URL": f"http://{HOST}:{core}",
                    "SINKS_TELL_URL": f"http://{HOST}:{web}",
                },
                when_ready=lambda: self._announce(web, logins),
            )
        )

    def _set_clock(self) -> None:
        """Choose the clock and begin anew under it: settings are read once."""
        if settings.CLOCK_STARTS_AT is None and _CHOSEN not in os.environ:
            file = settings.VAR_DIR / "demo-clock.json"
            real = datetime.now(timezone.get_default_timezone())
            clock = choose_clock(real, read_clock(file))
            keep_clock(file, clock)
            self.stdout.flush()
            os.environ.update({_CHOSEN: "1", **clock.environment()})
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # this very command again
        if settings.CLOCK_STARTS_AT is not None:
            self.stdout.write(
                _("The demo runs on a set clock, begun at {moment}: at night nothing may be sent to anyone.").format(
                    moment=timezone.localtime(settings.CLOCK_STARTS_AT).isoformat(" ", "minutes")
                )
            )

    def _load(self, book: Path | None, accounts: int) -> None:
        try:
            with clock.frozen(before_all()):
                if book is not None:
                    counts = load_uci(book, on_progress=self._progress)
                elif Account.objects.exists():
                    counts = None
                else:
                    counts = load_demo_book(accounts=accounts, on_progress=self._progress)
        except LoadRefused as error:
            raise CommandError(str(error)) from error
        if counts is None:
            self.stdout.write(_("Going on with the book that is there."))
        else:
            self.stdout.write(
                _("Loaded {account} accounts with {bill} bills and {payment} payments; all people are made up.").format(
                    **counts
                )
            )

    def _close(self) -> None:
        try:
            if not has_closed_any():
                live_through(on_day=self._closed)
            # Today is still to be worked: its night closes it.
            for result in close_day(actor=SystemActor("demo"), through=last_ended_day()):
                if not result.already_closed:
                    self._closed(result.day, result.seconds)
        except (CloseRefused, StepFailed) as error:
            raise CommandError(str(error)) from error

    def _closed(self, day: date, seconds: float) -> None:
        self.stdout.write(_("{day} closed in {seconds:.1f} s.").format(day=day, seconds=seconds))
        self.stdout.flush()

    def _announce(self, port: int, logins: list[Login]) -> None:
        lines = [_("Ready: http://{host}:{port}/").format(host=HOST, port=port)]
        lines += [f"  {login.username:<14} {login.password}" for login in logins]
        lines += [_("After the password comes a code of six digits: `make code` prints those of the present moment.")]
        lines += [_("Mail goes to {folder} and nowhere else. Ctrl-C stops everything.").format(folder=_outbox())]
        self.stdout.write("\n" + "\n".join(lines) + "\n")
        self.stdout.flush()

    def _progress(self, done: int, total: int) -> None:
        if done == total or done % 4_000 == 0:
            self.stdout.write(_("  {done} of {total} accounts").format(done=done, total=total))
            self.stdout.flush()


def _its_clock() -> dict[str, str]:
    """The variables that set the clock under which this process runs."""
    if settings.CLOCK_STARTS_AT is None:
        return {}
    return DemoClock(settings.CLOCK_STARTS_AT, settings.CLOCK_STARTED, is_set=True).environment()


def _outbox() -> Path:
    return engines.var_folder() / "outbox-sink"
