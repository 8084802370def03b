"""Attempts through the service on PostgreSQL with 8 clients, against the very same statements by the bare driver.

What the service sends for each attempt is recorded once and played again on a second database by psycopg alone.
"""

import asyncio
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import event

from telemed.kit import pace
from telemed.kit.db import Database
from tests.bench.harness import Figure, note
from tests.bench.issue_b.attempts import Attempts, Crowd, book_through_the_service, per_second
from tests.databases import PostgresCluster, opened

ROUNDS = 5
SECONDS = 1.5
CLIENTS = 8
SLICE = 800
"""Recorded transactions that are played again in a round."""
TARGET = 0.4


@dataclass
class Sent:
    """The statements of one transaction, and whether it was committed."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    committed: bool = False


class Tape:
    """Every transaction that a database's connections send."""

    def __init__(self, database: Database) -> None:
        self.sent: list[Sent] = []
        self._open = threading.local()
        tape = self

        class Recorder(psycopg.Cursor[Any]):
            def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
                tape.current.statements.append((query, params))
                return super().execute(query, params, **more)

        @event.listens_for(database.writing, "connect")
        def record(raw: Any, _record: object) -> None:
            raw.cursor_factory = Recorder

        event.listen(database.writing, "begin", lambda _: self._begin())
        event.listen(database.writing, "commit", lambda _: self._end(committed=True))
        event.listen(database.writing, "rollback", lambda _: self._end(committed=False))

    @property
    def current(self) -> Sent:
        found: Sent = self._open.__dict__.setdefault("sent", Sent())
        return found

    def _begin(self) -> None:
        self._open.sent = Sent()

    def _end(self, *, committed: bool) -> None:
        self.current.committed = committed
        self.sent.append(self.current)
        self._open.sent = Sent()


def measure() -> Figure:
    with PostgresCluster() as cluster:
        tape = _recorded(cluster.fresh_url())
        mine, bare = cluster.fresh_url(), cluster.fresh_url()
        with opened(bare) as database:
            Crowd.on(database)
        with opened(mine) as database:
            return _measured(Crowd.on(database), bare, tape)


def _recorded(url: str) -> list[Sent]:
    with opened(url) as database:
        crowd = Crowd.on(database)
        database.writing.dispose()  # connections from here on are recorded
        tape, attempts = Tape(database), Attempts(crowd)
        while len(tape.sent) < ROUNDS * SLICE:
            _service(crowd, attempts, 0.5)
        return tape.sent


def _service(crowd: Crowd, attempts: Attempts, seconds: float) -> float:
    return asyncio.run(
        per_second(attempts, lambda offer: book_through_the_service(crowd, offer), clients=CLIENTS, seconds=seconds)
    )


def _bare(url: str, sent: list[Sent]) -> float:
    """The recorded transactions a second, by so many threads with a connection each, which stay open meanwhile."""
    address, left = url.replace("postgresql+psycopg", "postgresql"), iter(sent)
    ready, lock = threading.Barrier(CLIENTS + 1), threading.Lock()

    def client(_: int) -> None:
        with psycopg.connect(address) as connection:
            ready.wait()
            while (each := _next(left, lock)) is not None:
                for query, params in each.statements:
                    connection.execute(query, params)
                if each.committed:
                    connection.commit()
                else:
                    connection.rollback()

    with ThreadPoolExecutor(CLIENTS) as threads:
        done = [threads.submit(client, n) for n in range(CLIENTS)]
        ready.wait()
        began = time.monotonic()
        for each in done:
            each.result()
        return len(sent) / (time.monotonic() - began)


def _next(left: Iterator[Sent], lock: threading.Lock) -> Sent | None:
    with lock:
        return next(left, None)


def _measured(crowd: Crowd, bare: str, tape: list[Sent]) -> Figure:
    attempts, slices = Attempts(crowd), [tape[n * SLICE : (n + 1) * SLICE] for n in range(ROUNDS)]
    pace.settle()
    _service(crowd, attempts, 0.5)
    pairs = [(_bare(bare, each), _service(crowd, attempts, SECONDS)) for each in slices]
    base, value = (statistics.median(column) for column in zip(*pairs, strict=True))
    each = statistics.mean(len(one.statements) for one in tape)
    note(f"{len(tape)} transactions recorded, {each:.1f} statements each; rounds (bare, service): {pairs}")
    return Figure(
        issue="B",
        row=5,
        name=f"booking attempts through the service, PostgreSQL, {CLIENTS} clients, a quarter refused",
        value=round(value),
        unit="attempts/s",
        baseline=round(base),
        ratio=round(value / base, 3),
        target=f"ratio ≥ {TARGET} of the same statements by the bare driver",
        ok=value / base >= TARGET,
    )
