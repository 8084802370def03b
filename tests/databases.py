"""Fresh databases, migrated to the newest tables: SQLite files, and a private PostgreSQL cluster from Debian's package.

Each is a copy of a template made once, or was emptied after another test, so that a test starts in milliseconds. The
cluster listens on no network address, only on a socket in its own folder; fsync is on, as in life.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from telemed import migrations
from telemed.kit.db import Database

USER = "telemed"
TEMPLATE = "telemed_template"
SHAPE = "SELECT count(*), sum(relnatts) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
"""Differs when a table, an index, a sequence or a column was made or dropped."""
EMPTY = """
SET session_replication_role = replica;  -- all goes: no key has to hold between two statements
DO $$
DECLARE
    name text;
    has_rows boolean;
BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO has_rows;
        IF has_rows THEN EXECUTE 'DELETE FROM ' || name; END IF;
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0


class SqliteFiles:
    """SQLite databases in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = itertools.count(1)
        self._template: Path | None = None

    def fresh_url(self) -> str:
        """The address of a new file that has all tables and no rows."""
        if self._template is None:
            self._template = self._made_template()
        path = self._folder / f"fresh-{next(self._count)}.db"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def _made_template(self) -> Path:
        path = self._folder / "template.db"
        _make_tables(f"sqlite:///{path}")
        return path


class PostgresCluster:
    """A PostgreSQL server of our own; it starts with the first database asked for.

    Raises:
        FileNotFoundError: Debian's package postgresql is not installed.
    """

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._emptied: list[str] = []
        self._shape: tuple[int, int] | None = None

    def __enter__(self) -> "PostgresCluster":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fresh_url(self) -> str:
        """The address of a new database that has all tables and no rows."""
        if self._server is None:
            self._start()
        if self._emptied:
            return self._emptied.pop()
        name = f"fresh_{next(self._count)}"
        self._command(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Give the space of *url* back."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._command(f"DROP DATABASE {name} WITH (FORCE)")

    def give_back(self, url: str) -> None:
        """Nobody uses *url* any more: empty it for the next; one whose tables were changed is dropped."""
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            same = connection.execute(SHAPE).fetchone() == self._shape
            if same:
                connection.execute(EMPTY)
        if same:
            self._emptied.append(url)
        else:
            self.drop(url)

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(STOP_TIMEOUT_S)
            self._server = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def _start(self) -> None:
        programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="telemed-postgres-"))
        as_owner = _owner_of(self._folder)
        data = self._folder / "data"
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", USER, "--auth=trust", "--encoding=UTF8"]
        subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, capture_output=True, cwd="/", **as_owner)
        server = [str(programs / "postgres"), "-D", str(data), "-k", str(self._folder), "-h", "", "-N", "200"]
        with (self._folder / "log").open("wb") as log:
            # if the tests are killed, the server ends with them
            ended_with_us = ["setpriv", "--pdeathsig", "INT", *server]
            self._server = subprocess.Popen(ended_with_us, stdout=log, stderr=log, cwd="/", **as_owner)
        self._wait_until_ready()
        self._command(f"CREATE DATABASE {TEMPLATE}")
        _make_tables(self._url(TEMPLATE))
        with psycopg.connect(self._url(TEMPLATE).replace("+psycopg", "")) as connection:
            self._shape = connection.execute(SHAPE).fetchone()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                return self._command("SELECT 1")
            except psycopg.OperationalError:
                if (self._server and self._server.poll() is not None) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _command(self, statement: str) -> None:
        with psycopg.connect(f"host={self._folder} user={USER} dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://{USER}@/{name}?host={self._folder}"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database at *url*, closed at the end."""
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def _make_tables(url: str) -> None:
    with opened(url) as database:
        migrations.upgrade(database)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise FileNotFoundError("PostgreSQL is missing: install Debian's package postgresql (ops/setup.sh test)")
    return found[-1].parent


def _owner_of(folder: Path) -> dict[str, Any]:
    """As whom the server runs, as arguments for `subprocess`: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
