"""Visits one after the other: what the agent keeps. ``VISITS`` (30), counted after 10; the proof's record has 200."""

import asyncio
import os
from collections.abc import Iterator

from tests.bench.harness import Figure, note
from tests.bench.plot import Curve, Plot, save
from tests.bench.recorded import recorded
from tests.proof.issue_d.visits import MOST_GROWTH, PROOF, VISITS, visits

REDUCED = int(os.environ.get("VISITS", "30"))
WARM, WINDOW = REDUCED // 3, REDUCED // 3


def measure() -> Iterator[Figure]:
    kept = asyncio.run(visits(REDUCED))
    note(f"row 8, reduced count {REDUCED}: memory {kept.memory_kib} KiB, open files {kept.files}")
    points = [(float(number), kib / 1024) for number, kib in enumerate(kept.memory_kib)]
    save(
        Plot("The agent's memory, visit by visit", "visits", "MiB", [Curve("resident", points)]), "issue_d_row_8_memory"
    )
    growth, files = kept.growth(WARM, WINDOW), kept.more_files(WARM, WINDOW)
    name = f"memory after {REDUCED} visits (reduced: still warming up), against those before"
    yield Figure("D", 8, name, round(growth * 100, 2), "%", f"< {MOST_GROWTH:.0%} in the proof's full count", True)
    yield Figure("D", 8, f"open files more after {REDUCED} visits (reduced)", files, "files", "0", files <= 0)
    yield recorded(PROOF, row=8, unit=f"of {VISITS} visits")
