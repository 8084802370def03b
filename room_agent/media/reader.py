"""One opened camera: a thread that reads packets, and what others take from it in the event loop."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import av
from av import Packet, VideoFrame

from room_agent.media.h264 import Coded, Profile, is_key, profile_of
from room_agent.media.source import CameraGone, OwnStream
from telemed.kit.logs import logger

log = logger("media.camera")

_LONGEST_BACKLOG = 120
"""Coded pictures since the last key picture; a camera with fewer key pictures does not pass through."""
_INTEREST_S = 3.0
"""H.264 is decoded so long after somebody asked for a frame."""


@dataclass(frozen=True)
class Opening:
    """For PyAV. A *container* other than ``v4l2`` is a stand-in: it is read at the rate of its own time stamps."""

    path: str
    container: str
    options: dict[str, str]


@dataclass(frozen=True)
class _Got:
    """What the thread hands over: the picture as it came, and decoded if anybody wanted it so."""

    data: bytes
    taken_s: float
    key: bool
    profile: Profile | None = None
    frame: VideoFrame | None = None


class Reader:
    """*coding*: the camera sends H.264, which is decoded only while somebody asks for frames."""

    def __init__(self, opening: Opening, *, coding: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._coding = coding
        self._frames_wanted_at = -_INTEREST_S
        self._decoder_runs = False
        self._stop = threading.Event()
        self._ended = ""
        self._unread: _Got | None = None
        self._next: asyncio.Future[_Got] = self._loop.create_future()
        self._since_key: deque[Coded] = deque(maxlen=_LONGEST_BACKLOG)
        self._to_pass: deque[Coded] = deque()
        self._whole = False
        self._more = asyncio.Event()
        self._own = _OwnStreamMeter()
        work = threading.Thread(target=self._read, args=(opening,), daemon=True, name=f"camera {opening.path}")
        work.start()

    @property
    def own_stream(self) -> OwnStream | None:
        return self._own.measured(len(self._since_key) - 1)

    async def newest(self) -> VideoFrame:
        """The next picture not yet taken; all who wait get the same one."""
        return (await self._taken())[0]

    async def whole(self) -> tuple[VideoFrame, bytes]:
        """The next picture and the bytes in which it came."""
        return await self._taken()

    async def _taken(self) -> tuple[VideoFrame, bytes]:
        while True:
            self._frames_wanted_at = time.monotonic()
            if self._ended and self._unread is None:
                raise CameraGone(self._ended)
            got, self._unread = self._unread, None
            if got is None:
                got = await asyncio.shield(self._next)
                self._unread = None
            if got.frame is not None:
                return got.frame, got.data

    async def coded(self, *, anew: bool) -> Coded:
        """The next picture in the camera's own H.264; *anew* begins with the last key picture."""
        if anew:
            self._to_pass, self._whole = deque(self._since_key), bool(self._since_key)
        while not self._to_pass:
            if self._ended:
                raise CameraGone(self._ended)
            self._more.clear()
            await self._more.wait()
        return self._to_pass.popleft()

    def stop(self) -> None:
        self._stop.set()

    def _read(self, opening: Opening) -> None:
        """In the thread, until stopped or until the camera ends."""
        code = "ended"
        try:
            with av.open(opening.path, format=opening.container, options=opening.options) as device:
                for packet in self._packets(device, own_pace=opening.container != "v4l2"):
                    if self._stop.is_set():
                        return
                    self._hand_over(packet)
        except (av.FFmpegError, OSError) as error:
            code = "absent"
            log.info("camera", code=code, error=type(error).__name__)
        self._tell(None, code)

    @staticmethod
    def _packets(device: av.container.InputContainer, *, own_pace: bool) -> Iterator[Packet]:
        """*own_pace*: not faster than the time stamps say."""
        began, first = time.monotonic(), None
        for packet in device.demux(video=0):
            if packet.size == 0:
                continue
            if own_pace and packet.dts is not None:
                moment = float(packet.dts * packet.time_base)
                first = moment if first is None else first
                time.sleep(max(0.0, began + moment - first - time.monotonic()))
            yield packet

    def _hand_over(self, packet: Packet) -> None:
        """In the thread. H.264 is decoded from a key picture on; whatever else comes is decoded always."""
        taken, data = time.monotonic(), bytes(packet)
        key = self._coding and is_key(data)
        profile = profile_of(data) if key else None
        frames = packet.decode() if self._decoding(key) else []
        self._tell(_Got(data, taken, key, profile, frames[-1] if frames else None), "")

    def _decoding(self, key: bool) -> bool:
        if not self._coding:
            return True
        wanted = time.monotonic() - self._frames_wanted_at < _INTEREST_S
        self._decoder_runs = wanted and (self._decoder_runs or key)
        return self._decoder_runs

    def _tell(self, got: _Got | None, ended: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._take, got, ended)
        except RuntimeError:
            self._stop.set()  # the loop has closed; nobody waits any more

    def _take(self, got: _Got | None, ended: str) -> None:
        self._ended = ended
        if got is not None and self._coding:
            self._keep(got)
        if got is not None and got.frame is not None:
            self._unread = got
            self._next.set_result(got)
            self._next = self._loop.create_future()
        if ended:
            self._next.set_exception(CameraGone(ended))
            self._next.exception()  # nobody need have waited
        self._more.set()

    def _keep(self, got: _Got) -> None:
        """For those who take the camera's own stream."""
        self._own.saw(got)
        coded = Coded(got.data, got.key, got.taken_s)
        if got.key:
            self._since_key.clear()
        if got.key or self._since_key:
            self._since_key.append(coded)
        if len(self._to_pass) >= _LONGEST_BACKLOG:
            self._to_pass.clear()
            self._whole = False
        self._whole = self._whole or got.key
        if self._whole:
            self._to_pass.append(coded)


class _OwnStreamMeter:
    """Bits per second and the time between key pictures, over the last few of them."""

    def __init__(self) -> None:
        self._keys: deque[tuple[float, int]] = deque(maxlen=4)
        self._bytes = 0
        self._profile: Profile | None = None

    def saw(self, got: _Got) -> None:
        if got.key:
            self._keys.append((got.taken_s, self._bytes))
            self._profile = got.profile
        self._bytes += len(got.data)

    def measured(self, since_key: int) -> OwnStream | None:
        if len(self._keys) < 2 or self._profile is None:
            return None
        (first, before), (last, after) = self._keys[0], self._keys[-1]
        longest = max(later[0] - earlier[0] for earlier, later in pairwise(self._keys))
        bps = int((after - before) * 8 / max(last - first, 1e-3))
        return OwnStream(self._profile, bps, longest, max(0, since_key))
