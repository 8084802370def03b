"""Many events told to receivers that hang, fail and take twice, beside one that is as it should be."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from telemed.kit.db import Database
from telemed.kit.outbox import emit
from telemed.queue.model import LineMoved
from tests.builders import make_booking
from tests.subscribe.stage import DELAY, Ear, Program, carrying, listening, make_stage, until

LONG_S = 180.0


@dataclass(frozen=True)
class Told:
    """*took_s*: until the good receiver had heard all. *faults*: what went wrong, in words."""

    took_s: float
    faults: tuple[str, ...]
    requests: int


def storm(database: Database, events: int, *, bad: bool) -> Told:
    """Four receivers. *bad*: one hangs, one answers every second time with a 500 though it took it, and one is away
    for a while."""
    world = make_stage(database)
    program, booked = Program(world), make_booking(world).id
    with ExitStack() as stack:
        good, *others = [stack.enter_context(listening()) for _ in range(4)]
        stack.enter_context(carrying(world))
        ears = [good, *others]
        made = [program.subscribe(DELAY, ear.url, timeout_s=2 if ear in others[:1] else 20) for ear in ears]
        until(lambda: all(program.state(one["id"]) == "active" for one in made), LONG_S)
        if bad:
            others[0].hangs, others[1].drops_every, others[2].status = True, 2, 503
        began = time.monotonic()
        for _ in range(events):
            with world.db.transaction() as tx:
                emit(tx, LineMoved("room-1", booked), now=world.now)
        until(lambda: len(good.numbers()) >= events, LONG_S)
        took_s = time.monotonic() - began
        if bad:
            others[0].hangs, others[2].status = False, 200
            others[0].release.set()
        until(lambda: all(ear.numbers() and max(ear.numbers()) == events for ear in ears), LONG_S)
    faults = [fault for ear in ears for fault in _faults(ear, events, once=ear is good)]
    return Told(took_s, tuple(faults), sum(len(ear.heard) for ear in ears))


def _faults(ear: Ear, events: int, *, once: bool) -> list[str]:
    """Each event came, and none before the one before it; what comes again begins where it had not been taken."""
    numbers, found, newest = ear.numbers(), [], 0
    for number in numbers:
        if number > newest + 1:
            found.append(f"{number} came before {newest + 1}")
        newest = max(newest, number)
    if newest != events:
        found.append(f"{newest} of {events} came")
    if once and len(numbers) != events:
        found.append(f"{len(numbers) - events} came twice to who had taken them")
    return found
