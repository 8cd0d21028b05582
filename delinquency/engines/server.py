"""What both servers do alike: one in a folder, with a password, stopped by a signal and removed with all it holds."""

import os
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from delinquency.engines.common import EngineError, Home, is_running, kept_secret, wait_until

StopMode = Literal["smart", "fast", "immediate", "kill"]


class Server(ABC):
    """A server in a folder. `NAME`: what it is called in messages; `PROGRAM`: what its process runs; `SIGNALS`: by which each
    way of stopping is asked for."""

    NAME: ClassVar[str]
    PROGRAM: ClassVar[str]
    SIGNALS: ClassVar[Mapping[StopMode, signal.Signals]]

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()

    @property
    def home(self) -> Home:
        return Home.of(self.directory)

    @property
    def password(self) -> str:
        return kept_secret(self.directory / "password")

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """The running server's process, or none."""

    @abstractmethod
    def start(self) -> None:
        """Start the server unless it runs, and return when it answers."""

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server if it runs, and return when it is gone. `kill` is a crash, for tests."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, self.SIGNALS[mode])
        if not wait_until(lambda: not is_running(pid, self.PROGRAM), seconds=60):
            raise EngineError(f"{self.NAME} (process {pid}) did not stop within 60 seconds.")

    def restart(self, mode: StopMode = "fast") -> None:
        self.stop(mode)
        self.start()

    def destroy(self) -> None:
        """Stop the server and remove its data and folder."""
        self.stop("immediate")
        self.home.destroy()
        shutil.rmtree(self.directory, ignore_errors=True)
