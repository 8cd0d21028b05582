"""A PostgreSQL server of a test's own, on data that was made once: a tenth of a second instead of the two that making takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from delinquency import engines


def make(directory: Path) -> engines.PostgresServer:
    """A new server, made as ever and stopped: what `like` copies."""
    server = engines.PostgresServer(directory)
    server.start()
    server.stop()
    return server


def like(made: engines.PostgresServer, directory: Path) -> engines.PostgresServer:
    """Another one in `directory`, not started, with the data and the password of one that was `make`d."""
    server = engines.PostgresServer(directory)
    server.home.prepare()
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy2(made.directory / "password", directory)
    subprocess.run(["cp", "-a", made.home.data, server.home.data], check=True)
    return server
