"""The exam picture: one for the whole call, whose camera changes without renegotiation.

A track that raises ends aiortc's sender for ever, and nothing says so; therefore this one never does. A camera that
is gone is shown as a slate with a word, and is asked again until it is back.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from av import VideoFrame

from room_agent.media.h264 import CLOCK_RATE, TIME_BASE, Coded
from room_agent.media.picture import Pixels, canvas, to_frame, write
from room_agent.media.source import CameraGone, CodingCamera, ExamCamera, OwnStream
from telemed.kit.logs import logger

log = logger("media.switch")

_SLATE_S = 0.5
_PATIENCE_S = 3.0
SLATE_SIZE = (640, 360)
T = TypeVar("T")


class SwitchTrack:
    """Pictures of the selected camera. *gone_text*, *off_text* and *why* are words for slates, already translated.

    *why*: reasons for which no camera is selected now.
    """

    def __init__(
        self,
        cameras: Sequence[ExamCamera],
        *,
        gone_text: str,
        off_text: str,
        selected: str = "",
        why: Mapping[str, str] | None = None,
    ) -> None:
        self._cameras: Mapping[str, ExamCamera] = {camera.camera: camera for camera in cameras}
        self._gone, self._off = _slate(gone_text), _slate(off_text)
        self._why = {reason: _slate(text) for reason, text in (why or {}).items()}
        self._reason = ""
        self._selected = selected if selected in self._cameras else ""
        self._changed = asyncio.Event()
        self._last = -1
        self._trouble = ""

    @property
    def cameras(self) -> tuple[ExamCamera, ...]:
        return tuple(self._cameras.values())

    @property
    def selected(self) -> str:
        """The camera that is shown; empty while none is."""
        return self._selected

    @property
    def own_stream(self) -> OwnStream | None:
        """The H.264 that the selected camera makes itself, if it does."""
        camera = self._cameras.get(self._selected)
        return camera.own_stream if isinstance(camera, CodingCamera) else None

    def select(self, camera: str, reason: str = "") -> bool:
        """Show *camera* from the next picture on, or none for an empty name and *reason*; False if there is none."""
        if camera and camera not in self._cameras:
            return False
        self._selected, self._reason = camera, reason
        self._changed.set()
        return True

    def hurry(self) -> None:
        """Somebody new looks: a slate is not waited for."""
        self._changed.set()

    async def picture(self) -> VideoFrame:
        """The next picture, with a time at 90 kHz that only rises, whichever camera it came from."""
        camera = self._cameras.get(self._selected)
        if camera is None:
            frame = await self._slate(self._why.get(self._reason, self._off))
        else:
            frame = await self._of(camera.frame) or await self._slate(self._gone)
        frame.pts, frame.time_base = self.stamp(time.monotonic()), TIME_BASE
        return frame

    async def coded(self, *, anew: bool) -> Coded | None:
        """The next picture as the camera coded it; None when there is none now and `picture` has to be asked."""
        camera = self._cameras.get(self._selected)
        if not isinstance(camera, CodingCamera):
            return None
        own = camera

        async def following() -> Coded:
            return await own.coded(anew=anew)

        return await self._of(following)

    def stamp(self, at_s: float) -> int:
        """*at_s*, by the monotonic clock, at 90 kHz, and later than every one before."""
        self._last = max(self._last + 1, int(at_s * CLOCK_RATE))
        return self._last

    async def _of(self, following: Callable[[], Awaitable[T]]) -> T | None:
        """What the camera gives next; None when it is gone, whatever it did."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await following()
        except CameraGone as error:
            self._note(error.code)
        except TimeoutError:
            self._note("stalled")
        except Exception:  # supervised: whatever a camera does, the sender must live
            log.exception("camera failed", camera=self._selected)
        else:
            self._note("")
            return found
        return None

    def _note(self, trouble: str) -> None:
        """Log once that it went, once that it came back."""
        if trouble != self._trouble:
            log.info("camera", camera=self._selected, trouble=trouble)
        self._trouble = trouble

    async def _slate(self, slate: Pixels) -> VideoFrame:
        """The slate, twice a second, or at once when another camera is selected, or none, or somebody new looks."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SLATE_S):
                await self._changed.wait()
        self._changed.clear()
        return to_frame(slate)


def _slate(text: str) -> Pixels:
    width, height = SLATE_SIZE
    slate = canvas(width, height, y=60)
    write(slate, text, top=160, scale=4)
    return slate
