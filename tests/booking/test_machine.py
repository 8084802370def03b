"""No sequence of what people do leads to an overlap, a lost booking, or a free time that is not offered.

``MACHINE_RUNS`` (default 150) runs of 50 steps; the proof does 100,000.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.booking.pendings import QuarterWithPrograms
from tests.counts import Counted

RUNS = int(os.environ.get("MACHINE_RUNS", "150"))


def test_whatever_people_do_nothing_overlaps_nothing_is_lost_and_what_is_free_is_offered(
    counted: Counted,
) -> None:
    counted(f"state machine: {RUNS} runs of 50 steps")
    run_state_machine_as_test(
        QuarterWithPrograms,
        settings=settings(
            max_examples=RUNS, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
