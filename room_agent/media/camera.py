"""Exam cameras behind `source.ExamCamera`: real ones through V4L2, and simulated ones that say so in the picture."""

import asyncio
import threading
import time
from collections.abc import Callable

import av
from av import VideoFrame

from room_agent.media import picture
from room_agent.media.picture import Pixels
from room_agent.media.source import CameraGone
from telemed.kit.clock import real_now
from telemed.kit.logs import logger

log = logger("media.camera")

_RETRY_S = 1.0
_PATIENCE_S = 2.0


class SimulatedCamera:
    """A painted view with the word for "simulated", a moving mark and the time code in real milliseconds.

    *view* paints the still part for a width and a height; *labels* are written into it, the first one large.
    """

    simulated = True

    def __init__(
        self,
        camera: str,
        view: Callable[[int, int], Pixels],
        labels: tuple[str, ...],
        *,
        size: tuple[int, int] = (640, 480),
        fps: int = 15,
    ) -> None:
        self.camera = camera
        self.name_key = f"camera.{camera}"
        self._still = view(*size)
        self._fps = fps
        self._due = 0.0
        self._count = 0
        self.unplugged = False
        for line, label in enumerate(labels):
            picture.write(self._still, label, top=24 + 56 * line, scale=6 if line == 0 else 4)

    async def frame(self) -> VideoFrame:
        """The next picture, *fps* a second by the monotonic clock; a late reader does not get a backlog."""
        if self.unplugged:
            raise CameraGone("unplugged")
        now = time.monotonic()
        self._due = max(self._due + 1 / self._fps, now - 1 / self._fps)
        await asyncio.sleep(max(0.0, self._due - now))
        return self._painted()

    async def close(self) -> None:
        """Nothing to give back."""

    def _painted(self) -> VideoFrame:
        pixels = self._still.copy()
        height, width = pixels.shape[0] * 2 // 3, pixels.shape[1]
        self._count += 1
        left = self._count * 4 % (width - 16)
        pixels[height - 48 : height - 32, left : left + 16] = 235
        picture.paint_time_code(pixels, int(real_now().timestamp() * 1000))
        return picture.to_frame(pixels)


def simulated_cameras(word: Callable[[str], str], *, fps: int = 15) -> tuple[SimulatedCamera, ...]:
    """The cameras of the simulated room: ``room`` and ``otoscope``. *word* looks up a catalogue key."""
    views = {"room": picture.room_view, "otoscope": picture.otoscope_view}
    return tuple(
        SimulatedCamera(camera, view, (word("camera.simulated"), word(f"camera.{camera}")), fps=fps)
        for camera, view in views.items()
    )


class V4l2Camera:
    """A camera at *path* (use ``/dev/v4l/by-id/…-index0``: ``/dev/video0`` is another one after a restart).

    A thread reads and keeps only the newest picture, so that nothing piles up when the reader is slow. *container*
    and *options* are for PyAV; another *container* (``lavfi`` with a pattern as *path*) stands in for it in tests.
    """

    simulated = False

    def __init__(
        self,
        camera: str,
        path: str,
        *,
        size: tuple[int, int] = (1280, 720),
        fps: int = 30,
        container: str = "v4l2",
        options: dict[str, str] | None = None,
    ) -> None:
        self.camera = camera
        self.name_key = f"camera.{camera}"
        self._path = path
        self._container = container
        usual = {"video_size": f"{size[0]}x{size[1]}", "framerate": str(fps), "input_format": "mjpeg"}
        self._options = usual if options is None else options
        self._reader: _Reader | None = None
        self._tried_at = -_RETRY_S

    async def frame(self) -> VideoFrame:
        reader = self._reader or self._begin()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await reader.newest()
        except TimeoutError as error:
            await self.close()
            raise CameraGone("stalled") from error
        except CameraGone:
            await self.close()
            raise

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.stop()

    def _begin(self) -> "_Reader":
        """Open it, at most once a second."""
        if time.monotonic() - self._tried_at < _RETRY_S:
            raise CameraGone("absent")
        self._tried_at = time.monotonic()
        self._reader = _Reader(self._path, self._container, self._options)
        return self._reader


class _Reader:
    """One opened camera and its thread."""

    def __init__(self, path: str, container: str, options: dict[str, str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._newest: VideoFrame | None = None
        self._ended = ""
        self._changed = asyncio.Event()
        self._stop = threading.Event()
        work = threading.Thread(target=self._read, args=(path, container, options), daemon=True, name=f"camera {path}")
        work.start()

    async def newest(self) -> VideoFrame:
        """The next picture not yet taken."""
        while self._newest is None:
            if self._ended:
                raise CameraGone(self._ended)
            self._changed.clear()
            await self._changed.wait()
        frame, self._newest = self._newest, None
        return frame

    def stop(self) -> None:
        self._stop.set()

    def _read(self, path: str, container: str, options: dict[str, str]) -> None:
        """In the thread, until stopped or until the camera ends."""
        code = "ended"
        try:
            with av.open(path, format=container, options=options) as device:
                for frame in device.decode(video=0):
                    if self._stop.is_set():
                        return
                    self._tell(frame, "")
        except (av.FFmpegError, OSError) as error:
            code = "absent"
            log.info("camera", code=code, error=type(error).__name__)
        self._tell(None, code)

    def _tell(self, frame: VideoFrame | None, ended: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._take, frame, ended)
        except RuntimeError:
            self._stop.set()  # the loop has closed; nobody waits any more

    def _take(self, frame: VideoFrame | None, ended: str) -> None:
        self._newest = frame or self._newest
        self._ended = ended
        self._changed.set()
