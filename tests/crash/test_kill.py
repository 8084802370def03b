"""``kill -9`` of the centre while eight book, with keys and retries; ``CRASH_CYCLES`` (default 10) on each database.

The proof does 1,000 on each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.counts import Counted
from tests.databases import PostgresCluster, SqliteFiles

CYCLES = int(os.environ.get("CRASH_CYCLES", "10"))
SEED = 7
TIMEOUT_S = 280.0


def lives(url: str, cycles: int, *more: str, seed: int = SEED) -> dict[str, Any]:
    """What was counted over so many lives of the centre."""
    command = [sys.executable, "-m", "tests.crash.cycles", url, str(cycles), str(seed), *more]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes the addresses of fresh databases that nobody has open."""
    if request.param == "sqlite":
        files: SqliteFiles = request.getfixturevalue("sqlite_files")
        return files.fresh_url
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.fresh_url


@pytest.mark.timeout(300)
def test_what_the_centre_acknowledged_is_there_after_it_was_killed(fresh: Callable[[], str], counted: Counted) -> None:
    found = lives(fresh(), CYCLES)
    counted(f"killed: {found}")
    assert found["holds"]
    assert found["acknowledged"] > CYCLES
    assert found["refused"] > 0


@pytest.mark.timeout(300)
def test_a_centre_that_answers_before_its_commit_loses_what_it_acknowledged(fresh: Callable[[], str]) -> None:
    """If this lost nothing, the test above would prove nothing."""
    found = lives(fresh(), 6, "--too-early")
    assert found["lost"] > 0
    assert not found["holds"]
