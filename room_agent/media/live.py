"""Exam camera and stethoscope of one visit, for any number of doctors: one source each, read once, handed to all.

aiortc stops a track when its connection closes; every doctor therefore gets a track of his own from a relay, and the
sources live until the visit ends.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.contrib.media import MediaRelay

from room_agent.media.sound import Sound
from room_agent.media.source import ExamCamera
from room_agent.media.stethoscope import StethoscopeTrack
from room_agent.media.switch import SwitchTrack
from schemas.measurement import Camera


class LiveMedia:
    """What doctors see and hear in one visit. No camera is selected and nobody listens until a doctor asks."""

    def __init__(self, exam: SwitchTrack, stethoscope: StethoscopeTrack | None) -> None:
        self.exam = exam
        self.stethoscope = stethoscope
        self._relay = MediaRelay()

    @property
    def cameras(self) -> tuple[Camera, ...]:
        return tuple(Camera(camera=c.camera, name_key=c.name_key, simulated=c.simulated) for c in self.exam.cameras)

    def tracks(self) -> tuple[MediaStreamTrack, ...]:
        """For one more doctor: exam video, then stethoscope. The newest picture counts, but every sound."""
        video = self._relay.subscribe(self.exam, buffered=False)
        if self.stethoscope is None:
            return (video,)
        return (video, self._relay.subscribe(self.stethoscope, buffered=True))

    def prepare(self, sender: RTCRtpSender) -> None:
        """Nothing to do: the sound comes as packets of our own, the picture goes through aiortc's VP8."""

    def select(self, camera: str) -> None:
        """Show *camera*; an unknown one changes nothing."""
        self.exam.select(camera)

    def listen(self, on: bool) -> None:
        if self.stethoscope is not None:
            self.stethoscope.listen(on)

    async def close(self) -> None:
        """End both sources; cameras go dark."""
        if self.stethoscope is not None:
            self.stethoscope.stop()
        await self.exam.close()


@asynccontextmanager
async def for_visit(
    cameras: Sequence[ExamCamera], sound: Callable[[], Sound] | None, *, word: Callable[[str], str], simulated: bool
) -> AsyncIterator[LiveMedia]:
    """The media of one visit. *sound* opens the stethoscope, None if the room has none; *word* looks up a key."""
    exam = SwitchTrack(cameras, gone_text=word("camera.gone"), off_text=word("camera.off"))
    stethoscope = None if sound is None else StethoscopeTrack(sound(), simulated=simulated)
    media = LiveMedia(exam, stethoscope)
    try:
        yield media
    finally:
        await media.close()
