"""The interface of a camera: pictures one after the other, a still one on request, and settings that can be kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from av import VideoFrame

from room_agent.media.h264 import Coded, Profile


@dataclass(frozen=True)
class Still:
    """One picture as large as the camera gives it. *data*: JPEG or PNG; *settings*: what it was told, in words."""

    data: bytes
    mime: str
    width: int
    height: int
    preview: bytes
    """JPEG, at most 640 wide."""
    preview_size: tuple[int, int]
    taken_at: datetime
    settings: Mapping[str, str] = field(default_factory=dict)


class ExamCamera(Protocol):
    """One camera. *name_key* is a catalogue key (``camera.otoscope``)."""

    @property
    def camera(self) -> str: ...

    @property
    def name_key(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    async def frame(self) -> VideoFrame:
        """The next picture, paced by the camera. Two who ask at once get the same one.

        Raises:
            CameraGone: it is unplugged or cannot be opened; asking again tries to open it again.
        """

    async def still(self) -> Still:
        """The next picture in full resolution.

        Raises:
            CameraGone: as for `frame`.
        """

    async def lock(self, on: bool) -> bool:
        """Keep exposure, white balance and focus as they are, or let them go; False where the camera cannot."""

    async def close(self) -> None: ...


@dataclass(frozen=True)
class OwnStream:
    """A camera's own H.264: its profile, bits per second, and seconds from one key picture to the next."""

    profile: Profile
    bps: int
    key_interval_s: float
    since_key: int = 0
    """Pictures since the last key picture."""


@runtime_checkable
class CodingCamera(Protocol):
    """A camera that makes H.264 itself; it is an `ExamCamera` as well."""

    @property
    def own_stream(self) -> OwnStream | None:
        """What it has sent lately; None before its second key picture."""

    async def coded(self, *, anew: bool) -> Coded:
        """The next picture as the camera coded it, none left out. *anew*: begin with the last key picture.

        Raises:
            CameraGone: as for `ExamCamera.frame`.
        """


class CameraGone(Exception):
    """The camera gives no picture now. *code* is for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
