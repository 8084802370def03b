"""Attempts through the service, durable, on SQLite with 64 clients, against the machine's own disk loop."""

import asyncio
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from telemed.kit import pace
from tests.bench.harness import OUT, Figure, note
from tests.bench.issue_b.attempts import (
    Attempts,
    Crowd,
    alternated,
    book_through_the_service,
    per_second,
    syncs_per_second,
)
from tests.databases import SqliteFiles, opened

ROUNDS = 5
SECONDS = 1.5
CLIENTS = 64
TARGET = 0.25


def measure() -> Figure:
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="telemed-bench-", dir=OUT) as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
    ):
        return _measured(Crowd.on(database), Path(folder))


def _measured(crowd: Crowd, folder: Path) -> Figure:
    attempts = Attempts(crowd)
    pace.settle()  # as the centre does

    def service() -> float:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            measured = per_second(
                attempts, lambda offer: book_through_the_service(crowd, offer), clients=CLIENTS, seconds=SECONDS
            )
            return runner.run(measured)

    service()
    pairs = list(alternated(lambda: syncs_per_second(folder, SECONDS), service, ROUNDS))
    base, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    share = attempts.refused / (attempts.accepted + attempts.refused)
    note(f"{crowd.claims} claims each; {attempts.accepted} accepted, {share:.0%} refused; " + str(pairs))
    return Figure(
        issue="B",
        row=4,
        name=f"booking attempts through the service, SQLite, {CLIENTS} clients, a quarter refused",
        value=round(value),
        unit="attempts/s",
        baseline=round(base),
        ratio=round(value / base, 3),
        target=f"ratio ≥ {TARGET} of write 4 KB + fdatasync",
        ok=value / base >= TARGET,
    )
