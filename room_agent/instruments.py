"""Cameras and stethoscope of the room as the visit needs them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from aiortc import MediaStreamTrack, RTCRtpSender

from room_agent.media.source import ExamCamera
from room_agent.peers import Media
from schemas.checks import CheckResult
from schemas.measurement import Camera


@dataclass(frozen=True)
class Instruments:
    """What the room has. *stethoscope* says whether its sound is there, or is None; *for_visit* opens all of it."""

    cameras: Sequence[ExamCamera]
    stethoscope: Callable[[], CheckResult] | None
    for_visit: Callable[[], AbstractAsyncContextManager[Media]]


class NoMedia:
    """A room without exam camera and stethoscope: values only."""

    cameras: tuple[Camera, ...] = ()

    def tracks(self) -> tuple[MediaStreamTrack, ...]:
        return ()

    def prepare(self, sender: RTCRtpSender) -> None:
        """There is no sender."""

    def select(self, camera: str) -> None:
        """There is none to select."""

    def listen(self, on: bool) -> None:
        """There is nothing to hear."""


@asynccontextmanager
async def _no_media() -> AsyncIterator[Media]:
    yield NoMedia()


def none() -> Instruments:
    """A room without exam camera and stethoscope."""
    return Instruments(cameras=(), stethoscope=None, for_visit=_no_media)
