"""Simulated cameras: painted views that say so in the picture, with faults to be provoked, and settings that lock."""

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum

import numpy as np
from av import VideoFrame

from room_agent.media import picture, stillcode, views
from room_agent.media.picture import Pixels
from room_agent.media.source import CameraGone, Still
from telemed.kit.clock import real_now

SIZE = (1280, 720)
STILL_SIZE = (1920, 1080)
FPS = 30
_MARK, _RADIUS = 16, 6
_RING = 4
_EXPOSURES = (0, 6, 12, 6)
"""What an automatic exposure would do: a little brighter, a little darker."""
_EXPOSURE_S = 2.0

View = Callable[[int, int], Pixels]


class CameraFault(StrEnum):
    UNPLUGGED = "unplugged"
    BLACK = "black"
    FROZEN = "frozen"
    BLURRED = "blurred"


class SimulatedCamera:
    """A painted view with the word for "simulated", a moving mark and the time code in real milliseconds.

    *view* paints the still part for a width and a height; *labels* are written into it, the first one large.
    *locked_word* is written while exposure is locked; until then it changes every two seconds.
    """

    simulated = True

    def __init__(
        self,
        camera: str,
        view: View,
        labels: tuple[str, ...],
        *,
        locked_word: str = "",
        size: tuple[int, int] = SIZE,
        fps: int = FPS,
    ) -> None:
        self.camera = camera
        self.name_key = f"camera.{camera}"
        self._view, self._labels, self._locked_word = view, labels, locked_word
        self._size, self._fps = size, fps
        self._still = self._painted(size)
        self._ring = [VideoFrame(*size, "yuv420p") for _ in range(_RING)]
        self._grounds: list[tuple[int, bool, bool] | None] = [None] * _RING
        self._count = 0
        self._tick = -1
        self._newest: VideoFrame | None = None
        self._fault: CameraFault | None = None
        self._locked = False
        self._exposure = 0

    @property
    def fault(self) -> CameraFault | None:
        return self._fault

    def set_fault(self, fault: CameraFault | None) -> None:
        """From the next picture on; None mends it."""
        self._fault = fault

    async def frame(self) -> VideoFrame:
        """The next picture, so many a second by the monotonic clock; a late reader does not get a backlog."""
        if self._fault is CameraFault.UNPLUGGED:
            raise CameraGone("unplugged")
        now = time.monotonic()
        tick = max(int(now * self._fps), self._tick + 1)
        await asyncio.sleep(max(0.0, tick / self._fps - now))
        if tick > self._tick or self._newest is None:
            self._tick = tick
            self._newest = self._next()
        return self._newest

    async def still(self) -> Still:
        if self._fault is CameraFault.UNPLUGGED:
            raise CameraGone("unplugged")
        return await asyncio.to_thread(self._large)

    async def lock(self, on: bool) -> bool:
        self._locked = on
        return True

    async def close(self) -> None:
        """Nothing to give back."""

    def _large(self) -> Still:
        """In a thread."""
        pixels = self._painted(STILL_SIZE)
        luma = pixels[: STILL_SIZE[1]]
        self._look(luma)
        frozen = self._newest if self._fault is CameraFault.FROZEN else None
        picture.paint_time_code(luma, picture.read_time_code(picture.luma_of(frozen)) if frozen else _now_ms())
        if self._fault is CameraFault.BLURRED:
            luma[:] = picture.blurred(luma, _RADIUS)
        if self._fault is CameraFault.BLACK:
            pixels = picture.canvas(*STILL_SIZE, y=16)
        frame = picture.to_frame(pixels)
        small, small_size = stillcode.preview(frame)
        settings = {"exposure": "locked" if self._locked else "automatic"}
        return Still(stillcode.jpeg(frame), "image/jpeg", *STILL_SIZE, small, small_size, real_now(), settings)

    def _painted(self, size: tuple[int, int]) -> Pixels:
        """The part that stands still."""
        pixels, scale = self._view(*size), size[1] // 240
        for line, label in enumerate(self._labels):
            top = size[1] // 20 + (0 if line == 0 else size[1] // 9)
            picture.write(pixels, label, top=top, scale=scale * 2 if line == 0 else scale + 1)
        return pixels

    def _look(self, luma: Pixels) -> None:
        """What exposure does to *luma*, and whether it is locked."""
        luma[:] = np.minimum(luma, 235 - self._exposure) + np.uint8(self._exposure)
        if self._locked and self._locked_word:
            picture.write_on(luma, self._locked_word, top=luma.shape[0] * 4 // 5, scale=luma.shape[0] // 240 + 1)

    def _next(self) -> VideoFrame:
        """One of a few frames in turn, painted anew only where it changes."""
        if self._fault is CameraFault.FROZEN and self._newest is not None:
            return self._newest
        if not self._locked:
            self._exposure = _EXPOSURES[int(time.monotonic() / _EXPOSURE_S) % len(_EXPOSURES)]
        self._count += 1
        place = self._count % _RING
        frame = self._ring[place]
        luma, *chroma = picture.planes_of(frame)
        black, blurred = self._fault is CameraFault.BLACK, self._fault is CameraFault.BLURRED
        ground = (self._exposure, self._locked, blurred)
        if black:
            self._grounds[place] = None
            for plane, value in zip((luma, *chroma), (16, 128, 128), strict=True):
                plane[:] = value
            return frame
        if self._grounds[place] != ground:
            self._repaint(luma, chroma, blurred=blurred)
            self._grounds[place] = ground
        self._move(luma, blurred=blurred)
        return frame

    def _repaint(self, luma: Pixels, chroma: list[Pixels], *, blurred: bool) -> None:
        height = self._size[1]
        luma[:] = self._still[:height]
        self._look(luma)
        if blurred:
            luma[:] = picture.blurred(luma, _RADIUS)
        for plane, still in zip(chroma, self._still[height:].reshape(2, height // 2, -1), strict=True):
            plane[:] = still

    def _move(self, luma: Pixels, *, blurred: bool) -> None:
        """The mark and the time code, in a strip of their own at the bottom."""
        height, width = luma.shape
        strip = luma[height * 9 // 10 :]
        strip[:] = 100
        left = self._count * 4 % (width - _MARK)
        strip[:_MARK, left : left + _MARK] = 235
        picture.paint_time_code(luma, _now_ms())
        if blurred:
            strip[:] = picture.blurred(strip, _RADIUS)


def _now_ms() -> int:
    return int(real_now().timestamp() * 1000)


_VIEWS: dict[str, View] = {
    "room": views.room_view,
    "otoscope": views.otoscope_view,
    "dermatoscope": views.dermatoscope_view,
    "document": views.document_view,
}


def simulated_cameras(
    word: Callable[[str], str], *, size: tuple[int, int] = SIZE, fps: int = FPS
) -> tuple[SimulatedCamera, ...]:
    """The cameras of the simulated room, one for each role. *word* looks up a catalogue key."""
    simulated, locked = word("camera.simulated"), word("camera.locked")
    return tuple(
        SimulatedCamera(camera, view, (simulated, word(f"camera.{camera}")), locked_word=locked, size=size, fps=fps)
        for camera, view in _VIEWS.items()
    )
