"""Without the line both sides go on; when it is back nothing is lost and both say the same."""

from datetime import timedelta
from pathlib import Path

import pytest

from telemed.kit.db import Database
from tests.builders import make_world
from tests.counts import Counted
from tests.link.merging import CUTS, SILENT, cut, meet, sides

LINES = 2
"""So often it goes in a row; after eight hours the day is nearly over."""


@pytest.mark.parametrize("lasts", CUTS, ids=str)
def test_whatever_both_sides_noted_meanwhile_nothing_is_lost_and_they_agree(
    sqlite_database: Database, tmp_path: Path, counted: Counted, lasts: timedelta
) -> None:
    both = sides(make_world(sqlite_database), tmp_path, seed=f"unit {lasts}")
    noted = 0
    for _ in range(1 if lasts == CUTS[-1] else LINES):
        both.world.clock.forward(SILENT)
        noted += cut(both, lasts)
        meet(both)
        centre, room = both.states()
        assert both.lost() == []
        assert centre == room
    assert noted > 10
    counted(f"merge after {lasts}: {noted} facts, 0 lost")


def test_a_merge_that_left_something_out_would_be_found(sqlite_database: Database, tmp_path: Path) -> None:
    both = sides(make_world(sqlite_database), tmp_path, seed="control")
    both.world.clock.forward(SILENT)
    cut(both, CUTS[1])
    assert both.lost() != []
    assert len({*both.states()[0].items()} ^ {*both.states()[1].items()}) > 0
