"""Sequences of `whose.Room` from a seed, and what was seen in them."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from structlog.testing import capture_logs

from tests.room_agent.hand_device import HandDriver, UndrainedDriver
from tests.room_agent.whose import BP, Room

STEPS = 20


@dataclass(frozen=True)
class Tally:
    """*foreign*: values of somebody else that reached a driver, *in_window* while a window was open for another person.

    *wrong*: shown under another person. *good*: measured in good order; all of them are shown.
    """

    sequences: int
    foreign: int
    in_window: int
    wrong: int
    shown: int
    good: int

    def __str__(self) -> str:
        return (
            f"{self.sequences} sequences: {self.foreign} values of somebody else, {self.in_window} of them while a "
            f"window was open, {self.wrong} shown; {self.good} values measured in good order, all shown"
        )


def worst(*, drained: bool) -> list[str]:
    """The case that all this is about: a stored value comes on a connection made inside the next person's window.

    What the witness objects to.
    """

    class Staged(Room):
        driver_type = HandDriver if drained else UndrainedDriver
        strict = False

    room = Staged()
    with capture_logs():
        room.furnish(shows=False, clock="none", ahead=0.0, may=(False, True), old=1)
        room.somebody_is_called()
        room.the_link_stands(BP, pause=0.5, kept=0, wait=3.0)
        room.the_doctor_asks(BP, wait=4.0)
        room.the_link_is_lost(BP)
        room.the_link_stands(BP, pause=0.5, kept=0, wait=3.0)
        room.teardown()
    return room.wrong


def play(first_seed: int, runs: int, *, drained: bool = True) -> Tally:
    """*runs* sequences from a seed. Without the drain (the control) what is shown wrongly is counted and does not fail.

    Raises:
        AssertionError: a value was shown under another person, or one in good order was not shown.
    """

    @seed(first_seed)
    class Seeded(Room):
        driver_type = HandDriver if drained else UndrainedDriver
        strict = drained
        seen: ClassVar[Counter[str]] = Counter()

    quiet = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    with capture_logs():
        run_state_machine_as_test(Seeded, settings=quiet)
    seen = Seeded.seen
    return Tally(runs, seen["foreign"], seen["foreign in a window"], seen["wrong"], seen["shown"], seen["good"])
