"""A few power cuts in the journal; `make proof ONLY=powercut` makes 200. Needs root, for a loop device."""

from tests.counts import Counted
from tests.crash.powercut import cuts

CUTS = 8


def test_what_the_journal_acknowledged_outlives_a_power_cut(counted: Counted) -> None:
    found = cuts(CUTS, seed=3)
    counted(f"power cuts: {found}")
    assert found.holds, found


def test_the_control_that_does_not_wait_for_the_disk_loses(counted: Counted) -> None:
    control = cuts(2, seed=3, safe=False)
    counted(f"power cuts, control: {control}")
    assert control.lost > 0, "a journal without fsync lost nothing: this test cannot see what it is for"
