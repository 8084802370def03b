"""What the journal keeps, and what it forgets."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from room_agent.journal import Journal
from room_agent.sealing import Seal, SealedBy, Unreadable
from schemas.day import FactKind, MachineKey, MachineKind
from schemas.visit import Paired
from tests.room_agent.world import NOON, fact, plan, visit

TODAY = NOON.date()
PAIRED = Paired(machine_id="agent-1", room_id="room-1", server="centre.test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_a_restart_keeps_plan_facts_and_pairing(path: Path) -> None:
    journal = Journal(path)
    today, arrived, heard = plan(visit(), day=TODAY), fact(FactKind.ARRIVED), fact(FactKind.CALLED)
    journal.keep_pairing(PAIRED)
    journal.keep_plan(today)
    journal.record(arrived, TODAY)
    journal.hear([heard], TODAY)
    journal.close()
    again = Journal(path)
    assert (again.pairing(), again.plan(), again.facts()) == (PAIRED, today, (arrived, heard))
    assert again.untaken() == (arrived,)


def test_what_was_recorded_is_on_disk_when_the_process_is_killed(path: Path) -> None:
    """A process records facts, says so, and is killed without a farewell: each one that it named is there."""
    child_code = """
import sys
from pathlib import Path
from room_agent.journal import Journal
from schemas.day import FactKind
from tests.room_agent.world import NOON, fact

journal = Journal(Path(sys.argv[1]))
while True:
    made = fact(FactKind.ARRIVED)
    journal.record(made, NOON.date())
    print(made.fact_id, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", child_code, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = [child.stdout.readline().strip() for _ in range(20)]
    os.kill(child.pid, signal.SIGKILL)
    said += [line.strip() for line in child.stdout if line.endswith("\n")]
    child.wait()
    kept = {each.fact_id for each in Journal(path).facts()}
    assert set(said) <= kept


def test_a_taken_fact_is_not_sent_again_but_still_known(path: Path) -> None:
    journal = Journal(path)
    arrived = fact(FactKind.ARRIVED)
    journal.record(arrived, TODAY)
    journal.taken([arrived.fact_id])
    assert (journal.untaken(), journal.facts()) == ((), (arrived,))


def test_a_fact_that_is_heard_back_stays_own_and_untaken(path: Path) -> None:
    journal = Journal(path)
    arrived = fact(FactKind.ARRIVED)
    journal.record(arrived, TODAY)
    journal.hear([arrived], TODAY)
    assert journal.untaken() == (arrived,)
    assert journal.facts() == (arrived,)


def test_an_older_plan_changes_nothing(path: Path) -> None:
    journal = Journal(path)
    newer = plan(visit(), seq=5)
    assert journal.keep_plan(newer)
    assert not journal.keep_plan(plan(seq=4))
    assert not journal.keep_plan(plan(seq=5))
    assert journal.plan() == newer


def test_a_new_day_erases_what_was_taken_and_keeps_what_was_not(path: Path) -> None:
    journal = Journal(path)
    journal.keep_plan(plan(visit(), day=TODAY, seq=1))
    taken, waiting, heard = fact(FactKind.ARRIVED), fact(FactKind.ENTERED), fact(FactKind.CALLED)
    for each in (taken, waiting):
        journal.record(each, TODAY)
    journal.hear([heard], TODAY)
    journal.taken([taken.fact_id])
    journal.keep_plan(plan(day=TODAY + timedelta(days=1), seq=2))
    assert journal.facts() == (waiting,)
    journal.taken([waiting.fact_id])
    assert journal.facts() == ()


def test_what_was_erased_is_gone_from_the_file(path: Path) -> None:
    journal = Journal(path)
    journal.keep_plan(plan(visit(), day=TODAY, seq=1))
    heard = fact(FactKind.CALLED)
    journal.hear([heard], TODAY)
    journal.keep_plan(plan(day=TODAY + timedelta(days=1), seq=2))
    journal.close()
    assert heard.fact_id.encode() not in path.read_bytes()


def test_a_new_pairing_is_a_new_life(path: Path) -> None:
    journal = Journal(path)
    journal.keep_plan(plan(visit(), seq=9))
    journal.record(fact(FactKind.ARRIVED), TODAY)
    journal.keep_pairing(PAIRED)
    assert (journal.plan(), journal.facts(), journal.pairing()) == (None, (), PAIRED)


def in_files(folder: Path, *words: str) -> list[str]:
    """Which of *words* lie readable in any file of *folder*."""
    kept = b"".join(path.read_bytes() for path in folder.iterdir())
    return [word for word in words if word.encode() in kept]


def test_nothing_of_plan_pairing_and_facts_is_readable_on_the_disk(path: Path) -> None:
    journal = Journal(path)
    today, arrived, heard = plan(visit(), day=TODAY), fact(FactKind.ARRIVED), fact(FactKind.CALLED)
    words = ("visit-1", "Weiß", "doctor-1", "blood-pressure", "arrived", "called", "room-1", "Raum 1", "centre.test")
    journal.keep_pairing(PAIRED)
    journal.keep_plan(today)
    journal.record(arrived, TODAY)
    journal.hear([heard], TODAY)
    assert in_files(path.parent, *words) == []
    journal.close()
    assert in_files(path.parent, *words) == []
    (path.parent / "open.json").write_text(today.model_dump_json() + arrived.model_dump_json())
    assert in_files(path.parent, "visit-1", "Weiß", "arrived") == ["visit-1", "Weiß", "arrived"]


def test_a_sealed_row_opens_only_in_its_own_place(path: Path) -> None:
    """Who writes into the file cannot make one fact out of another."""
    journal = Journal(path)
    first, second = fact(FactKind.ARRIVED), fact(FactKind.CALLED, "visit-2")
    journal.record(first, TODAY)
    journal.record(second, TODAY)
    journal.close()
    with dbapi2.connect(str(path)) as db:
        sealed = db.execute("SELECT sealed FROM fact WHERE fact_id = ?", (first.fact_id,)).fetchone()[0]
        db.execute("UPDATE fact SET sealed = ? WHERE fact_id = ?", (sealed, second.fact_id))
    db.close()
    with pytest.raises(Unreadable):
        Journal(path).facts()


def test_a_journal_that_lay_open_is_sealed_and_goes_on(path: Path) -> None:
    today, arrived, heard = plan(visit(), day=TODAY), fact(FactKind.ARRIVED), fact(FactKind.CALLED)
    db = dbapi2.connect(str(path), isolation_level=None)
    db.execute("CREATE TABLE pairing (only INTEGER PRIMARY KEY CHECK (only = 1), paired TEXT NOT NULL)")
    db.execute("CREATE TABLE plan (only INTEGER PRIMARY KEY CHECK (only = 1), plan TEXT NOT NULL)")
    db.execute("CREATE TABLE fact (fact_id TEXT PRIMARY KEY, day TEXT, own INTEGER, taken INTEGER, fact TEXT)")
    db.execute("INSERT INTO pairing VALUES (1, ?)", (PAIRED.model_dump_json(),))
    db.execute("INSERT INTO plan VALUES (1, ?)", (today.model_dump_json(),))
    for each, own in ((arrived, 1), (heard, 0)):
        row = (each.fact_id, TODAY.isoformat(), own, 1 - own, each.model_dump_json())
        db.execute("INSERT INTO fact VALUES (?, ?, ?, ?, ?)", row)
    db.close()
    assert in_files(path.parent, "visit-1", "Weiß") == ["visit-1", "Weiß"]
    for _ in range(2):
        journal = Journal(path)
        assert (journal.pairing(), journal.plan(), journal.facts()) == (PAIRED, today, (arrived, heard))
        assert journal.untaken() == (arrived,)
        journal.close()
        assert in_files(path.parent, "visit-1", "Weiß", "arrived", "centre.test") == []


def test_what_another_machine_sealed_is_begun_anew(path: Path) -> None:
    journal = Journal(path, Seal(SealedBy.TPM, bytes(32)))
    journal.keep_pairing(PAIRED)
    journal.keep_plan(plan(visit(), day=TODAY))
    journal.close()
    other = Journal(path, Seal(SealedBy.TPM, bytes([1]) * 32))
    assert (other.pairing(), other.plan(), other.facts()) == (None, None, ())
    other.keep_pairing(PAIRED)
    other.close()
    assert Journal(path, Seal(SealedBy.TPM, bytes([1]) * 32)).pairing() == PAIRED


def test_a_day_that_is_over_leaves_the_machines_and_what_the_centre_lacks(path: Path) -> None:
    key = MachineKey(machine_id="kiosk-1", kind=MachineKind.KIOSK, public_key="AAAA")
    journal = Journal(path)
    journal.keep_plan(plan(visit(), day=TODAY, machines=(key,), assistant_code="407193"))
    taken, waiting = fact(FactKind.ARRIVED), fact(FactKind.CALLED)
    for each in (taken, waiting):
        journal.record(each, TODAY)
    journal.taken([taken.fact_id])
    journal.erase_before(TODAY)
    assert journal.facts() == (taken, waiting)
    journal.erase_before(TODAY + timedelta(days=1))
    kept = journal.plan()
    assert kept is not None
    assert (kept.visits, kept.machines, kept.assistant_code) == ((), (key,), "")
    assert (journal.facts(), journal.untaken()) == ((waiting,), (waiting,))


def test_what_was_sealed_of_a_day_is_gone_from_the_file_too(path: Path) -> None:
    """Nobody who gets the key later finds the list: not its sealed bytes either."""
    journal = Journal(path)
    journal.keep_plan(plan(visit(), day=TODAY))
    journal.hear([fact(FactKind.CALLED)], TODAY)
    rows = [*journal._db.execute("SELECT sealed FROM plan"), *journal._db.execute("SELECT sealed FROM fact")]
    assert [row[0] in path.read_bytes() for row in rows] == [True, True]
    journal.erase_before(TODAY + timedelta(days=1))
    assert [row[0] in path.read_bytes() for row in rows] == [False, False]
