"""Subscriptions: events that were lost or out of order under bad receivers, and what those cost a good one."""

import tempfile
from pathlib import Path
from statistics import median

from tests.bench.harness import Figure, note
from tests.databases import SqliteFiles, opened
from tests.subscribe.storm import Told, storm

EVENTS = 200
ROUNDS = 3
SLOWED = 1.5
"""A good receiver beside three bad ones hears all within so many times what it takes beside three good ones."""


def measure() -> Figure:
    good = [_storm(bad=False) for _ in range(ROUNDS)]
    beside = [_storm(bad=True) for _ in range(ROUNDS)]
    faults = [fault for told in (*good, *beside) for fault in told.faults]
    for fault in faults[:10]:
        note(f"row 7: {fault}")
    slowed = median(told.took_s for told in beside) / median(told.took_s for told in good)
    note(f"row 7: {EVENTS} events, {sum(told.requests for told in beside)} requests beside bad receivers")
    return Figure(
        issue="G",
        row=7,
        name=f"{EVENTS} events × {ROUNDS} to receivers that hang, fail, take twice, are away: lost or out of order",
        value=len(faults),
        unit="faults; ratio: a good one's time beside them to beside good ones",
        baseline=0,
        ratio=round(slowed, 2),
        target=f"0 faults; ratio <= {SLOWED}",
        ok=not faults and slowed <= SLOWED,
    )


def _storm(*, bad: bool) -> Told:
    with (
        tempfile.TemporaryDirectory(prefix="telemed-storm-") as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
    ):
        return storm(database, EVENTS, bad=bad)
