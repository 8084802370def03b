"""The exam track never raises, whatever its cameras do."""

from av import VideoFrame

from room_agent.media import views
from room_agent.media.simulated import SimulatedCamera
from room_agent.media.source import CameraGone, Still
from room_agent.media.switch import SLATE_SIZE, SwitchTrack
from tests.room_agent.media.loops import run


class Troubled:
    """A camera that fails in its own way each time."""

    camera, name_key, simulated = "troubled", "camera.troubled", True

    def __init__(self) -> None:
        self._troubles = iter([CameraGone("unplugged"), OSError("no such device"), ZeroDivisionError(), ValueError()])

    async def frame(self) -> VideoFrame:
        raise next(self._troubles)

    async def still(self) -> Still:
        raise CameraGone("unplugged")

    async def lock(self, on: bool) -> bool:
        return not on

    async def close(self) -> None:
        """Nothing to give back."""


def make_track(*cameras: object, selected: str = "") -> SwitchTrack:
    return SwitchTrack(cameras, gone_text="gone", off_text="off", selected=selected)  # type: ignore[arg-type]


def test_whatever_a_camera_raises_there_is_a_slate() -> None:
    async def story() -> None:
        track = make_track(Troubled(), selected="troubled")
        slates = [await track.picture() for _ in range(4)]
        assert {(slate.width, slate.height) for slate in slates} == {SLATE_SIZE}

    run(story)


def test_time_only_rises_across_a_switch() -> None:
    async def story() -> None:
        cameras = [SimulatedCamera(name, views.room_view, (name,), fps=30) for name in ("room", "otoscope")]
        track = make_track(*cameras)
        stamps = [(await track.picture()).pts]
        for name in ("room", "otoscope", "", "room"):
            assert track.select(name)
            stamps += [(await track.picture()).pts for _ in range(3)]
        assert stamps == sorted(set(stamps))

    run(story)


def test_an_unknown_camera_is_refused_and_the_picture_stays() -> None:
    async def story() -> None:
        track = make_track(SimulatedCamera("room", views.room_view, ()), selected="room")
        assert not track.select("dermatoscope")
        assert track.selected == "room"

    run(story)
