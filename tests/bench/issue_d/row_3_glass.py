"""Glass to glass of the exam camera on one veth pair, beside aiortc alone: time code painted, read in the browser.

``GLASS`` rounds (3) of 10 s, in turns. The baseline is aiortc with its own H.264 encoder and the same camera.
"""

import asyncio
import os
from collections.abc import Iterator
from itertools import chain
from statistics import median

from tests.bench.harness import Figure, note, percentile
from tests.bench.issue_c.far_end import far_end
from tests.bench.issue_c.scene import NoisyCamera
from tests.bench.issue_c.senders import bare, layered
from tests.bench.plot import Plot, distribution, save

ROUNDS = int(os.environ.get("GLASS", "3"))
SETTLE_S, MEASURED_S = 5.0, 10.0
LIMITS_MS = {0.5: 70.0, 0.95: 110.0}
RATIO = 1.15


async def one(*, ours: bool) -> list[float]:
    """From painted to shown, in milliseconds, of each picture."""
    camera = NoisyCamera()
    async with far_end() as far:
        sender = layered(far, [camera]) if ours else bare(far, [camera], ours=False)
        async with sender:
            await far.until_seen(1, 1)
            await asyncio.sleep(SETTLE_S)
            await far.take()
            await asyncio.sleep(MEASURED_S)
            ((seen,),) = await far.take()
    return seen.late_ms


async def rounds() -> tuple[list[list[float]], list[list[float]]]:
    found: tuple[list[list[float]], list[list[float]]] = ([], [])
    for _ in range(ROUNDS):
        for side, ours in zip(found, (True, False), strict=True):
            side.append(await one(ours=ours))
    return found


def measure() -> Iterator[Figure]:
    mine, alone = asyncio.run(rounds())
    curves = [distribution(name, chain(*each)) for name, each in (("ours", mine), ("aiortc alone", alone))]
    save(Plot("Glass to glass on one veth pair", "ms", "share", curves), "issue_d_row_3_glass")
    for share, limit in LIMITS_MS.items():
        ours, bare_ = ([percentile(each, share) for each in side] for side in (mine, alone))
        note(f"row 3: p{share * 100:.0f} of each round: ours {ours}, aiortc alone {bare_} ms")
        value, base = median(ours), median(bare_)
        name = f"exam camera 720p30, painted to shown, p{share * 100:.0f}, median of {ROUNDS} rounds"
        target = f"≤ {limit:.0f} and ≤ {RATIO} ×"
        good = value <= limit and value <= RATIO * base
        yield Figure("D", 3, name, round(value, 1), "ms", target, good, round(base, 1), round(value / base, 3))
