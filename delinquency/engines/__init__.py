"""The two engines, PostgreSQL and Valkey: embedded under var/ unless DATABASE_URL or REDIS_URL name others.

`ensure()` is all that a process needs: it starts or joins the embedded engines, and the last process out stops them.
`database_url()` and `redis_url()` say where they are, started or not, so that settings can be read at any time.
`PostgresServer` and `ValkeyServer` are one server in one folder, for tests that need a private one to torment.

Nothing here imports Django: it runs before the settings are read.
"""

from delinquency.engines.common import EngineError, kept_secret
from delinquency.engines.embedded import (
    database_is_embedded,
    database_url,
    destroy,
    ensure,
    redis_url,
    release,
    status,
    stop,
    var_folder,
)
from delinquency.engines.postgres import PostgresServer
from delinquency.engines.valkey import ValkeyServer

__all__ = [
    "EngineError",
    "PostgresServer",
    "ValkeyServer",
    "database_is_embedded",
    "database_url",
    "destroy",
    "ensure",
    "kept_secret",
    "redis_url",
    "release",
    "status",
    "stop",
    "var_folder",
]
