"""The database: one writer with group commit on SQLite, a pool on PostgreSQL, the same verbs on both (DESIGN D7)."""

import asyncio
import fcntl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, DateTime, Dialect, MetaData, create_engine, event, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.types import String, TypeDecorator

from telemed.kit.glance import Glance
from telemed.kit.writer import TOLD, CommitFailed, Soon, SqliteWriter

T = TypeVar("T")

__all__ = ["CommitFailed"]

Tx = Connection
"""An open transaction; whoever holds one never commits it."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
"""Every table of the centre, once its capability's store is imported."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")
_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:what, 0))")
_SHARE = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:what, 0))")

MARK = "telemed.marked"
LOOKERS = 2
CHECKPOINT = "wal_autocheckpoint=16000"
"""Pages (64 MB): a group of bookings writes hundreds, and copying them back after every second one took longer."""
OLDEST_SQLITE = (3, 51, 3)
"""Older ones carry the WAL-reset bug."""


class AlreadyOpen(Exception):
    """Another process has this SQLite file; commands reach a running centre over HTTP."""


def utc_text(moment: datetime) -> str:
    """How SQLite keeps a moment: text of fixed width, in UTC, so that it sorts."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Utc(TypeDecorator[datetime]):
    """A moment, aware and in UTC; on SQLite text of fixed width so that it sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        return utc_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class Database:
    """The centre's memory.

    Args:
        url: ``sqlite:///path`` or ``postgresql+psycopg://…``.

    Raises:
        AlreadyOpen: another process has the SQLite file.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._listeners: list[Callable[[], None]] = []
        self._after_marked: list[Callable[[], None]] = []
        self._hearing: list[tuple[type[Any], Callable[[list[Any]], None]]] = []
        self._lock = _lock_file(Path(self.url.database or "")) if self.is_sqlite else None
        self.writing = (
            _sqlite_engine(self.url, write=True)
            if self.is_sqlite
            else create_engine(url, pool_size=20, hide_parameters=True)
        )
        self._reading = _sqlite_engine(self.url, write=False) if self.is_sqlite else _snapshots(self.writing)
        self._writer = SqliteWriter(self.writing, self._tell) if self.is_sqlite else None
        self._soon = Soon(self._writer) if self._writer else None
        self._lookers = ThreadPoolExecutor(LOOKERS, "looker") if self.is_sqlite else None
        self.glance = Glance(self._reading)

    def on_commit(self, listener: Callable[[], None], *, marked: bool = False) -> None:
        """Call *listener* after every commit, from the thread that committed; it must return at once.

        *marked*: only after commits of which something was marked with `mark`.
        """
        (self._after_marked if marked else self._listeners).append(listener)

    def hear(self, kind: type[T], listener: Callable[[list[T]], None]) -> None:
        """Hand *listener* what transactions told with `tell`, once they are on disk, before whoever wrote goes on.

        On SQLite in the order of the commits; on PostgreSQL two transactions may be heard in either order.
        """
        self._hearing.append((kind, listener))

    def _tell(self, tx: Tx) -> None:
        self._pass_on(tx.info.pop(MARK, False), tx.info.pop(TOLD, ()))

    def _pass_on(self, marked: bool, told: Sequence[object]) -> None:
        for kind, hear in self._hearing if told else ():
            heard = [one for one in told if isinstance(one, kind)]
            if heard:
                hear(heard)
        for listener in [*self._listeners, *(self._after_marked if marked else ())]:
            listener()

    def transaction(self) -> AbstractContextManager[Tx]:
        """Write. Leaving the block means that what was written is on disk.

        Raises:
            CommitFailed: nothing was kept.
        """
        return self._writer.member() if self._writer else self._pooled()

    @contextmanager
    def beside(self, work: Callable[[Tx], T]) -> Iterator[T]:
        """Do *work* in a transaction; what it returned, for a block that makes the answer of it meanwhile.

        On SQLite the block runs while the disk writes. Leaving it means that what was written is on disk: where it is
        not kept, the block raises, whatever it made.

        Raises:
            CommitFailed: nothing was kept.
        """
        if self._writer:
            with self._writer.beside(work) as made:
                yield made
            return
        with self._pooled() as tx:
            made = work(tx)
        yield made

    async def write(self, work: Callable[[Tx], T]) -> T:
        """From async code: do *work* in a transaction; what it returned, once it is on disk.

        For what many do at once: on SQLite one thread does all the work that comes together, which spares the change
        from thread to thread that `transaction` costs. What *work* raises leaves nothing behind.

        Raises:
            CommitFailed: nothing was kept.
        """
        if self._soon:
            return await self._soon.run(work)
        return await asyncio.to_thread(self._written, work)

    def _written(self, work: Callable[[Tx], T]) -> T:
        with self._pooled() as tx:
            return work(tx)

    @contextmanager
    def _pooled(self) -> Iterator[Tx]:
        with self.writing.connect() as tx:
            tx.info.pop(TOLD, None)  # the pool gives connections on
            with tx.begin():
                yield tx
            marked, told = tx.info.pop(MARK, False), tx.info.pop(TOLD, ())
        self._pass_on(marked, told)  # without a connection: who listens may need one

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Look, at one moment, without keeping a writer waiting."""
        with self._reading.connect() as tx:
            yield tx

    async def look(self, work: Callable[[Tx], T]) -> T:
        """From async code: what *work* finds in `reading`, in a thread.

        On SQLite few of them look at once: more would only queue for the interpreter, again at each statement.
        """

        def looked() -> T:
            with self.reading() as tx:
                return work(tx)

        return await asyncio.get_running_loop().run_in_executor(self._lookers, looked)

    def create_all(self) -> None:
        """Make all tables at once, for tests; a real database is migrated."""
        with self.transaction() as tx:
            metadata.create_all(tx)

    def dispose(self) -> None:
        if self._lookers:
            self._lookers.shutdown()
        self.glance.close()
        if self._soon and self._writer:
            self._soon.close()
            self._writer.close()
            self._reading.dispose()
        self.writing.dispose()
        if self._lock:
            self._lock.close()


def mark(tx: Tx) -> None:
    """Say that this transaction, if it commits, concerns those who wait for events."""
    tx.info[MARK] = True


def tell(tx: Tx, what: object) -> None:
    """Say *what* to those in this process who `Database.hear` of it, if and when this transaction commits."""
    tx.info.setdefault(TOLD, []).append(what)


def take_turn(tx: Tx, what: str) -> None:
    """From here to its end only one transaction at a time holds *what*; SQLite's writers take turns anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(_LOCK, {"what": what})


def share_turn(tx: Tx, what: str) -> None:
    """Hold *what* together with all who share it, and never beside one who took his turn alone."""
    if tx.dialect.name == "postgresql":
        tx.execute(_SHARE, {"what": what})


def try_turn(tx: Tx, what: str) -> bool:
    """Take the turn if nobody has it: whether this transaction has it now, to its end."""
    if tx.dialect.name != "postgresql":
        return True
    return bool(tx.execute(_TRY, {"what": what}).scalar_one())


def _snapshots(engine: Engine) -> Engine:
    """The same pool, for looking: every statement sees one moment, and none writes, as on SQLite."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _lock_file(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        why = "stop that one (the centre?) first, or use the centre's own pages while it runs"
        raise AlreadyOpen(f"{path.name} is open in another process; {why}") from None
    return file


def _sqlite_engine(url: URL, *, write: bool) -> Engine:
    from pysqlite3 import dbapi2

    if dbapi2.sqlite_version_info < OLDEST_SQLITE:
        raise RuntimeError(f"SQLite {dbapi2.sqlite_version} has the WAL-reset bug; 3.51.3 is the oldest allowed")
    pool = {"poolclass": StaticPool} if write else {"poolclass": QueuePool, "pool_size": 40, "max_overflow": 40}
    connect = {"check_same_thread": False, "timeout": 30}
    engine = create_engine(url, module=dbapi2, connect_args=connect, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = None
        pragmas = [
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-262144",
            CHECKPOINT,
        ]
        for pragma in pragmas if write else [*pragmas, "query_only=ON"]:
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
