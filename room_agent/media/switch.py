"""The exam video track: one track for the whole call, whose camera changes without renegotiation.

A track that raises ends aiortc's sender for ever, and nothing says so; therefore this one never does. A camera that
is gone is shown as a slate with a word, and is asked again until it is back.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction

from aiortc.mediastreams import MediaStreamError, VideoStreamTrack
from av import VideoFrame

from room_agent.media import picture
from room_agent.media.source import CameraGone, ExamCamera
from telemed.kit.logs import logger

log = logger("media.switch")

_CLOCK_RATE = 90_000
_TIME_BASE = Fraction(1, _CLOCK_RATE)
_SLATE_S = 0.5
_PATIENCE_S = 3.0


class SwitchTrack(VideoStreamTrack):  # type: ignore[misc]  # aiortc's types are skipped
    """Pictures of the selected camera. *gone_text* and *off_text* are words for the slate, already translated."""

    def __init__(self, cameras: Sequence[ExamCamera], *, gone_text: str, off_text: str, selected: str = "") -> None:
        super().__init__()
        self._cameras: Mapping[str, ExamCamera] = {camera.camera: camera for camera in cameras}
        self._gone, self._off = _slate(gone_text), _slate(off_text)
        self._selected = selected if selected in self._cameras else ""
        self._changed = asyncio.Event()
        self._began = time.monotonic()
        self._last_pts = -1
        self._trouble = ""

    @property
    def cameras(self) -> tuple[ExamCamera, ...]:
        return tuple(self._cameras.values())

    @property
    def selected(self) -> str:
        """The camera that is shown; empty while none is."""
        return self._selected

    def select(self, camera: str) -> bool:
        """Show *camera* from the next picture on, or none for an empty name; False if there is no such camera."""
        if camera and camera not in self._cameras:
            return False
        self._selected = camera
        self._changed.set()
        return True

    async def recv(self) -> VideoFrame:
        """The next picture. Ends only after `stop`, as aiortc expects."""
        if self.readyState != "live":
            raise MediaStreamError
        return self._stamped(await self._picture())

    async def close(self) -> None:
        """Stop the track and give the cameras back."""
        self.stop()
        for camera in self._cameras.values():
            await camera.close()

    async def _picture(self) -> VideoFrame:
        camera = self._cameras.get(self._selected)
        if camera is None:
            return await self._slate(self._off)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                frame = await camera.frame()
        except CameraGone as error:
            self._note(error.code)
        except TimeoutError:
            self._note("stalled")
        except Exception:  # supervised: whatever a camera does, the sender must live
            log.exception("camera failed", camera=camera.camera)
        else:
            self._note("")
            return frame
        return await self._slate(self._gone)

    def _note(self, trouble: str) -> None:
        """Log once that it went, once that it came back."""
        if trouble != self._trouble:
            log.info("camera", camera=self._selected, trouble=trouble)
        self._trouble = trouble

    async def _slate(self, slate: picture.Pixels) -> VideoFrame:
        """The slate, twice a second, or at once when another camera is selected."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SLATE_S):
                await self._changed.wait()
        return picture.to_frame(slate)

    def _stamped(self, frame: VideoFrame) -> VideoFrame:
        """With a time that only rises, by the monotonic clock, whichever camera it came from."""
        pts = max(self._last_pts + 1, int((time.monotonic() - self._began) * _CLOCK_RATE))
        self._last_pts = pts
        frame.pts, frame.time_base = pts, _TIME_BASE
        return frame


def _slate(text: str) -> picture.Pixels:
    slate = picture.canvas(640, 480, y=60)
    picture.write(slate, text, top=220, scale=4)
    return slate
