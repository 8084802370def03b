"""No order of what people, devices, links and clocks do shows one person's value under another.

``WHOSE_RUNS`` (default 200) sequences; the proof does 100,000.
"""

import os

import pytest

from tests.counts import Counted
from tests.room_agent.whose_tally import STEPS, play, worst

RUNS = int(os.environ.get("WHOSE_RUNS", "200"))
SEED = 20_261_125


def test_nobody_sees_a_value_of_somebody_else_and_everybody_sees_what_was_measured_in_good_order(
    counted: Counted,
) -> None:
    seen = play(SEED, RUNS)
    counted(f"attribution, steps of {STEPS}, {seen}")
    assert seen.wrong == 0
    assert seen.good > 0
    assert seen.in_window > 0


@pytest.mark.parametrize(("drained", "wrong"), [(True, []), (False, ["a value of 0 under 1"])])
def test_the_witness_sees_it_when_the_drain_is_left_out(drained: bool, wrong: list[str]) -> None:
    assert worst(drained=drained) == wrong
