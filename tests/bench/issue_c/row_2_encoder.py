"""What 720p30 costs: our encoder against aiortc's own, and our whole layer against bare aiortc with our encoder."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiortc.codecs.h264 import H264Encoder
from av import VideoFrame

from room_agent.media.h264 import CLOCK_RATE, TIME_BASE, Encoder, cut
from room_agent.media.ladder import LADDER
from tests.bench.harness import Figure, note
from tests.bench.issue_c.far_end import FarEnd, far_end
from tests.bench.issue_c.scene import NoisyCamera
from tests.bench.issue_c.senders import bare, cpu_share, layered

ROUNDS = 3
WARM_S, MEASURED_S = 4.0, 8.0
CODED, BPS = 150, 2_000_000
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


def coding(encode: Callable[[VideoFrame], list[bytes]]) -> float:
    """Milliseconds of processor time for each picture, cut into payloads; the first second does not count."""
    frames, spent = NoisyCamera().frames, 0.0
    for number in range(30 + CODED):
        frame = frames[number % len(frames)]
        frame.pts, frame.time_base = number * CLOCK_RATE // 30, TIME_BASE
        began = time.process_time()
        encode(frame)
        spent += time.process_time() - began if number >= 30 else 0.0
    return spent / CODED * 1000


def encoders() -> tuple[list[float], list[float]]:
    """Ours and aiortc's, in turn, on the same pictures at the same bit rate."""
    ours, stock = [], []
    for _ in range(ROUNDS):
        own, theirs = Encoder(1280, 720, LADDER[0]), H264Encoder()
        theirs.target_bitrate = BPS
        ours.append(coding(lambda frame, own=own: list(cut(own.encode(frame, bps=BPS, key=False).data))))  # type: ignore[misc]
        stock.append(coding(lambda frame, theirs=theirs: theirs.encode(frame)[0]))  # type: ignore[misc]
    return ours, stock


def measure() -> Iterator[Figure]:
    ours, aiortcs = encoders()
    note(f"row 2: ms a picture, coded and cut, in turn: ours {ours}, aiortc's own {aiortcs}")
    cost, beside = statistics.median(ours), statistics.median(aiortcs)
    ratio, name = round(cost / beside, 3), "720p30 coded by our encoder, against aiortc's own H.264"
    limit = f"at most {TARGET} of the baseline"
    yield Figure("C", 2, name, round(cost, 2), "ms a picture", limit, ratio <= TARGET, round(beside, 2), ratio)
    found = asyncio.run(rounds())
    costs = {name: statistics.median(cost for cost, _ in tries) for name, tries in found.items()}
    rates = {name: round(statistics.median(rate for _, rate in tries), 1) for name, tries in found.items()}
    note(f"row 2: {ROUNDS} rounds of {MEASURED_S} s; ms a picture, pictures a second {found}; rates {rates}")
    whole = round(costs["layer"] / costs["stock"], 3)
    note(f"row 2: all that a sender does, ours against aiortc as it is: {whole} of {costs['stock']:.2f} ms a picture")
    cost, beside = costs["layer"], costs["bare"]
    ratio, name = round(cost / beside, 3), "our layer to one browser, against bare aiortc with the same encoder"
    good = ratio <= LAYER_TARGET and rates["layer"] >= 29
    limit = f"at most {LAYER_TARGET} of the baseline"
    yield Figure("C", 2, name, round(cost, 2), "ms a picture", limit, good, round(beside, 2), ratio)
