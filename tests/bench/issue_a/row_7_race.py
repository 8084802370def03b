"""Two residents at once for the last offer, 200 rounds on each database."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.harness import Figure
from tests.builders import make_world
from tests.databases import PostgresCluster, SqliteFiles, opened
from tests.races.test_last_offer import Score, race

ROUNDS = 200


def measure() -> Iterator[Figure]:
    with TemporaryDirectory(prefix="telemed-bench-") as folder, PostgresCluster() as cluster:
        for name, url in (("SQLite", SqliteFiles(Path(folder)).fresh_url()), ("PostgreSQL", cluster.fresh_url())):
            with opened(url) as database:
                yield _figure(name, race(make_world(database), ROUNDS))


def _figure(name: str, score: Score) -> Figure:
    return Figure(
        issue="A",
        row=7,
        name=f"two at once for the last offer, {name}: rounds with exactly one winner",
        value=score.by_winners[1],
        unit=f"of {score.rounds} rounds",
        target=f"{ROUNDS}",
        ok=score == Score(ROUNDS, (0, ROUNDS, 0)),
    )
