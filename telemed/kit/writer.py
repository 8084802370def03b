"""One writer on SQLite: its members take turns in savepoints, and one COMMIT serves all who have come (DESIGN D7)."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.engine import Engine

T = TypeVar("T")

TOLD = "telemed.told"
GROUP_LIMIT = 64
QUIET_ROUNDS = 3
"""Turns of the event loop without new work, after which a batch closes."""


class CommitFailed(Exception):
    """The group's COMMIT failed; nothing of it was kept."""


class _Group:
    """Transactions that share one COMMIT."""

    def __init__(self) -> None:
        self.size = 0
        self.settled = threading.Event()
        self.error: BaseException | None = None

    def wait(self) -> None:
        """
        Raises:
            CommitFailed: nothing of it was kept.
        """
        self.settled.wait()
        if self.error is not None:
            raise CommitFailed from self.error


class Job(Generic[T]):
    """Some work, and what came of it once that is on disk."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.group: _Group | None = None
        self.result: T | None = None
        self.error: BaseException | None = None

    def answer(self) -> T:
        """
        Raises:
            CommitFailed: the work was done, but not kept.
            BaseException: what the work itself raised.
        """
        if self.error is not None:
            raise self.error
        if self.group is None or self.group.error is not None:
            raise CommitFailed from (self.group.error if self.group else None)
        return cast(T, self.result)


class SqliteWriter:
    """One connection; members take turns in savepoints, and the last of the queue commits for all."""

    def __init__(self, engine: Engine, committed: Callable[[Connection], None]) -> None:
        self._connection = engine.connect()
        self._committed = committed
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="committer")

    @contextmanager
    def member(self) -> Iterator[Connection]:
        self._take_turn()
        try:
            with self._joining() as group:
                yield self._connection
        finally:
            self._leave()
        group.wait()

    @contextmanager
    def beside(self, work: Callable[[Connection], T]) -> Iterator[T]:
        """What *work* returned, for a block that runs while it is written; at the end of the block it is on disk.

        Another thread commits. It is waited for until it has begun, or else it would be let in only after the block.
        """
        self._take_turn()
        try:
            with self._joining() as group:
                made = work(self._connection)
        except BaseException:
            self._leave()
            raise
        begun = threading.Event()
        self._thread.submit(self._leave, begun)
        begun.wait()
        try:
            yield made
        finally:
            group.wait()

    def _take_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        self._turn.acquire()
        with self._counting:
            self._waiting -= 1

    @contextmanager
    def _joining(self) -> Iterator[_Group]:
        told = len(self._connection.info.get(TOLD, ()))
        try:
            group = self._joined()
            with self._savepoint():
                yield group
            group.size += 1
        except BaseException:
            del self._connection.info.get(TOLD, [])[told:]  # what this member told did not happen
            raise

    def _leave(self, begun: threading.Event | None = None) -> None:
        """Give the turn on; the last of the queue commits for all."""
        if begun is not None:
            begun.set()
        try:
            if self._waiting == 0 or self._complete():
                self._settle()
        finally:
            self._turn.release()

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """At the driver: SQLAlchemy's own costs more than all that a booking writes."""
        raw = self._raw()
        raw.execute("SAVEPOINT member")
        try:
            yield
        except BaseException:
            self._undo("member")
            raise
        raw.execute("RELEASE member")

    def _undo(self, savepoint: str) -> None:
        raw = self._raw()
        if raw.in_transaction:  # a full disk has taken all of it back
            raw.execute(f"ROLLBACK TO {savepoint}")
            raw.execute(f"RELEASE {savepoint}")

    def _joined(self) -> _Group:
        if self._group is None:
            self._connection.begin()
            self._group = _Group()
        return self._group

    def _complete(self) -> bool:
        """Nobody may join any more: it is large enough, or taken back, and then a savepoint by itself would commit."""
        return self._group is not None and (self._group.size >= GROUP_LIMIT or not self._raw().in_transaction)

    def _settle(self) -> None:
        group, self._group = self._group, None
        if group is None:
            return
        try:
            self._commit(group)
        except BaseException as error:  # every member must hear of it, whatever it was
            group.error = error
            self._take_back()
        try:
            if group.size and group.error is None:
                self._committed(self._connection)
        finally:
            self._connection.info.pop(TOLD, None)
            group.settled.set()

    def _commit(self, group: _Group) -> None:
        if not group.size:
            return self._connection.rollback()
        if not self._raw().in_transaction:  # on a full disk SQLite itself takes the whole transaction back
            raise CommitFailed("the database took the group back")
        return self._connection.commit()

    def _take_back(self) -> None:
        """Undo what a failed COMMIT has left open; SQLite keeps the transaction where SQLAlchemy believes it gone."""
        self._connection.rollback()
        if self._raw().in_transaction:
            self._raw().rollback()

    def _raw(self) -> Any:
        return self._connection.connection.driver_connection

    def do(self, jobs: "list[Job[Any]]") -> None:
        """Do some work after each other, each in a savepoint of its own, and commit for all."""
        with self._turn:
            for job in jobs:
                self._one(job)
            if self._group is not None:
                self._settle()

    def _one(self, job: "Job[Any]") -> None:
        told = len(self._connection.info.get(TOLD, ()))
        try:
            job.group = self._joined()
            raw = self._raw()
            raw.execute("SAVEPOINT job")
            try:
                job.result = job.work(self._connection)
            except BaseException:
                self._undo("job")
                raise
            raw.execute("RELEASE job")
            job.group.size += 1
        except BaseException as error:  # whoever brought the job must hear of it, whatever it was
            del self._connection.info.get(TOLD, [])[told:]
            job.error = error
        if self._complete():
            self._settle()

    def close(self) -> None:
        self._thread.shutdown()
        with self._turn:
            self._connection.close()


class Soon:
    """Work of async code for a `SqliteWriter`: what comes while one batch is written is written with the next.

    One thread works for all, so nobody pays for a change of threads but once a batch.
    """

    def __init__(self, writer: SqliteWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: list[tuple[Job[Any], asyncio.Future[None]]] = []
        self._busy = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What *work* returned, once it is on disk; it raises what *work* raised, and `CommitFailed`."""
        loop, job = asyncio.get_running_loop(), Job(work)
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((job, done))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._close_when_quiet, loop, 1, QUIET_ROUNDS)
        await done
        return job.answer()

    def _close_when_quiet(self, loop: asyncio.AbstractEventLoop, seen: int, rounds: int) -> None:
        """Look again while work still comes, so that one COMMIT serves as many as possible without a timer."""
        waiting = len(self._waiting)
        if waiting > seen:
            rounds = QUIET_ROUNDS
        if rounds and waiting < GROUP_LIMIT:
            loop.call_soon(self._close_when_quiet, loop, waiting, rounds - 1)
            return
        batch, self._waiting = self._waiting[:GROUP_LIMIT], self._waiting[GROUP_LIMIT:]
        written = loop.run_in_executor(self._thread, self._writer.do, [job for job, _ in batch])
        written.add_done_callback(lambda over: self._tell(loop, batch, over.exception()))

    def _tell(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: "list[tuple[Job[Any], asyncio.Future[None]]]",
        error: BaseException | None,
    ) -> None:
        for job, done in batch:
            job.error = job.error or error
            if not done.done():
                done.set_result(None)
        if self._waiting:
            loop.call_soon(self._close_when_quiet, loop, len(self._waiting), QUIET_ROUNDS)
        else:
            self._busy = False

    def close(self) -> None:
        self._thread.shutdown()
