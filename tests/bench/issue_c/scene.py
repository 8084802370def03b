"""What the cameras of the measurements see: a room with the noise of a sensor and something that moves."""

import asyncio
import time

import numpy as np
from av import VideoFrame

from room_agent.media import picture, views
from room_agent.media.source import CameraGone, Still

_FRAMES = 24
SIZE = (1280, 720)


class NoisyCamera:
    """720p30, painted before; only the time code is new in each picture."""

    simulated = True

    def __init__(self, camera: str = "room", *, fps: int = 30, noise: int = 5) -> None:
        self.camera, self.name_key = camera, f"camera.{camera}"
        self._fps = fps
        self._tick = -1
        self.frames = [_painted(number, noise) for number in range(_FRAMES)]

    async def frame(self) -> VideoFrame:
        now = time.monotonic()
        tick = max(int(now * self._fps), self._tick + 1)
        await asyncio.sleep(max(0.0, tick / self._fps - now))
        self._tick = tick
        frame = self.frames[tick % _FRAMES]
        picture.paint_time_code(picture.planes_of(frame)[0], int(time.time() * 1000))
        return frame

    async def still(self) -> Still:
        raise CameraGone("none")

    async def lock(self, on: bool) -> bool:
        return not on

    async def close(self) -> None:
        """Nothing to give back."""


def _painted(number: int, noise: int) -> VideoFrame:
    width, height = SIZE
    pixels = views.room_view(width, height)
    grain = np.random.default_rng(number).integers(0, noise, (height, width), dtype=np.uint8)
    pixels[:height] += grain
    left = int((np.sin(number / _FRAMES * 2 * np.pi) + 1) * (width - 200) / 2)
    pixels[height // 3 : height // 3 + 160, left : left + 160] = 60 + 20 * (np.indices((160, 160)).sum(0) // 20 % 2)
    frame = VideoFrame(width, height, "yuv420p")
    luma, *chroma = picture.planes_of(frame)
    luma[:] = pixels[:height]
    for plane, still in zip(chroma, pixels[height:].reshape(2, height // 2, -1), strict=True):
        plane[:] = still
    return frame
