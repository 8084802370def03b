"""A line that is cut for 1 s to 8 h while both ends go on and contradict each other: real centre, agent and monitor.

The hours are compressed: the clocks of both ends go forward together; whatever waits for the line does so in real time.
The figures are counted from a cut that is not noticed at first (bytes vanish), as on a dead line.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import cast

from room_agent.journal import Journal
from room_agent.room import Room
from signage.feed import Bulletin
from telemed.kit.clock import ExerciseClock, real_now
from tests.bench.harness import Figure, note
from tests.builders import TUESDAY, HandClock, make_booking, make_world
from tests.databases import SqliteFiles, opened
from tests.link.merging import CUTS, SILENT, STARTS, Sides, cut
from tests.link.monitor_scene import Monitored, monitored

PATIENCE_S = 60.0
MOST_STALE_S, MOST_MERGE_S = 15.0, 10.0


@dataclass
class Hours:
    """The exercise clock of the centre, which the room follows also while there is no line, and its monotonic one."""

    centre: ExerciseClock = field(default_factory=lambda: ExerciseClock(TUESDAY - real_now()))
    passed: timedelta = timedelta(0)
    room: Room | None = None

    def monotonic(self) -> float:
        return time.monotonic() + self.passed.total_seconds()

    def forward(self, by: timedelta) -> None:
        self.centre.forward(by)
        self.passed += by
        if self.room is not None:
            self.room.clock.follow(self.centre.offset)

    def now(self) -> datetime:
        return self.centre.now()


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="telemed-cut-") as folder:
        stale_s, merged_s, noted, wrong = asyncio.run(_measured(Path(folder)))
    note(f"row 8: {noted} facts noted without the line; marked after {stale_s:.1f} s; merged after {merged_s}")
    cuts = ", ".join(str(each) for each in CUTS)
    yield Figure(
        issue="E",
        row=8,
        name=f"line cut for {cuts}: facts lost, and visits on which the two ends differ afterwards, of {noted} facts",
        value=wrong,
        unit="facts and visits",
        target="0",
        ok=wrong == 0 and noted > 0,
    )
    yield Figure(
        issue="E",
        row=8,
        name="line cut → the monitor says that the centre is not heard",
        value=round(stale_s, 1),
        unit="s",
        target=f"≤ {MOST_STALE_S:.0f}",
        ok=stale_s <= MOST_STALE_S,
    )
    slowest = max(merged_s)
    yield Figure(
        issue="E",
        row=8,
        name="line back → both ends have every fact and the monitor does not say it any more, slowest of the cuts",
        value=round(slowest, 2),
        unit="s",
        target=f"≤ {MOST_MERGE_S:.0f}",
        ok=slowest <= MOST_MERGE_S,
    )


async def _measured(folder: Path) -> tuple[float, list[float], int, int]:
    with opened(SqliteFiles(folder).fresh_url()) as database:
        hours = Hours()
        world = make_world(database, clock=cast(HandClock, hours.centre))

        def room(journal: Journal) -> Room:
            hours.room = Room(journal, simulated=False, mono=hours.monotonic)
            return hours.room

        for start in STARTS:
            make_booking(world, at=start)
        async with monitored(world, folder, room) as it, it.monitor("monitor") as (machine_id, glass):
            await it.is_here(machine_id)
            stale_s = await _marked(it, glass)
            both = Sides(replace(world, clock=cast(HandClock, hours)), it.agent.room, Random("row 8"))
            merged_s, wrong = [], 0
            for lasts in CUTS:
                merged_s.append(await _cut(it, both, glass, lasts))
                centre, there = both.states()
                wrong += len(both.lost()) + sum(centre.get(each) is not there.get(each) for each in {*centre, *there})
            return stale_s, merged_s, len(both.acknowledged), wrong


async def _marked(it: Monitored, glass: Bulletin) -> float:
    """From a cut that nobody notices at once to the mark on the glass, without any help of the clocks."""
    it.line.cut()
    began = time.monotonic()
    await _until(lambda: glass.screen().centre_away is not None)
    took = time.monotonic() - began
    it.line.mend()
    await _until(lambda: glass.screen().centre_away is None)
    return took


async def _cut(it: Monitored, both: Sides, glass: Bulletin, lasts: timedelta) -> float:
    it.line.cut()
    both.world.clock.forward(SILENT)  # so that the room's assistant may note something
    cut(both, lasts)  # here: the journal belongs to this thread
    it.line.mend()
    began = time.monotonic()
    await _until(lambda: not both.lost() and glass.screen().centre_away is None)
    return time.monotonic() - began


async def _until(true: Callable[[], bool]) -> None:

    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.05)
