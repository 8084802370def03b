"""Mutated resources and parameters: how many of 2,000 are answered as they must be."""

import tempfile
from pathlib import Path

from tests.bench.harness import Figure, note
from tests.builders import make_world
from tests.databases import SqliteFiles, opened
from tests.interop.stand import judged, stand

REQUESTS = 2_000


def measure() -> Figure:
    with (
        tempfile.TemporaryDirectory(prefix="telemed-mutated-") as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
        stand(make_world(database)) as there,
    ):
        wrong = judged(there, REQUESTS, seed=6)
        note(f"row 6: {there.seen}")
        for one in wrong[:10]:
            note(f"row 6: {one}")
        return Figure(
            issue="G",
            row=6,
            name=f"{there.seen.sent} mutated resources and parameters: 5xx, changes after a refusal, lost paths",
            value=len(wrong),
            unit="faults",
            target="0",
            ok=not wrong and there.seen.sent >= REQUESTS,
        )
