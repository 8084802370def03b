"""Exam cameras and stethoscope of one visit, for any number of doctors: one source each, read once, handed to all.

Two pictures at most are shown at once, each from a camera of its own; the sources live until the visit ends.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiortc.contrib.media import MediaRelay

from room_agent.devices.driver import Waveform
from room_agent.media.peer import Outlet
from room_agent.media.slot import VideoSlot
from room_agent.media.sound import Sound
from room_agent.media.source import ExamCamera
from room_agent.media.stethoscope import StethoscopeTrack
from room_agent.media.stills import Stills
from room_agent.media.stream import Codec
from room_agent.media.switch import SwitchTrack
from schemas.measurement import Camera

SLOTS = 2
"""Exam pictures at once, as `schemas.measurement.SelectCamera` numbers them."""


class LiveMedia:
    """What doctors see and hear in one visit. No camera is selected and nobody listens until the room allows it."""

    def __init__(self, slots: Sequence[VideoSlot], stethoscope: StethoscopeTrack | None) -> None:
        self.slots = tuple(slots)
        self.stethoscope = stethoscope
        self.stills = Stills(self.slots[0].switch.cameras)
        self._relay = MediaRelay()
        self._locked: set[str] = set()

    @property
    def cameras(self) -> tuple[Camera, ...]:
        cameras = self.slots[0].switch.cameras
        return tuple(Camera(camera=c.camera, name_key=c.name_key, simulated=c.simulated) for c in cameras)

    @property
    def vp8_viewers(self) -> int:
        """How many browsers take no H.264, so that a second encoder runs for them."""
        return len(self.slots[0].viewers(Codec.VP8))

    def outlets(self) -> tuple[Outlet, ...]:
        """For one more doctor: the exam pictures, then the stethoscope. The newest picture counts, but every sound."""
        pictures = tuple(Outlet(f"exam-{place}", slot.watch()) for place, slot in enumerate(self.slots))
        if self.stethoscope is None:
            return pictures
        return (*pictures, Outlet("stethoscope", self._relay.subscribe(self.stethoscope, buffered=True)))

    def select(self, camera: str, slot: int = 0) -> None:
        """Show *camera* in *slot*, and no longer in another one; an unknown one changes nothing."""
        if self.slots[slot].switch.select(camera) and camera:
            for place, other in enumerate(self.slots):
                if place != slot and other.switch.selected == camera:
                    other.switch.select("")

    def withhold(self, slot: int, reason: str) -> None:
        """Show no camera in *slot*, at once; a slate says why (`room_agent.gate.Gate.closed_by`), empty: none asked."""
        self.slots[slot].withhold(reason)

    async def lock(self, camera: str, on: bool) -> None:
        """Keep what the automatics of *camera* chose, or let them go; its stills say what came of it."""
        for each in self.slots[0].switch.cameras:
            if each.camera == camera:
                await each.lock(on)
                self._locked.add(camera)

    def on_sound(self, taker: Callable[[Waveform], None]) -> None:
        """*taker* gets the stethoscope's sound without loss while somebody listens."""
        if self.stethoscope is not None:
            self.stethoscope.on_piece = taker

    def listen(self, on: bool) -> None:
        if self.stethoscope is not None:
            self.stethoscope.listen(on)

    async def close(self) -> None:
        """End all sources; cameras go dark, and the next visit finds them as they were."""
        self.stills.forget()
        if self.stethoscope is not None:
            self.stethoscope.stop()
        for slot in self.slots:
            await slot.close()
        for camera in self.slots[0].switch.cameras:
            if camera.camera in self._locked:
                await camera.lock(False)
            await camera.close()


@asynccontextmanager
async def for_visit(
    cameras: Sequence[ExamCamera], sound: Callable[[], Sound] | None, *, word: Callable[[str], str], simulated: bool
) -> AsyncIterator[LiveMedia]:
    """The media of one visit. *sound* opens the stethoscope, None if the room has none; *word* looks up a key."""
    gone, off = word("camera.gone"), word("camera.off")
    why = {"asked": word("camera.asked"), "no": word("camera.no"), "paused": word("camera.paused")}
    slots = [VideoSlot(SwitchTrack(cameras, gone_text=gone, off_text=off, why=why)) for _ in range(SLOTS)]
    stethoscope = None if sound is None else StethoscopeTrack(sound(), simulated=simulated)
    media = LiveMedia(slots, stethoscope)
    try:
        yield media
    finally:
        await media.close()
