"""The V4L2 reader on patterns and files of PyAV's in place of hardware: all but the demuxer's name is the same."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import av
import pytest

from room_agent.media import picture, stillcode
from room_agent.media.camera import CameraConfig, CameraFormat, V4l2Camera
from room_agent.media.source import CameraGone
from tests.room_agent.media.coded_files import write_h264, write_mjpeg
from tests.room_agent.media.loops import run


class NoControls:
    """A camera that can be told nothing."""

    def lock(self, on: bool) -> bool:
        return not on

    def settings(self) -> Mapping[str, str]:
        return {"exposure": "automatic"}


def camera_on(path: str | Path, container: str, format_: CameraFormat = CameraFormat.YUYV) -> V4l2Camera:
    return V4l2Camera(CameraConfig("otoscope", str(path), format_), container=container, controls=NoControls())


async def watch(camera: V4l2Camera) -> None:
    while True:
        await camera.frame()


def test_the_reader_gives_the_newest_picture_and_none_when_the_camera_ends() -> None:
    async def story() -> None:
        camera = camera_on("testsrc2=size=320x240:rate=30:duration=0.2", "lavfi")
        frame = await camera.frame()
        assert (frame.width, frame.height, camera.simulated) == (320, 240, False)
        with pytest.raises(CameraGone):
            await watch(camera)
        await camera.close()

    run(story)


def test_a_camera_that_is_not_there_is_gone_at_once_and_not_asked_too_often() -> None:
    async def story() -> None:
        camera = V4l2Camera(CameraConfig("otoscope", "/dev/v4l/by-id/none-index0"))
        for _ in range(2):
            with pytest.raises(CameraGone) as gone:
                await camera.frame()
            assert gone.value.code == "absent"
        assert not await camera.lock(True)

    run(story)


def test_all_who_wait_get_the_same_picture() -> None:
    async def story() -> None:
        camera = camera_on("testsrc2=size=320x240:rate=30", "lavfi")
        await camera.frame()
        first, second = await asyncio.gather(camera.frame(), camera.frame())
        assert first.pts - second.pts in (0, -1, 1)
        await camera.close()

    run(story)


def test_a_still_of_a_jpeg_camera_is_what_the_camera_made(tmp_path: Path) -> None:
    path = tmp_path / "camera.avi"
    made = write_mjpeg(path, (640, 480), count=30)

    async def story() -> None:
        camera = camera_on(path, "avi", CameraFormat.MJPEG)
        still = await camera.still()
        assert still.data in made
        assert (still.mime, still.width, still.height) == ("image/jpeg", 640, 480)
        assert still.settings == {"exposure": "automatic"}
        assert stillcode.from_jpeg(still.preview).width == 640
        await camera.close()

    run(story)


def test_a_still_of_any_other_camera_loses_nothing() -> None:
    async def story() -> None:
        camera = camera_on("testsrc2=size=320x240:rate=30", "lavfi")
        still = await camera.still()
        assert (still.mime, still.data[:4]) == ("image/png", b"\x89PNG")
        decoder = av.CodecContext.create("png", "r")
        frame = next(iter([*decoder.decode(av.Packet(still.data)), *decoder.decode(None)]))
        assert (frame.width, frame.height) == (320, 240)
        await camera.close()

    run(story)


def test_a_coding_camera_gives_its_own_stream_or_pictures_as_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "camera.ts"
    write_h264(path, seconds=6, key_every=10)

    async def story() -> None:
        camera = camera_on(path, "mpegts", CameraFormat.H264)
        frame = await camera.frame()
        assert picture.luma_of(frame).shape == (360, 640)
        while camera.own_stream is None:
            await camera.frame()
        own = camera.own_stream
        assert own.profile.browser_takes_it
        assert 0.2 < own.key_interval_s < 0.6
        assert 50_000 < own.bps < 3_000_000
        first = await camera.coded(anew=True)
        following = [await camera.coded(anew=False) for _ in range(15)]
        assert first.key
        assert 1 <= sum(coded.key for coded in following) <= 2
        assert all(coded.data.startswith((b"\0\0\1", b"\0\0\0\1")) for coded in following)
        assert picture.luma_of(await camera.frame()).shape == (360, 640)
        await camera.close()

    run(story)
