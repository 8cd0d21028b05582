"""`manage.py demo` as a whole: it starts everything, stops everything, and goes on where it was."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from shutil import copytree

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from delinquency import engines
from delinquency.books.demo_book import ACCOUNTS as ALL
from delinquency.demo.logins import LOGINS, make_logins
from delinquency.demo.processes import free_port
from delinquency.management.commands.demo import FEWEST
from staff.models import AuthorityLimit, Role, Team, User
from tests.made import like
from tests.migrated import copy_into
from tests.sizes import sized
from waivers.models import WaiverPolicy

# As few as a demo takes; FULL=1: as many as it has.
ACCOUNTS = sized(FEWEST, ALL)


# Standings that are older than their book, and promises that were broken before the money that kept them came.
CONTRADICTIONS = """
from accounts.models import StandingChange
from audit.models import Event
from cases.models import Promise
loaded = Event.objects.filter(verb="customer.loaded").latest("at").at
print(StandingChange.objects.exclude(cause="import").filter(recorded_at__lt=loaded).count())
kept = list(Promise.objects.filter(status="kept").values_list("pk", flat=True))
print(Event.objects.filter(verb="promise.broken", subject_id__in=kept).count())
"""


class Demo:
    """A demo in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        taken = {"DATABASE_URL", "REDIS_URL", "DELINQUENCY_CLOCK"}
        self.folder = folder
        self.environment = {
            **{key: value for key, value in os.environ.items() if key not in taken},
            "DELINQUENCY_VAR": str(folder),
            "PORT": str(free_port(18_000)),
            "EMAIL_PORT": str(free_port(18_500)),
        }

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def run_until_ready_then(self, number: signal.Signals) -> tuple[str, str, int]:
        """Start it, read its page once it is ready, end it; its output, the page and the exit status."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--accounts", str(ACCOUNTS)],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        output, page = "", ""
        try:
            for line in process.stdout:
                output += line
                if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line) if "Ready" in line else None:
                    with urllib.request.urlopen(f"{found[0]}login/", timeout=10) as answer:
                        page = answer.read().decode()
                    process.send_signal(number)
        finally:
            if process.poll() is None and not page:
                process.kill()
        return output, page, process.wait(30)

    def is_left_alone(self) -> bool:
        """Nobody uses the engines any more (each process of ours holds a lock while it lives), and they have stopped."""
        with (self.folder / "engines.users").open() as file:
            try:
                flock(file, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                return False
        return engines.PostgresServer(self.folder / "postgres").pid is None


@pytest.fixture
def demo(tmp_path: Path, migrated_template: str, made_postgres: engines.PostgresServer) -> Iterator[Demo]:
    running = Demo(tmp_path / "var")
    server = like(made_postgres, running.folder / "postgres")
    server.start()
    copy_into(server, migrated_template)
    server.stop()
    # Cut out once for all of this checkout's tests, which takes five seconds (`tests/reminders/channels/test_letter.py`).
    if (fonts := engines.var_folder() / "fonts").exists():
        copytree(fonts, running.folder / "fonts")
    yield running
    running.manage("engines", "destroy")


@pytest.mark.long
def test_a_demo_starts_stops_and_goes_on_where_it_was(demo: Demo) -> None:
    demo.manage("migrate", "--verbosity", "0")
    output, page, status = demo.run_until_ready_then(signal.SIGINT)
    assert f"Loaded {ACCOUNTS} accounts" in output, output
    assert " closed in " in output
    assert "csrfmiddlewaretoken" in page, output
    assert all(login[0] in output for login in LOGINS)
    assert status == 0
    assert demo.is_left_alone()
    assert demo.manage("shell", "--no-imports", "-c", CONTRADICTIONS).split() == ["0", "0"]
    output, page, status = demo.run_until_ready_then(signal.SIGTERM)
    assert "Going on with the book" in output
    assert "Loaded" not in output
    assert (bool(page), status) == (True, 0)
    assert demo.is_left_alone()


def test_a_book_too_small_for_a_demo_is_refused() -> None:
    with pytest.raises(CommandError, match="2499 accounts are too few for a demo: give 2500 or more"):
        call_command("demo", "--accounts", "2499")


@pytest.mark.django_db
def test_logins_are_made_once_and_keep_their_passwords() -> None:
    first = make_logins()
    assert make_logins() == first
    assert User.objects.count() == len(LOGINS)
    for login in first:
        user = User.objects.get(username=login.username)
        assert user.is_staff
        assert user.check_password(login.password)
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.django_db
def test_its_people_may_decide_in_its_currency_too() -> None:
    make_logins()
    make_logins()
    for model in (WaiverPolicy, AuthorityLimit):
        installed, its_own = (model.objects.filter(currency=currency).count() for currency in ("CNY", "TWD"))
        assert installed == its_own > 0


@pytest.mark.django_db
def test_every_role_has_a_login_and_the_teams_share_the_buckets() -> None:
    make_logins()
    assert not Role.objects.filter(user=None).exists()
    early, late = Team.objects.order_by("name")
    buckets = [bucket for team in (early, late) for bucket in team.portfolios.get().buckets]
    assert buckets == ["M1", "M2", "M3", "M4", "M5", "M6", "M7+"]
    assert User.objects.get(username="collector").team == early
    assert set(User.objects.get(username="supervisor").supervises.all()) == {early, late}


@pytest.mark.django_db
def test_the_printed_code_signs_in(capsys, client: Client) -> None:
    password = {login.username: login.password for login in make_logins()}["collector"]
    call_command("demo_code", "collector")
    name, code = capsys.readouterr().out.split()[:2]
    assert name == "collector"
    client.post("/login/", {"username": name, "password": password})
    assert client.post("/login/code/", {"code": code})["Location"] == "/home/"
    assert client.get("/preferences/").status_code == 200


@pytest.mark.django_db
def test_codes_are_printed_for_every_login_or_for_one_that_exists(capsys) -> None:
    call_command("demo_code")
    printed = capsys.readouterr().out
    assert all(login[0] in printed for login in LOGINS)
    with pytest.raises(CommandError, match="no login 'lin'"):
        call_command("demo_code", "lin")


def test_a_real_database_gets_no_demo_no_logins_and_no_benchmark(settings, monkeypatch) -> None:
    settings.EMBEDDED = False
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere.example/book")
    for command in ("demo", "demo_code", "bench"):
        with pytest.raises(CommandError, match="embedded"):
            call_command(command)
    with pytest.raises(PermissionError):
        make_logins()
