"""Fixtures for all tests."""

import logging
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog
from hypothesis import settings

from telemed.kit.db import Database
from tests.counts import COUNTED, Counted
from tests.databases import PostgresCluster, SqliteFiles, opened

settings.register_profile("house", deadline=None)  # figures come from benchmarks, never from a timed test
settings.load_profile("house")
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # where each test captures it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Logs go where they went before a test that starts a program in this process: what it captures ends with it."""
    kept, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        return (yield)
    finally:
        structlog.configure(**kept)
        structlog.contextvars.clear_contextvars()
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture
def anyio_backend() -> str:
    """Coroutines among the tests run on asyncio, as the programs do."""
    return "asyncio"


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """For a test whose count is smaller than its proof's."""
    return lambda text: record_property(COUNTED, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The counts of all tests, also of those that another worker ran."""
    lines = [
        str(text)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, text in report.user_properties
        if name == COUNTED
    ]
    if lines:
        terminalreporter.section("counts")
        terminalreporter.write("".join(f"{line}\n" for line in lines))
    again = [str(report.nodeid) for report in terminalreporter.stats.get("rerun", ())]
    if again:
        terminalreporter.section("failed once and was run again (decision 0029)")
        terminalreporter.write("".join(f"{name}\n" for name in again))


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """Makes SQLite databases."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """Makes PostgreSQL databases; the server starts with the first."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture
def sqlite_database(sqlite_files: SqliteFiles) -> Iterator[Database]:
    """An empty SQLite database with all tables."""
    with opened(sqlite_files.fresh_url()) as database:
        yield database


@pytest.fixture
def postgres_database(postgres_cluster: PostgresCluster) -> Iterator[Database]:
    """An empty PostgreSQL database with all tables."""
    url = postgres_cluster.fresh_url()
    with opened(url) as database:
        yield database
    postgres_cluster.give_back(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database with all tables; a test that asks for it runs on SQLite and on PostgreSQL."""
    name = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    made = request.getfixturevalue(name)
    assert isinstance(made, Database)
    return made
