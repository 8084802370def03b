"""What one more browser costs that watches the same 720p30 camera, and a camera whose own H.264 passes through."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.camera import CameraConfig, CameraFormat, V4l2Camera
from room_agent.media.peer import Outlet
from tests.bench.harness import Figure, note
from tests.bench.issue_c.far_end import far_end
from tests.bench.issue_c.scene import SIZE, NoisyCamera
from tests.bench.issue_c.senders import cpu_share, layered
from tests.room_agent.media.coded_files import write_h264

ROUNDS = 3
MEASURED_S = 6.0
MORE_TARGET, PASSED_TARGET = 4.0, 5.0
PASSED_BPS = 2_000_000


async def one_more() -> tuple[float, float, float]:
    """Percent of a core with one viewer and with two, and the pictures a second that the second one saw."""
    async with far_end() as far, layered(far, [NoisyCamera()]) as (slot,):
        await far.until_seen(1, 1)
        await asyncio.sleep(4)
        one = await cpu_share(MEASURED_S)
        second = AiortcPeer([Outlet("exam-0", slot.watch())], lambda _state: None)
        await far.meet(second)
        await far.until_seen(2, 1)
        await asyncio.sleep(4)
        await far.take()
        two = await cpu_share(MEASURED_S)
        seen = (await far.take())[1][0].decoded / MEASURED_S
        await second.close()
        return one, two, seen


async def passed(path: Path) -> tuple[float, float]:
    """Percent of a core, and pictures a second, of a camera that codes for itself."""
    camera = V4l2Camera(CameraConfig("room", str(path), CameraFormat.H264), container="mpegts")
    async with far_end() as far, layered(far, [camera]) as (slot,):
        await far.until_seen(1, 1)
        async with asyncio.timeout(30):
            while slot.counts.passed < 60:
                await asyncio.sleep(0.2)
        await far.take()
        before = slot.counts.coded
        share = await cpu_share(MEASURED_S)
        assert slot.counts.coded == before, "it was transcoded"
        seen = (await far.take())[0][0].decoded / MEASURED_S
        await camera.close()
        return share, seen


async def rounds() -> tuple[list[tuple[float, float, float]], list[tuple[float, float]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "camera.ts"
        write_h264(path, seconds=40, size=SIZE, bps=PASSED_BPS)
        more, through = [], []
        for _ in range(ROUNDS):
            more.append(await one_more())
            through.append(await passed(path))
        return more, through


def measure() -> Iterator[Figure]:
    more, through = asyncio.run(rounds())
    note(f"row 4: {ROUNDS} rounds of {MEASURED_S} s; one, two viewers, pictures a second {more}; passed {through}")
    one = statistics.median(one for one, _, _ in more)
    extra = statistics.median(two - one for one, two, _ in more)
    good = extra <= MORE_TARGET and statistics.median(seen for _, _, seen in more) >= 29
    limit = f"at most {MORE_TARGET} % of a core"
    name = "one more browser that watches the same camera"
    yield Figure("C", 4, name, round(extra, 1), "% of a core", limit, good, round(one, 1), round(extra / one, 3))
    share = statistics.median(share for share, _ in through)
    good = share <= PASSED_TARGET and statistics.median(seen for _, seen in through) >= 29
    limit = f"at most {PASSED_TARGET} % of a core"
    name = "720p30 passed through as the camera coded it"
    yield Figure("C", 4, name, round(share, 1), "% of a core", limit, good, round(one, 1), round(share / one, 3))
