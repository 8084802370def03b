"""What it costs to send one 720p30 camera to one browser: ours, aiortc's own encoder, and ours in bare aiortc."""

import asyncio
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.bench.harness import Figure, note
from tests.bench.issue_c.far_end import FarEnd, far_end
from tests.bench.issue_c.scene import NoisyCamera
from tests.bench.issue_c.senders import bare, cpu_share, layered

ROUNDS = 3
WARM_S, MEASURED_S = 4.0, 8.0
TARGET, LAYER_TARGET = 0.45, 1.10

Way = Callable[[FarEnd], AbstractAsyncContextManager[Any]]


async def cpu_of(way: Way) -> tuple[float, float]:
    """Milliseconds of processor time for each picture that the browser decoded, and pictures a second."""
    async with far_end() as far, way(far):
        await far.until_seen(1, 1)
        await asyncio.sleep(WARM_S)
        await far.take()
        share = await cpu_share(MEASURED_S)
        ((seen,),) = await far.take()
        rate = seen.decoded / MEASURED_S
        return share * 10 / rate, rate


async def rounds() -> dict[str, list[tuple[float, float]]]:
    camera = NoisyCamera()
    ways: dict[str, Way] = {
        "layer": lambda far: layered(far, [camera]),
        "bare": lambda far: bare(far, [camera], ours=True),
        "stock": lambda far: bare(far, [camera], ours=False),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(await cpu_of(way))
    return found


def measure() -> Iterator[Figure]:
    found = asyncio.run(rounds())
    costs = {name: statistics.median(cost for cost, _ in tries) for name, tries in found.items()}
    rates = {name: round(statistics.median(rate for _, rate in tries), 1) for name, tries in found.items()}
    note(f"row 2: {ROUNDS} rounds of {MEASURED_S} s; ms a picture, pictures a second {found}; rates {rates}")
    for name, cost, beside, target in (
        ("720p30 to one browser, against aiortc's own H.264", costs["layer"], costs["stock"], TARGET),
        ("our layer, against bare aiortc with the same encoder", costs["layer"], costs["bare"], LAYER_TARGET),
    ):
        ratio = round(cost / beside, 3)
        good = ratio <= target and rates["layer"] >= 29
        limit = f"at most {target} of the baseline"
        yield Figure("C", 2, name, round(cost, 2), "ms a picture", limit, good, round(beside, 2), ratio)
