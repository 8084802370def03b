"""From the operator's commit to a monitor that has forgotten what it showed: real centre, line, agent and monitor.

Not a row of the issue's table but a sentence above it: "revoked within 5 s".
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, note, percentile
from tests.builders import make_world
from tests.databases import SqliteFiles, opened
from tests.link.monitor_scene import SHUT_OUT, monitored, shows

MONITORS = 40
SEEN = "as the operator's page shows it connected"
AT_ONCE = "in the moment after its pairing"


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="telemed-revoked-") as folder:
        took_s = asyncio.run(_took(Path(folder)))
    for when, each in took_s.items():
        note(f"row 9, {when}: {len(each)} monitors, one after the other, slowest {max(each):.3f} s")
        p95 = percentile(each, 0.95)
        yield Figure(
            issue="E",
            row=9,
            name=f"revoked by the operator → the monitor has forgotten its board, {when}; p95 of {len(each)}",
            value=round(p95, 3),
            unit="s",
            target="≤ 5",
            ok=p95 <= 5,
        )


async def _took(folder: Path) -> dict[str, list[float]]:
    took_s: dict[str, list[float]] = {SEEN: [], AT_ONCE: []}
    with opened(SqliteFiles(folder).fresh_url()) as database:
        async with monitored(make_world(database), folder) as it:
            for number in range(MONITORS):
                when = SEEN if number % 2 else AT_ONCE
                async with it.monitor(f"monitor-{number}") as (machine_id, glass):
                    if when is SEEN:
                        await it.is_here(machine_id)
                    await it.revoke(machine_id)
                    began = time.monotonic()
                    took_s[when].append(await shows(glass, SHUT_OUT) - began)
                    assert glass.heard is None
    return took_s
