"""Many small writes of async code in one transaction: whoever waits goes on after the COMMIT of all."""

import asyncio
import threading
from collections.abc import Callable, Collection
from typing import Generic, TypeVar

from telemed.kit.db import Database, Tx

T = TypeVar("T")

QUIET_ROUNDS = 3
"""Turns of the event loop without a new item, after which a batch closes."""
LARGE = 32


class Batch(Generic[T]):
    """Collects what is put while the last transaction runs, and writes it with the next.

    Args:
        write: writes all of a batch, ``write(tx, items)``.
    """

    def __init__(self, db: Database, write: Callable[[Tx, list[T]], None]) -> None:
        self._db = db
        self._write = write
        self._lock = threading.Lock()
        self._ready = threading.Event()
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._stopped = False

    async def put(self, item: T) -> None:
        """Return when *item* is on disk. The batch closes when the event loop brings no more items for it.

        Raises:
            Exception: whatever kept the batch from being written; nothing of it was kept.
        """
        await self.put_all([item])

    async def put_all(self, items: Collection[T]) -> None:
        """As `put`, for several that are written together.

        Raises:
            Exception: as `put`.
        """
        if not items:
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        with self._lock:
            is_first = not self._waiting
            self._waiting += [(item, done) for item in items]
            if is_first:
                loop.call_soon(self._close_when_quiet, loop, len(items), QUIET_ROUNDS)
        await done

    def _close_when_quiet(self, loop: asyncio.AbstractEventLoop, seen: int, rounds: int) -> None:
        """Look again while items still come, so that one COMMIT serves as many as possible without a timer."""
        waiting = len(self._waiting)
        if waiting > seen:
            rounds = QUIET_ROUNDS
        if rounds and waiting < LARGE:
            loop.call_soon(self._close_when_quiet, loop, waiting, rounds - 1)
        else:
            self._ready.set()

    def run(self) -> None:
        """The body of the writing thread; ends after `stop` once nothing waits."""
        while not (self._stopped and not self._waiting):
            self._ready.wait()
            self._ready.clear()
            with self._lock:
                batch, self._waiting = self._waiting, []
            if batch:
                self._settle(batch)

    def stop(self) -> None:
        self._stopped = True
        self._ready.set()

    def _settle(self, batch: list[tuple[T, "asyncio.Future[None]"]]) -> None:
        error: Exception | None = None
        try:
            with self._db.transaction() as tx:
                self._write(tx, [item for item, _ in batch])
        except Exception as failed:  # everyone who waits must hear of it, whatever it was
            error = failed
        loop = batch[0][1].get_loop()
        loop.call_soon_threadsafe(_tell, list(dict.fromkeys(done for _, done in batch)), error)


def _tell(waiting: "list[asyncio.Future[None]]", error: Exception | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
