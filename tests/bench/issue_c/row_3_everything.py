"""Everything at once to one browser: two cameras, the stethoscope, an ECG of twelve leads and the oximeter's curve."""

import asyncio
import statistics
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from room_agent.devices.driver import Waveform
from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.heart import heart_sounds
from room_agent.media.live import for_visit
from room_agent.media.peer import Channel
from room_agent.media.sound import Loop
from schemas.measurement import WaveKind
from tests.bench.harness import Figure, note
from tests.bench.issue_c.far_end import FarEnd, far_end
from tests.bench.issue_c.scene import NoisyCamera
from tests.bench.issue_c.senders import bare, cpu_share

ROUNDS = 3
WARM_S, MEASURED_S = 12.0, 10.0
PICTURES, CPU_TARGET = 59.5, 60.0
_LEADS, _ECG_HZ, _PLETH_HZ, _PIECE_S = 12, 500, 100, 0.1


async def curves(wave: Channel) -> None:
    """An ECG of twelve leads and a pulse curve, ten pieces a second each, for ever."""
    mdc = tuple(131_329 + lead for lead in range(_LEADS))
    number, due = 0, time.monotonic()
    while True:
        number, due = number + 1, due + _PIECE_S
        ecg, pleth = (struct.pack(f"<{count}h", *range(count)) for count in (_LEADS * _ECG_HZ // 10, _PLETH_HZ // 10))
        for codes, rate, samples, kind in (
            (mdc, _ECG_HZ, ecg, WaveKind.ECG),
            ((150_452,), _PLETH_HZ, pleth, WaveKind.PLETH),
        ):
            head = ("bench", codes, rate, time.time_ns() // 1000, number, 1.0)
            wave.send(Waveform(*head, samples, 0, kind).pack())
        await asyncio.sleep(max(0.0, due - time.monotonic()))


@asynccontextmanager
async def ours(far: FarEnd) -> AsyncIterator[None]:
    """As in a visit: both slots, the stethoscope heard as Opus and without loss, and the curves."""
    cameras = [NoisyCamera("room"), NoisyCamera("otoscope")]
    sounds = heart_sounds()
    async with for_visit(cameras, lambda: Loop(sounds), word=lambda key: key, simulated=True) as media:
        peer = AiortcPeer(media.outlets(), lambda _state: None)
        wave = peer.channel("wave")
        media.on_sound(lambda piece: wave.send(piece.pack()))
        media.listen(True)
        await far.meet(peer)
        for slot, camera in enumerate(cameras):
            media.select(camera.camera, slot)
        sending = asyncio.create_task(curves(wave))
        try:
            yield
        finally:
            sending.cancel()
            await peer.close()


async def one(*, stock: bool) -> tuple[float, float]:
    """Percent of a core more than nothing, and pictures a second of both cameras."""
    async with far_end(counts_only=True) as far:
        cameras = [NoisyCamera("room"), NoisyCamera("otoscope")] if stock else []
        nothing = await cpu_share(2)
        async with bare(far, cameras, ours=False, sound=True) if stock else ours(far):
            await asyncio.sleep(WARM_S)
            await far.take()
            share = await cpu_share(MEASURED_S)
            (seen,) = await far.take()
    return share - nothing, sum(each.decoded for each in seen) / MEASURED_S


async def rounds() -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "stock": []}
    for _ in range(ROUNDS):
        for name, tries in found.items():
            tries.append(await one(stock=name == "stock"))
    return found


def measure() -> Iterator[Figure]:
    found = asyncio.run(rounds())
    note(f"row 3: {ROUNDS} rounds of {MEASURED_S} s; % of a core, pictures a second {found}")
    share, beside = (statistics.median(share for share, _ in found[name]) for name in ("ours", "stock"))
    rate, other = (statistics.median(rate for _, rate in found[name]) for name in ("ours", "stock"))
    name = "2 × 720p30, stethoscope, ECG 12 × 500 Hz and oximeter: pictures decoded"
    yield Figure("C", 3, name, round(rate, 1), "1/s", "60 of 60", rate >= PICTURES, round(other, 1))
    name, limit = "the same: processor, more than nothing", f"at most {CPU_TARGET:.0f} % of a core"
    ratio = round(share / beside, 3)
    yield Figure("C", 3, name, round(share, 1), "% of a core", limit, share <= CPU_TARGET, round(beside, 1), ratio)
