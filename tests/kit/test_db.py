"""What is acknowledged is kept, and one member's failure is its own."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, insert, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from telemed.kit.db import AlreadyOpen, CommitFailed, Database, Tx, Utc, take_turn, tell
from tests.databases import SqliteFiles, opened

WAIT_S = 20.0
own = MetaData()
notes = Table("note", own, Column("id", Text(), primary_key=True), Column("at", Utc()))


@pytest.fixture
def noted(database: Database) -> Database:
    with database.transaction() as tx:
        own.create_all(tx)
    return database


def note(tx: Tx, name: str) -> None:
    tx.execute(insert(notes).values(id=name, at=datetime.now(UTC)))


def names(db: Database) -> set[str]:
    with db.reading() as tx:
        return set(tx.execute(select(notes.c.id)).scalars())


def test_whoever_comes_back_from_a_transaction_finds_it_on_disk(noted: Database) -> None:
    def write(number: int) -> bool:
        with noted.transaction() as tx:
            note(tx, str(number))
        return str(number) in names(noted)  # another connection: only what is committed

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(write, range(200)))


def test_a_member_that_fails_takes_nothing_of_the_others_along(noted: Database) -> None:
    def write(number: int) -> None:
        with noted.transaction() as tx:
            note(tx, str(number))
            if number % 3 == 0:
                raise LookupError(number)

    with ThreadPoolExecutor(16) as threads:
        failed = [type(done.exception()) for done in [threads.submit(write, n) for n in range(90)]]
    assert failed.count(LookupError) == 30
    assert names(noted) == {str(n) for n in range(90) if n % 3}


def wait_for_waiting(db: Database, many: int) -> None:
    """Return when *many* writers wait for their turn."""
    writer = db._writer
    assert writer is not None
    while writer._waiting < many:
        pass


def in_one_group(db: Database, *works: object) -> list[BaseException | None]:
    """Run *works* so that they share one COMMIT: each waits for its turn while the first holds it."""
    first_inside, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with db.transaction():
            first_inside.set()
            assert go_on.wait(WAIT_S)

    def run(work: object) -> None:
        assert callable(work)
        with db.transaction() as tx:
            work(tx)

    with ThreadPoolExecutor(len(works) + 1) as threads:
        holding = threads.submit(hold)
        assert first_inside.wait(WAIT_S)
        started = []
        for place, work in enumerate(works, 1):
            started.append(threads.submit(run, work))
            wait_for_waiting(db, place)
        go_on.set()
        return [done.exception(WAIT_S) for done in (holding, *started)]


@pytest.fixture
def sqlite_noted(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as tx:
        own.create_all(tx)
    return sqlite_database


def test_a_group_shares_one_commit(sqlite_noted: Database) -> None:
    commits: list[int] = []
    sqlite_noted.on_commit(lambda: commits.append(1))
    assert in_one_group(sqlite_noted, *(lambda tx, n=n: note(tx, str(n)) for n in range(8))) == [None] * 9
    assert names(sqlite_noted) == {str(n) for n in range(8)}
    assert len(commits) == 1


def orphan(tx: Tx) -> None:
    """Something that only COMMIT finds out: a foreign key checked at the end."""
    tx.execute(text("CREATE TABLE IF NOT EXISTS child (of TEXT REFERENCES note(id) DEFERRABLE INITIALLY DEFERRED)"))
    tx.execute(text("INSERT INTO child VALUES ('nobody')"))


def test_a_failed_commit_is_told_to_every_member_and_nothing_is_kept(sqlite_noted: Database) -> None:
    heard = in_one_group(sqlite_noted, lambda tx: note(tx, "a"), orphan, lambda tx: note(tx, "b"))
    assert [type(error) for error in heard] == [CommitFailed] * 4
    assert all(isinstance(error and error.__cause__, IntegrityError) for error in heard)
    assert names(sqlite_noted) == set()


def test_after_a_failed_commit_the_next_one_works(sqlite_noted: Database) -> None:
    in_one_group(sqlite_noted, orphan)
    with sqlite_noted.transaction() as tx:
        note(tx, "after")
    assert names(sqlite_noted) == {"after"}


def test_what_is_made_meanwhile_is_given_out_once_all_is_kept(noted: Database) -> None:
    def work(tx: Tx) -> str:
        note(tx, "a")
        return "made"

    with noted.beside(work) as made:
        with noted.transaction() as tx:  # the turn is free, or will be without us
            note(tx, "b")
        assert made == "made"
    assert names(noted) == {"a", "b"}
    with pytest.raises(IntegrityError), noted.beside(work):
        pytest.fail("the block ran although there was nothing to show")
    with pytest.raises(ZeroDivisionError), noted.beside(lambda tx: note(tx, "c")):
        raise ZeroDivisionError
    assert names(noted) == {"a", "b", "c"}, "an answer that failed does not take back what was done"


def test_the_disk_writes_while_the_answer_is_made_and_a_failed_commit_takes_the_answer_back(
    sqlite_noted: Database,
) -> None:
    kept = threading.Event()
    sqlite_noted.on_commit(kept.set)
    with sqlite_noted.beside(lambda tx: note(tx, "a")):
        assert kept.wait(WAIT_S), "the block was waited for"

    def answer() -> str:
        with sqlite_noted.beside(orphan):
            return "an answer"

    with pytest.raises(CommitFailed):
        answer()
    with sqlite_noted.beside(lambda tx: note(tx, "after")):
        pass
    assert names(sqlite_noted) == {"a", "after"}


def full_disk(tx: Tx) -> None:
    """What SQLite does on SQLITE_FULL."""
    tx.exec_driver_sql("ROLLBACK")


def test_when_the_database_itself_takes_the_group_back_nobody_is_told_it_was_kept(sqlite_noted: Database) -> None:
    def note_then_full_disk(tx: Tx) -> None:
        note(tx, "a")
        full_disk(tx)

    heard = in_one_group(sqlite_noted, note_then_full_disk)
    assert isinstance(heard[0], CommitFailed)
    assert heard[1] is not None
    assert names(sqlite_noted) == set()
    with sqlite_noted.transaction() as tx:
        note(tx, "after")
    assert names(sqlite_noted) == {"after"}


def twice(tx: Tx) -> None:
    note(tx, "x")
    note(tx, "x")


def test_a_failing_transaction_tells_no_listener(noted: Database) -> None:
    told: list[int] = []
    noted.on_commit(lambda: told.append(1))
    with pytest.raises(IntegrityError), noted.transaction() as tx:
        twice(tx)
    assert told == []


def test_reading_sees_one_moment_and_cannot_write(noted: Database) -> None:
    with noted.reading() as tx:
        before = tx.execute(select(notes.c.id)).all()
        with noted.transaction() as other:
            note(other, "new")
        assert tx.execute(select(notes.c.id)).all() == before
    assert names(noted) == {"new"}
    with noted.reading() as tx, pytest.raises(DatabaseError):
        note(tx, "not allowed")


def test_of_two_who_take_the_same_turn_the_second_waits_and_sees_what_the_first_did(noted: Database) -> None:
    def once(_: int) -> bool:
        with noted.transaction() as tx:
            take_turn(tx, "the one note")
            if tx.execute(select(notes.c.id)).first():
                return False
            note(tx, str(threading.get_ident()))
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(once, range(8))) == 1


def test_a_second_process_is_refused_with_one_line(sqlite_files: SqliteFiles) -> None:
    url = sqlite_files.fresh_url()
    code = f"from telemed.kit.db import Database; Database({url!r}).dispose()"

    def other() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    with opened(url):
        refused = other()
    assert refused.returncode != 0
    assert "AlreadyOpen" in refused.stderr.splitlines()[-1]
    assert other().returncode == 0


def test_a_second_database_in_the_same_process_is_refused(sqlite_files: SqliteFiles) -> None:
    url = sqlite_files.fresh_url()
    with opened(url), pytest.raises(AlreadyOpen):
        Database(url)


def test_every_commit_reaches_the_disk(sqlite_noted: Database) -> None:
    with sqlite_noted.transaction() as tx:
        assert tx.execute(text("PRAGMA synchronous")).scalar() == 2
        assert tx.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert tx.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_what_was_written_is_there_for_another_program(sqlite_noted: Database) -> None:
    with sqlite_noted.transaction() as tx:
        note(tx, "kept")
    assert Path(sqlite_noted.url.database or "").exists()
    with sqlite3.connect(f"file:{sqlite_noted.url.database}?mode=ro", uri=True) as other:
        assert other.execute("SELECT id FROM note").fetchall() == [("kept",)]


def test_moments_come_back_in_utc_and_naive_ones_are_refused(noted: Database) -> None:
    summer = datetime(2026, 7, 1, 9, 30, 0, 123, tzinfo=timezone(timedelta(hours=2)))
    with noted.transaction() as tx:
        tx.execute(insert(notes).values(id="m", at=summer))
    with noted.reading() as tx:
        found = tx.execute(select(notes.c.at)).scalar_one()
    assert (found, found.utcoffset()) == (summer, timedelta(0))
    with pytest.raises(Exception, match="without a zone"), noted.transaction() as tx:
        tx.execute(insert(notes).values(id="n", at=datetime(2026, 7, 1)))


def test_moments_sort_by_time_in_the_database(noted: Database) -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=step) for step in (0, 1, 999_999, 1_000_000)]
    with noted.transaction() as tx:
        for number, at in enumerate(reversed(moments)):
            tx.execute(insert(notes).values(id=str(number), at=at))
    with noted.reading() as tx:
        assert list(tx.execute(select(notes.c.at).order_by(notes.c.at)).scalars()) == moments


def test_whoever_comes_after_a_group_was_taken_back_is_in_the_next_one(sqlite_noted: Database) -> None:
    def late() -> None:
        with sqlite_noted.transaction() as tx:
            note(tx, "late")

    with ThreadPoolExecutor(1) as threads:
        later: list[Future[None]] = []

        def full_disk_while_one_waits(tx: Tx) -> None:
            later.append(threads.submit(late))
            wait_for_waiting(sqlite_noted, 1)
            full_disk(tx)

        heard = in_one_group(sqlite_noted, full_disk_while_one_waits)
        assert later[0].exception(WAIT_S) is None
    assert isinstance(heard[0], CommitFailed)
    assert heard[1] is not None
    assert names(sqlite_noted) == {"late"}


def test_async_work_that_comes_together_is_done_each_by_itself(noted: Database) -> None:
    def work(number: int) -> Callable[[Tx], int]:
        def done(tx: Tx) -> int:
            note(tx, str(number))
            if number % 3 == 0:
                raise LookupError(number)
            return number

        return done

    async def together() -> list[int | BaseException]:
        return await asyncio.gather(*(noted.write(work(n)) for n in range(100)), return_exceptions=True)

    answers = asyncio.run(together())
    failed = [n for n, answer in enumerate(answers) if isinstance(answer, LookupError)]
    assert failed == list(range(0, 100, 3))
    assert names(noted) == {str(answer) for answer in answers if isinstance(answer, int)}


def test_what_is_told_is_heard_once_it_is_on_disk_in_order_and_nothing_of_what_failed(noted: Database) -> None:
    heard: list[str] = []
    noted.hear(str, heard.extend)
    with noted.transaction() as tx:
        tell(tx, "one")
        tell(tx, "two")
        assert heard == []

    def fail() -> None:
        with noted.transaction() as tx:
            tell(tx, "three")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with noted.transaction() as tx:
        tell(tx, "four")
    assert heard == ["one", "two", "four"]
