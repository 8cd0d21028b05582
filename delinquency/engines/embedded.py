"""The embedded engines of this checkout, shared by all its processes: the first one in starts, the last one out stops.

Every process that uses them holds a shared lock on `var/engines.users`. Whoever leaves and can get that lock
exclusively is the last, and stops them. A lock dies with its process, so a process that was killed is no longer
counted. Starting and stopping happen under `var/engines.lock`, so two processes that start at once start one engine.
"""

import atexit
import os
import shutil
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from urllib.parse import quote

from delinquency.engines.common import CHECKOUT, locked, open_lock, remove_copies
from delinquency.engines.postgres import PostgresServer
from delinquency.engines.valkey import ValkeyServer

# The lock that counts this process as a user of the engines (see `ensure`).
_seat: int | None = None


def var_folder() -> Path:
    """The folder for everything that running makes: DELINQUENCY_VAR, or var/ in the checkout."""
    return Path(os.environ.get("DELINQUENCY_VAR") or CHECKOUT / "var").absolute()


def _postgres() -> PostgresServer:
    return PostgresServer(var_folder() / "postgres")


def _valkey() -> ValkeyServer:
    return ValkeyServer(var_folder() / "valkey")


def database_url() -> str:
    """Where the database is: DATABASE_URL, or the embedded one's address (which needs `ensure` to answer)."""
    return os.environ.get("DATABASE_URL") or _postgres().url


def redis_url() -> str:
    """Where the queues are: REDIS_URL, or the embedded Valkey's address (which needs `ensure` to answer)."""
    return os.environ.get("REDIS_URL") or _valkey().url


def database_is_embedded() -> bool:
    """Whether the database is the embedded one, however it was named."""
    named = os.environ.get("DATABASE_URL")
    return not named or quote(str(_postgres().home.sockets), safe="") in named


def valkey_is_embedded() -> bool:
    """Whether the queues are in the embedded Valkey, however it was named."""
    named = os.environ.get("REDIS_URL")
    return not named or quote(str(_valkey().home.sockets)) in named


def ensure() -> None:
    """Start or join the engines that no address names; this process counts as their user until it ends.

    Raises:
        EngineError: an engine does not start.
    """
    global _seat
    servers: list[PostgresServer | ValkeyServer] = [
        *([_postgres()] if database_is_embedded() else []),
        *([_valkey()] if valkey_is_embedded() else []),
    ]
    if not servers:
        return
    var_folder().mkdir(parents=True, exist_ok=True)
    with locked(_mutex()):
        if _seat is None:
            _seat = _take_seat()
            atexit.register(release)
            os.register_at_fork(after_in_child=_after_fork)
        for server in servers:
            server.start()


def release() -> None:
    """Leave; the last one out stops the engines. Safe to call twice."""
    global _seat
    if _seat is None:
        return
    with locked(_mutex()):
        seat, _seat = _seat, None
        try:
            flock(seat, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return
        else:
            _stop_all()
        finally:
            os.close(seat)


def stop() -> None:
    """Stop the embedded engines now, whoever uses them."""
    var_folder().mkdir(parents=True, exist_ok=True)
    with locked(_mutex()):
        _stop_all()


def destroy() -> None:
    """Stop the embedded engines and remove all that they hold, with the secrets that made it readable."""
    stop()
    _valkey().destroy()
    _postgres().destroy()
    shutil.rmtree(var_folder() / "secrets", ignore_errors=True)
    remove_copies()


def status() -> dict[str, int | None]:
    """The process of each embedded engine, or none where it is not running."""
    return {"PostgreSQL": _postgres().pid, "Valkey": _valkey().pid}


def _stop_all() -> None:
    _valkey().stop()
    _postgres().stop()


def _mutex() -> Path:
    return var_folder() / "engines.lock"


def _take_seat() -> int:
    seat = open_lock(var_folder() / "engines.users")
    flock(seat, LOCK_SH)
    return seat


def _after_fork() -> None:
    """A forked child (an RQ work-horse, a web worker) takes a seat of its own: the parent's lock would be shared."""
    global _seat
    if _seat is not None:
        os.close(_seat)
        _seat = _take_seat()
