"""Cameras: painted ones, and the V4L2 reader on a pattern of PyAV's in place of hardware."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_agent.media import picture
from room_agent.media.camera import SimulatedCamera, V4l2Camera, simulated_cameras
from room_agent.media.source import CameraGone


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


async def watch(camera: V4l2Camera) -> None:
    while True:
        await camera.frame()


@given(st.integers(0, 2**32 - 1), st.sampled_from([(640, 480), (1280, 720)]))
def test_every_time_code_is_read_back(ms: int, size: tuple[int, int]) -> None:
    pixels = picture.canvas(*size, y=100)
    picture.paint_time_code(pixels, ms)
    assert picture.read_time_code(picture.luma_of(picture.to_frame(pixels))) == ms


def test_letters_are_drawn_and_umlauts_written_out() -> None:
    assert picture.lettering("I", 1).sum() == 11
    assert picture.lettering("Ä", 2).shape == picture.lettering("AE", 2).shape


def test_the_simulated_views_differ_and_show_when_they_were_painted() -> None:
    async def story() -> None:
        room, otoscope = simulated_cameras(lambda key: key)
        views = [picture.luma_of(await camera.frame()) for camera in (room, otoscope)]
        assert views[0].mean() - views[1].mean() > 50
        for luma in views:
            age_ms = (int(time.time() * 1000) - picture.read_time_code(luma)) & 0xFFFFFFFF
            assert age_ms < 1000

    run(story)


def test_the_word_for_simulated_is_in_the_picture() -> None:
    async def story() -> None:
        plain = SimulatedCamera("room", picture.room_view, ())
        marked = SimulatedCamera("room", picture.room_view, ("SIMULIERT",))
        lumas = [picture.luma_of(await camera.frame())[24:66].astype(int) for camera in (plain, marked)]
        dots = picture.lettering("SIMULIERT", 6)
        left = (640 - dots.shape[1]) // 2
        assert (lumas[1][:, left : left + dots.shape[1]][dots] > 200).all()
        assert abs(lumas[0] - lumas[1]).max() > 100

    run(story)


def test_a_simulated_camera_keeps_its_rate_and_gives_no_backlog_to_a_late_reader() -> None:
    async def story() -> None:
        camera = SimulatedCamera("room", picture.room_view, (), fps=30)
        began = time.monotonic()
        for _ in range(15):
            await camera.frame()
        assert 0.4 <= time.monotonic() - began < 1.5

    run(story)


def test_the_v4l2_reader_gives_the_newest_picture_and_none_when_the_camera_ends() -> None:
    async def story() -> None:
        pattern = "testsrc2=size=320x240:rate=30:duration=0.2"
        camera = V4l2Camera("otoscope", pattern, container="lavfi", options={})
        frame = await camera.frame()
        assert (frame.width, frame.height, camera.simulated) == (320, 240, False)
        with pytest.raises(CameraGone):
            await watch(camera)
        await camera.close()

    run(story)


def test_a_camera_that_is_not_there_is_gone_at_once_and_not_asked_too_often() -> None:
    async def story() -> None:
        camera = V4l2Camera("otoscope", "/dev/v4l/by-id/none-index0")
        for _ in range(2):
            with pytest.raises(CameraGone) as gone:
                await camera.frame()
            assert gone.value.code == "absent"

    run(story)
