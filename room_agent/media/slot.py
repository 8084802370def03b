"""One exam picture for any number of viewers: taken once, coded once for each codec, cut once, and handed to each."""

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass, field

from room_agent.media.h264 import Coded, Sendable, cut
from room_agent.media.ladder import START_BPS, Rung
from room_agent.media.passing import may_pass
from room_agent.media.stream import CLIMB_PAUSE_S, KEY_PAUSE_S, Codec, Counts, Stream
from room_agent.media.switch import SwitchTrack
from telemed.kit.logs import logger

log = logger("media.slot")

_LONGEST_QUEUE = 8
"""Pictures. Who is further behind begins anew with a key picture."""


class Ended(Exception):
    """There will be no further picture."""


class Watch:
    """One viewer of a slot. *allowed_bps*: what his line carries of this picture; *codec*: what he takes.

    He looks from his answer on (`takes`), at the latest with the first picture that he asks for: who is offered the
    picture and has not come in yet costs the others nothing.
    """

    def __init__(self, slot: "VideoSlot") -> None:
        self.allowed_bps = START_BPS
        self.codec = Codec.H264
        self.wants_key = self._waits_for_key = True
        self._slot = slot
        self._queue: deque[Sendable] = deque()
        self._limit = _LONGEST_QUEUE
        self._looks = False
        self._more = asyncio.Event()
        self._ended = False

    @property
    def showing(self) -> bool:
        """Whether a camera is selected; a slate needs next to nothing."""
        return bool(self._slot.switch.selected)

    @property
    def has_pictures(self) -> bool:
        """Whether `following` will not wait."""
        return bool(self._queue)

    def takes(self, codec: Codec) -> None:
        """What the viewer's answer has chosen; what waits in another coding is of no use."""
        if codec is not self.codec:
            self.codec = codec
            self.drop()
        self._look()

    def key(self) -> None:
        """The viewer lost a picture and needs one that stands alone (PLI, FIR)."""
        self.wants_key = True

    async def following(self) -> Sendable:
        """The next picture.

        Raises:
            Ended: the slot or this watch has been closed.
        """
        self._look()
        while not self._queue:
            if self._ended:
                raise Ended
            self._more.clear()
            await self._more.wait()
        return self._queue.popleft()

    def _look(self) -> None:
        """Begin, with what passed since the camera's own last key picture or with a new one."""
        if self._looks or self._ended:
            return
        self._looks = True
        backlog = self._slot.look(self)
        self._queue.extend(backlog)
        self._limit += len(backlog)
        self.wants_key = self._waits_for_key = not backlog

    def put(self, picture: Sendable) -> None:
        """One more picture; a viewer who cannot keep up loses what waits, and gets a key picture."""
        if picture.key:
            self.wants_key = self._waits_for_key = False
        if len(self._queue) >= self._limit:
            self.drop()
        if not self._waits_for_key:
            self._queue.append(picture)
            self._more.set()

    def drop(self) -> None:
        """Lose what waits to be sent, and begin with a key picture."""
        self._queue.clear()
        self._waits_for_key = self.wants_key = True

    def close(self) -> None:
        """Look no more; may be called twice."""
        self._slot.forget(self)
        self._ended = True
        self._queue.clear()
        self._more.set()


@dataclass
class _State:
    """How the pictures that pass stand."""

    passing: bool = False
    passed_at: float = 0.0
    since_key: list[Sendable] = field(default_factory=list)


class VideoSlot:
    """Pictures of *switch* as H.264, and as VP8 beside it only while a viewer takes nothing else."""

    def __init__(self, switch: SwitchTrack) -> None:
        self.switch = switch
        self.streams = {codec: Stream(codec) for codec in Codec}
        self._watches: set[Watch] = set()
        self._closed = False
        self._state = _State()
        self._task: asyncio.Task[None] | None = None
        self._watched = asyncio.Event()
        self._withheld = 0

    @property
    def counts(self) -> Counts:
        """Of the H.264."""
        return self.streams[Codec.H264].counts

    @property
    def rung(self) -> Rung:
        """How large and how often the H.264 is now."""
        return self.streams[Codec.H264].rung

    def viewers(self, codec: Codec) -> list[Watch]:
        """Those who take *codec*."""
        return [watch for watch in self._watches if watch.codec is codec]

    def watch(self) -> Watch:
        """For one more viewer."""
        return Watch(self)

    def look(self, watch: Watch) -> tuple[Sendable, ...]:
        """*watch* looks from now on, and gets a picture at once; what it needs of those that passed."""
        if self._closed:
            watch.close()
            return ()
        self._watches.add(watch)
        self._watched.set()
        self.switch.hurry()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        backlog = self._state.since_key if self._state.passing and watch.codec is Codec.H264 else ()
        return tuple(backlog)

    def forget(self, watch: Watch) -> None:
        self._watches.discard(watch)

    def withhold(self, reason: str) -> None:
        """Show no camera, at once: what was taken already and waits, or is being coded, is not sent any more."""
        if self.switch.selected:
            self._withheld += 1
            self._state.passing, self._state.since_key = False, []
            for watch in self._watches:
                watch.drop()
        self.switch.select("", reason)

    async def close(self) -> None:
        """End all watches and give nothing more."""
        self._closed = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for watch in list(self._watches):
            watch.close()

    async def _run(self) -> None:
        while True:
            if not self._watches:
                self._state = _State()
                self._rest()
                self._watched.clear()
                await self._watched.wait()
            try:
                await self._hand_out()
            except Exception:  # supervised: one picture that cannot be coded must not end the stream
                log.exception("picture lost")
                for stream in self.streams.values():
                    stream.encoder = None
                await asyncio.sleep(KEY_PAUSE_S)

    async def _hand_out(self) -> None:
        """The next picture, in each coding that is taken; H.264 does not wait for VP8."""
        state, before = self._state, self._withheld
        calm = state.passing or time.monotonic() - state.passed_at > CLIMB_PAUSE_S
        if calm and self._may_pass():
            coded = await self.switch.coded(anew=not state.passing)
            if coded is not None:
                self._give(Codec.H264, self._passed(coded), before)
                return
        state.passing = False
        frame = await self.switch.picture()
        self._rest()
        for codec, stream in self.streams.items():
            viewers = self.viewers(codec)
            if viewers and before == self._withheld:
                self._give(codec, await stream.encoded(frame, viewers), before)

    def _give(self, codec: Codec, made: Sendable | None, before: int) -> None:
        """To all who take it, unless it was begun before its camera was withheld."""
        if before != self._withheld:
            self._state.passing, self._state.since_key = False, []
        elif made is not None:
            self.streams[codec].counts.keys += made.key
            for watch in self.viewers(codec):
                watch.put(made)

    def _may_pass(self) -> bool:
        """As `may_pass`; whoever takes VP8 needs pictures that were decoded, and those make the others' as well."""
        if self.viewers(Codec.VP8):
            return False
        lowest = min((watch.allowed_bps for watch in self._watches), default=0)
        return may_pass(self.switch.own_stream, lowest, passing=self._state.passing)

    def _rest(self) -> None:
        """What nobody takes is not coded."""
        for stream in self.streams.values():
            if not self.viewers(stream.codec):
                stream.rest()

    def _passed(self, coded: Coded) -> Sendable:
        """The camera's own picture; what came since its last key picture is kept for whoever comes."""
        state = self._state
        state.passing, state.passed_at = True, time.monotonic()
        stream = self.streams[Codec.H264]
        stream.encoder = None
        made = Sendable(cut(coded.data), self.switch.stamp(coded.taken_s), coded.key)
        if made.key:
            state.since_key.clear()
        state.since_key.append(made)
        stream.counts.passed += 1
        return made
