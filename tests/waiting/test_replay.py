"""Days that rooms have written down are read back and replayed."""

from pathlib import Path

import pytest

from room_agent import sealing
from room_agent.journal import Journal
from tests.waiting.evaluation import whole
from tests.waiting.families import Lognormal
from tests.waiting.replay import DAYS, of_journal, read, replayed, written
from tests.waiting.simulator import simulate
from tests.waiting.worlds import Purpose, World

DAY = whole(simulate(World(Lognormal(), 0.9), Purpose.TRAINING, 1))[0]


def test_a_day_comes_back_from_lines_and_from_a_rooms_journal_as_it_was(tmp_path: Path) -> None:
    again = read(written(DAY))
    assert (again.plan, again.facts) == (DAY.plan, DAY.facts)
    journal = Journal(tmp_path / "journal.sqlite", sealing.of_machine(tmp_path))
    journal.keep_plan(DAY.plan)
    for fact in DAY.facts:
        journal.record(fact, DAY.plan.day)
    found = of_journal(tmp_path)  # while the room has it open
    journal.close()
    assert found == again
    assert replayed(found) == replayed(DAY)
    assert len(replayed(DAY)) > 10


def test_a_journal_without_a_plan_is_no_day(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.sqlite", sealing.of_machine(tmp_path)).close()
    with pytest.raises(ValueError, match="no plan"):
        of_journal(tmp_path)


@pytest.mark.parametrize("path", sorted(DAYS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_day_that_was_written_down_can_be_forecast(path: Path) -> None:
    day = read(path.read_text())
    asked = replayed(day)
    assert asked
    assert all(one.low <= one.median <= one.high for one in asked)
    assert not day.plan.machines
