"""Real exam cameras through V4L2: MJPEG, YUYV or the camera's own H.264."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from av import VideoFrame

from room_agent.media import stillcode
from room_agent.media.controls import Controls, V4l2Controls
from room_agent.media.h264 import Coded
from room_agent.media.reader import Opening, Reader
from room_agent.media.source import CameraGone, OwnStream, Still
from telemed.kit.clock import real_now

_RETRY_S = 1.0
_PATIENCE_S = 2.0
T = TypeVar("T")


class CameraFormat(StrEnum):
    """What the camera is asked for, as the V4L2 demuxer calls it."""

    MJPEG = "mjpeg"
    YUYV = "yuyv422"
    H264 = "h264"


@dataclass(frozen=True)
class CameraConfig:
    """One camera. *camera*: its role (``room``, ``otoscope``, ``dermatoscope``, ``document``).

    *path*: ``/dev/v4l/by-id/…-index0``; ``/dev/video0`` is another one after a restart.
    """

    camera: str
    path: str
    format: CameraFormat = CameraFormat.MJPEG
    size: tuple[int, int] = (1280, 720)
    fps: int = 30


class V4l2Camera:
    """The camera of *config*. *container* is the demuxer; a file or a pattern with another one stands in for it.

    A thread reads and keeps only the newest picture, so that nothing piles up when whoever looks is slow.
    """

    simulated = False

    def __init__(self, config: CameraConfig, *, container: str = "v4l2", controls: Controls | None = None) -> None:
        self.camera = config.camera
        self.name_key = f"camera.{config.camera}"
        self._config = config
        self._opening = Opening(config.path, container, _options(config) if container == "v4l2" else {})
        self._controls = controls or V4l2Controls(config.path)
        self._reader: Reader | None = None
        self._tried_at = -_RETRY_S

    @property
    def own_stream(self) -> OwnStream | None:
        """The camera's own H.264, once two key pictures have been seen (`source.CodingCamera`)."""
        return self._reader.own_stream if self._reader is not None else None

    async def frame(self) -> VideoFrame:
        reader = self._reader or self._begin()
        return await self._patiently(reader, reader.newest())

    async def coded(self, *, anew: bool) -> Coded:
        reader = self._reader or self._begin()
        return await self._patiently(reader, reader.coded(anew=anew))

    async def still(self) -> Still:
        """The camera's own JPEG as it came, where it makes one; PNG of the next picture otherwise."""
        reader = self._reader or self._begin()
        frame, data = await self._patiently(reader, reader.whole())
        return await asyncio.to_thread(self._made, frame, data)

    async def lock(self, on: bool) -> bool:
        return await asyncio.to_thread(self._controls.lock, on)

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()

    def _made(self, frame: VideoFrame, data: bytes) -> Still:
        """In a thread."""
        own = self._config.format is CameraFormat.MJPEG and data[:2] == b"\xff\xd8"
        small, small_size = stillcode.preview(frame)
        return Still(
            data if own else stillcode.png(frame),
            "image/jpeg" if own else "image/png",
            frame.width,
            frame.height,
            small,
            small_size,
            real_now(),
            self._controls.settings(),
        )

    async def _patiently(self, reader: Reader, wanted: Awaitable[T]) -> T:
        """*wanted*, or the camera counts as gone and is opened anew next time."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await wanted
        except TimeoutError as error:
            await self._drop(reader)
            raise CameraGone("stalled") from error
        except CameraGone:
            await self._drop(reader)
            raise

    async def _drop(self, reader: Reader) -> None:
        if self._reader is reader:
            await self.close()

    def _begin(self) -> Reader:
        """Open it, at most once a second."""
        if time.monotonic() - self._tried_at < _RETRY_S:
            raise CameraGone("absent")
        self._tried_at = time.monotonic()
        self._reader = Reader(self._opening, coding=self._config.format is CameraFormat.H264)
        return self._reader


def _options(config: CameraConfig) -> dict[str, str]:
    """For the V4L2 demuxer."""
    width, height = config.size
    return {"video_size": f"{width}x{height}", "framerate": str(config.fps), "input_format": config.format.value}
