"""Workers of the outbox that begin in a hundredth of a second, to be killed by the dozen: each is forked from a process that has
everything loaded and no connection open."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


class Crew:
    """The process that forks them; `with Crew(environment) as crew`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.reminders.crew"],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait(timeout=60)

    def begin(self, channel: str, at: datetime | None = None) -> int:
        """A worker that sends what is due of a channel at `at` (else by the real clock), and ends; its process id."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(f"{channel} {at.isoformat() if at else '-'}\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())


def kill(pid: int) -> None:
    """kill -9."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    ended(pid)


def ended(pid: int, seconds: float = 30) -> None:
    """Wait until it is no more.

    Raises:
        psutil.TimeoutExpired: it still is after so many seconds.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=seconds)


def _serve() -> None:
    import django

    django.setup()
    from reminders import services
    from reminders.channels import registry
    from runs import clock

    for channel in ("email", "sms"):
        registry.adapter(channel)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        channel, at = line.split()
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        try:
            if at == "-":
                services.deliver(channel, seconds=120)
            else:
                with clock.frozen(datetime.fromisoformat(at)):
                    services.deliver(channel, seconds=120)
        except BaseException:
            traceback.print_exc()
        os._exit(0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delinquency.settings")
    _serve()
