"""Databases of the benchmark's own in the embedded server, and commands measured on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from delinquency import engines

PREFIX = "bench_"


@dataclass(frozen=True)
class Database:
    """A database of the benchmark, by the last part of its name."""

    name: str

    @property
    def url(self) -> str:
        facts = connection.settings_dict
        return (
            f"postgresql://{facts['USER']}:{quote(facts['PASSWORD'])}@/{PREFIX}{self.name}"
            f"?host={quote(str(facts['HOST']), safe='')}"
        )

    def connect(self) -> psycopg.Connection:
        """A session in autocommit."""
        return psycopg.connect(self.url, autocommit=True)

    def connect_as_superuser(self) -> psycopg.Connection:
        """For what a measurement prepares, such as taking rows out from under their keys."""
        server = engines.PostgresServer(engines.var_folder() / "postgres")
        return psycopg.connect(server.superuser_url.replace("/postgres?", f"/{PREFIX}{self.name}?"), autocommit=True)

    def exists(self) -> bool:
        with _server() as server:
            found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [PREFIX + self.name]).fetchone()
        return found is not None

    def create(self, template: Database | None = None) -> None:
        """Create it anew, empty and migrated, or as a copy of another."""
        self.drop()
        with _server() as server:
            copy = f" TEMPLATE {PREFIX}{template.name} STRATEGY FILE_COPY" if template else ""
            server.execute(f"CREATE DATABASE {PREFIX}{self.name}{copy}".encode())
        if template is None:
            self.manage("migrate", "--verbosity", "0")

    def drop(self) -> None:
        with _server() as server:
            server.execute(f"DROP DATABASE IF EXISTS {PREFIX}{self.name} WITH (FORCE)".encode())

    def warm(self) -> None:
        """Read the whole database into the machine's page cache: the copies made beside it may have pushed it out."""
        with self.connect_as_superuser() as session:
            session.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            session.execute(
                """SELECT pg_prewarm(oid, 'read') FROM pg_class
                    WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"""
            )

    def settle(self) -> None:
        """Vacuum, analyse and write everything out, so that no housekeeping falls into a measurement."""
        with self.connect() as session:
            session.execute("VACUUM ANALYZE")
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write everything out. After it the first change of each page writes the whole page to the log, whoever's it is: two
        measurements are alike only if both begin so."""
        with self.connect_as_superuser() as superuser:
            superuser.execute("CHECKPOINT")

    def keep_note(self, note: str) -> None:
        """Keep a note on the database itself, for runs that find it made."""
        with _server() as server:
            server.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(PREFIX + self.name), note))

    def note(self) -> str:
        """The note kept on it; blank when there is none."""
        with _server() as server:
            row = server.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [PREFIX + self.name]
            ).fetchone()
        return (row and row[0]) or ""

    def manage(self, *arguments: str) -> Run:
        """Run a manage.py command on this database, in a process of its own.

        Raises:
            RuntimeError: it failed.
        """
        began = time.monotonic()
        process = self.start(*arguments)
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{output}")
        return Run(output, time.monotonic() - began, usage.ru_maxrss / 1024)

    def start(self, *arguments: str, stdin: int | None = None) -> subprocess.Popen[str]:
        """Start a manage.py command on this database; its output is to be read."""
        return subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments],
            env={**os.environ, "DATABASE_URL": self.url, "DELINQUENCY_LOG_LEVEL": "ERROR"},
            stdin=stdin,
            stdout=subprocess.PIPE,
            text=True,
        )


@dataclass(frozen=True)
class Run:
    """What a command printed, its seconds with start-up, and its peak memory in MiB (the kernel's high-water mark)."""

    output: str
    seconds: float
    peak_mib: float

    @property
    def json(self) -> Any:
        return json.loads(self.output)


@contextmanager
def _server() -> Iterator[psycopg.Connection]:
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as session:
        yield session


def pipe(
    source: psycopg.Connection, target: psycopg.Connection, query: str, table: str, columns: Sequence[str]
) -> None:
    """Copy the rows of `query` in one database into a table of another."""
    names = ", ".join(columns)
    with (
        source.cursor() as reader,
        target.cursor() as writer,
        reader.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode()) as rows,
        writer.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)".encode()) as out,
    ):
        for block in rows:
            out.write(block)


def columns_of(session: psycopg.Connection, table: str) -> list[str]:
    """The columns of a table, in order."""
    found = session.execute(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        [table],
    ).fetchall()
    return [name for (name,) in found]
