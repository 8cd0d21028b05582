"""The demo's processes, from the Procfile: started together, stopped together."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from django.db import connections
from honcho.environ import expand_processes, parse_procfile
from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message, Printer

HOST = "127.0.0.1"
PORTS_TRIED = 100
SECONDS_TO_END = 5.0
# Ended by Ctrl-C, by SIGTERM: that is how a demo ends.
_ENDED = {128 + signal.SIGINT, 128 + signal.SIGTERM}


class _Manager(Manager):
    """Asks a second time before it kills: a worker in the middle of a job ends that too when it is asked again. It would outlive
    a worker that is killed, and keep its output open."""

    _asked_again: float | None = None

    def _system_print(self, data: str) -> None:
        """In its turn: within the printing of a line, in which a signal may come, nothing can be printed."""
        self.events.put(Message("line", data, self._clock.now(), SYSTEM_PRINTER_NAME, None))

    def kill(self) -> None:
        """Called again and again, from some seconds after the first asking on, while anything is left."""
        if self._asked_again is None:
            self._asked_again = time.monotonic()
            self._killall()
        elif time.monotonic() - self._asked_again > SECONDS_TO_END:
            super().kill()


def free_port(wanted: int) -> int:
    """The first port from `wanted` on that nobody listens on.

    Raises:
        OSError: none of the next hundred is free.
    """
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"No free port from {wanted} to {wanted + PORTS_TRIED - 1}.")


def run(procfile: Path, *, port: int, environment: Mapping[str, str], when_ready: Callable[[], None]) -> int:
    """Run every process of the Procfile until one ends or this one is told to; none outlives it. Returns an exit status.

    `when_ready` is called once the web process answers.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    env = {**os.environ, **environment, "PATH": path, "PYTHONUNBUFFERED": "1"}
    # The forked children must not share this process's connection.
    connections.close_all()
    manager = _Manager(Printer(sys.stdout))
    for process in expand_processes(parse_procfile(procfile.read_text()).processes, env=env, port=port):
        # The sinks say a line a message; the messages' own page says it better.
        is_quiet = process.name.startswith(("mail", "gateway", "core"))
        manager.add_process(process.name, process.cmd, is_quiet, {**env, **process.env}, str(procfile.parent))
    # A closed terminal ends it like Ctrl-C.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    waiting = threading.Thread(target=_when_it_answers, args=(port, when_ready), daemon=True)
    waiting.start()
    manager.loop()
    return 0 if manager.returncode in _ENDED else manager.returncode or 1


def _when_it_answers(port: int, when_ready: Callable[[], None]) -> None:
    for _ in range(300):
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", "/login/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        else:
            when_ready()
            return
        finally:
            connection.close()
