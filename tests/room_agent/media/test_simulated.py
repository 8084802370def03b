"""Simulated cameras: they say so, keep their rate, and can be broken."""

import asyncio
import time

import numpy as np
import pytest

from room_agent.media import picture, stillcode, views
from room_agent.media.simulated import STILL_SIZE, CameraFault, SimulatedCamera, simulated_cameras
from room_agent.media.source import CameraGone
from tests.room_agent.media.loops import run

ROLES = ["room", "otoscope", "dermatoscope", "document"]


def sharpness(luma: picture.Pixels) -> float:
    """The variance of the Laplacian."""
    grey = luma.astype(float)
    across = grey[1:-1, 2:] + grey[1:-1, :-2] + grey[2:, 1:-1] + grey[:-2, 1:-1] - 4 * grey[1:-1, 1:-1]
    return float(across.var())


def test_the_four_views_differ_and_show_when_they_were_painted() -> None:
    async def story() -> None:
        cameras = simulated_cameras(lambda key: key)
        assert [camera.camera for camera in cameras] == ROLES
        lumas = [picture.luma_of(await camera.frame()) for camera in cameras]
        for luma in lumas:
            assert luma.shape == (720, 1280)
            assert (int(time.time() * 1000) - picture.read_time_code(luma)) & 0xFFFFFFFF < 1000
        middles = [luma[200:500].astype(int) for luma in lumas]
        assert all(abs(a - b).mean() > 10 for a in middles for b in middles if a is not b)

    run(story)


def test_the_word_for_simulated_is_in_the_picture() -> None:
    async def story() -> None:
        plain = SimulatedCamera("room", views.room_view, ())
        marked = SimulatedCamera("room", views.room_view, ("SIMULIERT",))
        shown = [picture.luma_of(await camera.frame()).astype(int) for camera in (plain, marked)]
        dots = picture.lettering("SIMULIERT", 6)
        left = (1280 - dots.shape[1]) // 2
        written = shown[1][36 : 36 + dots.shape[0], left : left + dots.shape[1]]
        assert (written[dots] > 200).all()
        assert (written[~dots] < 40).all()
        assert abs(shown[0] - shown[1]).max() > 100

    run(story)


def test_a_simulated_camera_keeps_its_rate_and_gives_no_backlog_to_a_late_reader() -> None:
    async def story() -> None:
        camera = SimulatedCamera("room", views.room_view, (), fps=30)
        began = time.monotonic()
        for _ in range(15):
            await camera.frame()
        assert 0.4 <= time.monotonic() - began < 1.5

    run(story)


def test_two_readers_see_the_same_pictures_at_the_full_rate() -> None:
    async def story() -> None:
        camera = SimulatedCamera("room", views.room_view, (), fps=30)
        await camera.frame()
        for _ in range(5):
            first, second = await asyncio.gather(camera.frame(), camera.frame())
            assert first is second

    run(story)


def test_each_fault_is_seen_and_mended() -> None:
    async def story() -> None:
        (camera,) = simulated_cameras(lambda key: key)[3:]

        async def look(fault: CameraFault | None) -> picture.Pixels:
            camera.set_fault(fault)
            return picture.luma_of(await camera.frame())

        sound = await look(None)
        assert (await look(CameraFault.BLACK)).std() == 0
        frozen = [await look(CameraFault.FROZEN) for _ in range(2)]
        assert np.array_equal(frozen[0], frozen[1])
        still = picture.luma_of(stillcode.from_jpeg((await camera.still()).data))
        assert picture.read_time_code(still) == picture.read_time_code(frozen[0])
        assert sharpness(await look(CameraFault.BLURRED)) < sharpness(sound) / 4
        with pytest.raises(CameraGone):
            await look(CameraFault.UNPLUGGED)
        with pytest.raises(CameraGone):
            await camera.still()
        mended = await look(None)
        assert abs(sharpness(mended) / sharpness(sound) - 1) < 0.2

    run(story)


def test_a_lock_is_written_into_the_picture_and_the_brightness_stays() -> None:
    async def story() -> None:
        camera = SimulatedCamera("dermatoscope", views.dermatoscope_view, (), locked_word="FEST")
        before = picture.luma_of(await camera.frame()).astype(int)
        assert await camera.lock(True)
        locked = picture.luma_of(await camera.frame()).astype(int)
        assert abs(locked[:560] - before[:560]).max() <= 12
        assert abs(locked[570:620] - before[570:620]).max() > 50
        assert (await camera.still()).settings == {"exposure": "locked"}
        await camera.lock(False)
        assert (await camera.still()).settings == {"exposure": "automatic"}

    run(story)


def test_a_still_is_larger_than_the_moving_picture_and_has_a_preview() -> None:
    async def story() -> None:
        (_, otoscope, _, _) = simulated_cameras(lambda key: key)
        still = await otoscope.still()
        assert (still.mime, still.width, still.height) == ("image/jpeg", *STILL_SIZE)
        whole, small = stillcode.from_jpeg(still.data), stillcode.from_jpeg(still.preview)
        assert (whole.width, whole.height) == STILL_SIZE
        assert (small.width, small.height) == still.preview_size == (640, 360)
        age_ms = (int(time.time() * 1000) - picture.read_time_code(picture.luma_of(whole))) & 0xFFFFFFFF
        assert age_ms < 5000

    run(story)
