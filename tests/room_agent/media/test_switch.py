"""The exam track never raises, whatever its cameras do."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from room_agent.media import picture
from room_agent.media.camera import SimulatedCamera
from room_agent.media.source import CameraGone
from room_agent.media.switch import SwitchTrack


class Troubled:
    """A camera that fails in its own way each time."""

    camera, name_key, simulated = "troubled", "camera.troubled", True

    def __init__(self) -> None:
        self.closed = False
        self._troubles = iter([CameraGone("unplugged"), OSError("no such device"), ZeroDivisionError(), ValueError()])

    async def frame(self) -> VideoFrame:
        raise next(self._troubles)

    async def close(self) -> None:
        self.closed = True


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def make_track(*cameras: object, selected: str = "") -> SwitchTrack:
    return SwitchTrack(cameras, gone_text="gone", off_text="off", selected=selected)  # type: ignore[arg-type]


def test_whatever_a_camera_raises_there_is_a_slate() -> None:
    async def story() -> None:
        track = make_track(Troubled(), selected="troubled")
        slates = [await track.recv() for _ in range(4)]
        assert {(slate.width, slate.height) for slate in slates} == {(640, 480)}
        assert track.readyState == "live"

    run(story)


def test_time_only_rises_across_a_switch() -> None:
    async def story() -> None:
        cameras = [SimulatedCamera(name, picture.room_view, (name,), fps=30) for name in ("room", "otoscope")]
        track = make_track(*cameras)
        stamps = [(await track.recv()).pts]
        for name in ("room", "otoscope", "", "room"):
            assert track.select(name)
            stamps += [(await track.recv()).pts for _ in range(3)]
        assert stamps == sorted(set(stamps))

    run(story)


def test_an_unknown_camera_is_refused_and_the_picture_stays() -> None:
    async def story() -> None:
        track = make_track(SimulatedCamera("room", picture.room_view, ()), selected="room")
        assert not track.select("dermatoscope")
        assert track.selected == "room"

    run(story)


def test_closing_ends_the_track_and_gives_the_cameras_back() -> None:
    async def story() -> None:
        camera = Troubled()
        track = make_track(camera)
        await track.close()
        assert camera.closed
        with pytest.raises(MediaStreamError):
            await track.recv()

    run(story)
