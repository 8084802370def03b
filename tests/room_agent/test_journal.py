"""What the journal keeps, and what it forgets."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from room_agent.journal import Journal
from schemas.day import FactKind
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
