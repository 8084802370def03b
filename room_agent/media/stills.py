"""Still pictures of one visit: taken in full resolution, kept in memory until the farewell, sent in pieces.

Each picture travels in two parts, the preview first. On a new connection the doctor's page says how far it came.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from room_agent.media.peer import Channel
from room_agent.media.source import CameraGone, ExamCamera, Still
from schemas.base import Message
from schemas.measurement import (
    BULK_HEADER,
    BULK_PIECE_BYTES,
    StillAck,
    StillFailed,
    StillOffered,
    StillPart,
    StillResume,
    TakeStill,
)
from telemed.kit.logs import logger

log = logger("stills")

MOST_BYTES = 256 * 1024 * 1024
"""Of one visit. More is refused; nothing is thrown away before the farewell."""
MOST_AT_ONCE = 2
WAITING_BYTES = 128 * 1024
"""So much may wait in the channel; more would hold up values and curves, which share the line."""
WINDOW_BYTES = 1024 * 1024
"""So much may be on its way without an acknowledgement."""
_LOOK_S = 1.0
"""So often whoever waits for one looks whether the channel is still there."""


@dataclass(frozen=True)
class Part:
    """The preview or the full picture of one still."""

    offer: StillOffered
    data: bytes


Parts = Mapping[StillPart, Part]


class Stills:
    """What was taken in this visit. *may* says whether a camera is allowed now; before somebody sets it, none is."""

    def __init__(self, cameras: Sequence[ExamCamera]) -> None:
        self._cameras = {camera.camera: camera for camera in cameras}
        self.may: Callable[[str], bool] = lambda _camera: False
        self._taken: dict[str, Parts] = {}
        self._taking: set[str] = set()
        self._count = 0
        self._bytes = 0

    async def take(self, message: TakeStill) -> Parts | StillFailed:
        """A new picture; one that was taken already under this id is given again."""
        known = self._taken.get(message.still_id)
        if known is not None:
            return known
        camera = self._cameras.get(message.camera)
        if camera is None:
            return StillFailed(still_id=message.still_id, reason="unknown-camera")
        if not self.may(message.camera):
            return StillFailed(still_id=message.still_id, reason="not-allowed")
        if message.still_id in self._taking or len(self._taking) >= MOST_AT_ONCE or self._bytes > MOST_BYTES:
            return StillFailed(still_id=message.still_id, reason="busy")
        self._taking.add(message.still_id)
        try:
            still = await camera.still()
        except CameraGone as error:
            log.info("no_still", camera=message.camera, code=error.code)
            return StillFailed(still_id=message.still_id, reason="gone")
        finally:
            self._taking.discard(message.still_id)
        if not self.may(message.camera):  # taken back meanwhile
            return StillFailed(still_id=message.still_id, reason="not-allowed")
        return self._keep(message.still_id, camera, still)

    def find(self, still_id: str) -> Parts | None:
        return self._taken.get(still_id)

    def forget(self) -> None:
        """At the farewell."""
        self._taken.clear()
        self._bytes = 0

    def _keep(self, still_id: str, camera: ExamCamera, still: Still) -> Parts:
        small = self._part(still_id, StillPart.PREVIEW, camera, still)
        full = self._part(still_id, StillPart.FULL, camera, still)
        self._taken[still_id] = parts = {StillPart.PREVIEW: small, StillPart.FULL: full}
        self._bytes += len(small.data) + len(full.data)
        log.info("still", camera=camera.camera, bytes=len(full.data))
        return parts

    def _part(self, still_id: str, part: StillPart, camera: ExamCamera, still: Still) -> Part:
        self._count += 1
        small = part is StillPart.PREVIEW
        data = still.preview if small else still.data
        width, height = still.preview_size if small else (still.width, still.height)
        mime: Literal["image/jpeg", "image/png"] = (
            "image/png" if not small and still.mime == "image/png" else "image/jpeg"
        )
        offer = StillOffered(
            still_id=still_id,
            part=part,
            number=self._count,
            camera=camera.camera,
            simulated=camera.simulated,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            mime=mime,
            width=width,
            height=height,
            taken_at=still.taken_at,
            settings=dict(still.settings),
        )
        return Part(offer, data)


class StillSender:
    """Sends parts to one doctor, one after the other. *say* puts a message on ``ctl``."""

    def __init__(self, stills: Stills, bulk: Channel, say: Callable[[Message], None]) -> None:
        self._stills = stills
        self._bulk = bulk
        self._say = say
        self._waiting: deque[tuple[Part, int]] = deque()
        self._acknowledged: dict[tuple[str, StillPart], int] = {}
        self._heard = asyncio.Event()
        self._sending = False

    async def take(self, message: TakeStill) -> None:
        """Take a picture, offer it and send it; returns when it has left or somebody else sends it."""
        taken = await self._stills.take(message)
        if isinstance(taken, StillFailed):
            self._say(taken)
            return
        await self._send(*((part, 0) for part in taken.values()))

    async def resume(self, message: StillResume) -> None:
        """Go on with a part from where the doctor's page says."""
        found = self._stills.find(message.still_id)
        if found is None or message.offset > found[message.part].offer.size:
            self._say(StillFailed(still_id=message.still_id, reason="unknown-still"))
            return
        await self._send((found[message.part], message.offset))

    def acknowledged(self, message: StillAck) -> None:
        """Of a part that is on its way; anything else is left alone."""
        if (message.still_id, message.part) in self._acknowledged:
            self._acknowledged[message.still_id, message.part] = message.offset
            self._heard.set()

    async def _send(self, *parts: tuple[Part, int]) -> None:
        self._waiting.extend(parts)
        if self._sending:
            return
        self._sending = True
        try:
            while self._waiting:
                part, offset = self._waiting.popleft()
                self._say(part.offer)
                async for piece in self._pieces(part, offset):
                    self._bulk.send(piece)
        finally:
            self._sending = False

    async def _pieces(self, part: Part, begin: int) -> AsyncIterator[bytes]:
        """With their headers, as the line takes them; ends early when the channel has closed."""
        key = part.offer.still_id, part.offer.part
        self._acknowledged[key] = begin
        for offset in range(begin, part.offer.size, BULK_PIECE_BYTES):
            while offset - self._acknowledged[key] >= WINDOW_BYTES and self._bulk.is_open:
                self._heard.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._heard.wait()
            if not await self._bulk.room_for_more(WAITING_BYTES):
                return
            yield BULK_HEADER.pack(part.offer.number, offset) + part.data[offset : offset + BULK_PIECE_BYTES]
