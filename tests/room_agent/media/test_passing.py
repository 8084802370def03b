"""A camera's own H.264 goes through as it is where it may, and is coded anew where not; nobody sees the change."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from room_agent.media.camera import CameraConfig, CameraFormat, V4l2Camera
from room_agent.media.h264 import kind
from room_agent.media.slot import VideoSlot, Watch
from room_agent.media.stream import Codec
from room_agent.media.switch import SwitchTrack
from tests.room_agent.media.coded_files import write_h264
from tests.room_agent.media.loops import run

PLENTY, THIN = 4_000_000, 200_000


@asynccontextmanager
async def slot_on(path: Path) -> AsyncIterator[tuple[VideoSlot, V4l2Camera]]:
    container = {".ts": "mpegts", ".mp4": "mp4"}[path.suffix]
    camera = V4l2Camera(CameraConfig("room", str(path), CameraFormat.H264), container=container)
    slot = VideoSlot(SwitchTrack([camera], gone_text="gone", off_text="off", selected="room"))
    try:
        yield slot, camera
    finally:
        await slot.close()
        await camera.close()


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "baseline.ts"
    write_h264(path, seconds=12, key_every=10)
    return path


async def until(slot: VideoSlot, watch: Watch, holds: Callable[[], bool], most: int = 200) -> list[int]:
    """Watch until *holds*; the time stamps seen."""
    stamps = []
    while not holds():
        stamps.append((await watch.following()).timestamp)
        assert len(stamps) < most, slot.counts
    return stamps


def test_it_passes_while_the_line_carries_it_and_is_coded_anew_on_a_thin_one(baseline: Path) -> None:
    async def story() -> None:
        async with slot_on(baseline) as (slot, _):
            watch = slot.watch()
            watch.allowed_bps = PLENTY
            stamps = await until(slot, watch, lambda: slot.counts.passed > 20)
            coded = slot.counts.coded
            watch.allowed_bps = THIN
            stamps += await until(slot, watch, lambda: slot.counts.coded > coded + 10)
            passed = slot.counts.passed
            assert (slot.rung.height, slot.rung.fps) == (360, 15)
            watch.allowed_bps = PLENTY
            stamps += await until(slot, watch, lambda: slot.counts.passed > passed + 20)
            assert stamps == sorted(set(stamps))
            longest = max(later - earlier for earlier, later in pairwise(stamps))
            assert longest < 90_000

    run(story)


def test_whoever_comes_while_it_passes_begins_with_the_last_key_picture(baseline: Path) -> None:
    async def story() -> None:
        async with slot_on(baseline) as (slot, _):
            watch = slot.watch()
            watch.allowed_bps = PLENTY
            await until(slot, watch, lambda: slot.counts.passed > 24)
            late = slot.watch()
            late.allowed_bps = PLENTY
            coded = slot.counts.coded
            first = await late.following()
            assert first.key
            assert kind(first.payloads[0]) in (7, 24)
            assert slot.counts.coded == coded

    run(story)


def test_whoever_takes_no_h264_gets_it_coded_and_then_nothing_passes(baseline: Path) -> None:
    async def story() -> None:
        async with slot_on(baseline) as (slot, _):
            watch = slot.watch()
            watch.allowed_bps = PLENTY
            stamps = await until(slot, watch, lambda: slot.counts.passed > 12)
            other = slot.watch()
            other.allowed_bps = PLENTY
            other.takes(Codec.VP8)
            first = await other.following()
            assert first.key
            assert first.payloads[0][:1] == b"\x10"
            passed, coded = slot.counts.passed, slot.counts.coded
            stamps += await until(slot, watch, lambda: slot.counts.coded > coded + 5)
            assert slot.counts.passed == passed
            assert stamps == sorted(set(stamps))

    run(story)


def test_the_thinnest_line_decides_for_all(baseline: Path) -> None:
    async def story() -> None:
        async with slot_on(baseline) as (slot, camera):
            watch, thin = slot.watch(), slot.watch()
            watch.allowed_bps, thin.allowed_bps = PLENTY, THIN
            thin.takes(Codec.H264)
            await until(slot, watch, lambda: camera.own_stream is not None and slot.counts.coded > 30)
            assert slot.counts.passed == 0

    run(story)


@pytest.mark.parametrize("what", [{"profile": "High"}, {"key_every": 90}])
def test_what_a_browser_may_not_decode_or_recover_from_is_coded_anew(tmp_path: Path, what: dict[str, object]) -> None:
    path = tmp_path / "camera.ts"
    write_h264(path, seconds=5, **what)  # type: ignore[arg-type]

    async def story() -> None:
        async with slot_on(path) as (slot, _):
            watch = slot.watch()
            watch.allowed_bps = PLENTY
            await until(slot, watch, lambda: slot.counts.coded > 45)
            assert slot.counts.passed == 0

    run(story)


def test_a_file_without_start_codes_is_coded_anew(tmp_path: Path) -> None:
    path = tmp_path / "camera.mp4"
    write_h264(path, seconds=3, key_every=10)

    async def story() -> None:
        async with slot_on(path) as (slot, camera):
            watch = slot.watch()
            watch.allowed_bps = PLENTY
            await until(slot, watch, lambda: slot.counts.coded > 10)
            assert slot.counts.passed == 0
            assert camera.own_stream is None

    run(story)
