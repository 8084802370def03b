"""One exam picture for any number of viewers: taken once, coded once, cut once, and handed to each."""

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass, field

from av import VideoFrame

from room_agent.media.h264 import CLOCK_RATE, Coded, Encoder, Sendable, cut
from room_agent.media.ladder import START_BPS, Rung, rung_for, slowest
from room_agent.media.passing import may_pass
from room_agent.media.switch import SwitchTrack
from telemed.kit.logs import logger

log = logger("media.slot")

_LONGEST_QUEUE = 8
"""Pictures. Who is further behind begins anew with a key picture."""
_KEY_PAUSE_S = 0.3
_CLIMB_PAUSE_S = 3.0


class Ended(Exception):
    """There will be no further picture."""


class Watch:
    """One viewer of a slot. *allowed_bps*: what his line carries of this picture."""

    def __init__(self, slot: "VideoSlot", backlog: tuple[Sendable, ...]) -> None:
        self.allowed_bps = START_BPS
        self.wants_key = not backlog
        self._slot = slot
        self._queue = deque(backlog)
        self._limit = _LONGEST_QUEUE + len(backlog)
        self._waits_for_key = not backlog
        self._more = asyncio.Event()
        self._ended = False

    @property
    def showing(self) -> bool:
        """Whether a camera is selected; a slate needs next to nothing."""
        return bool(self._slot.switch.selected)

    def key(self) -> None:
        """The viewer lost a picture and needs one that stands alone (PLI, FIR)."""
        self.wants_key = True

    async def following(self) -> Sendable:
        """The next picture.

        Raises:
            Ended: the slot or this watch has been closed.
        """
        while not self._queue:
            if self._ended:
                raise Ended
            self._more.clear()
            await self._more.wait()
        return self._queue.popleft()

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
class _Rate:
    """Leaves out pictures that come faster than a rung wants."""

    due: float = 0.0

    def takes(self, pts: int, fps: int) -> bool:
        """Whether the picture of *pts* (90 kHz) is the next one; a quarter of an interval early is in time."""
        step = CLOCK_RATE / fps
        if pts < self.due - step / 4:
            return False
        self.due = max(self.due + step, pts + step / 2)
        return True


@dataclass
class Counts:
    """For figures and stats."""

    coded: int = 0
    passed: int = 0
    keys: int = 0
    encoders: int = 0


@dataclass
class _State:
    """How the stream stands."""

    encoder: Encoder | None = None
    rate: _Rate = field(default_factory=_Rate)
    rung: Rung = field(default_factory=lambda: rung_for(START_BPS))
    climbed_at: float = 0.0
    key_at: float = 0.0
    passing: bool = False
    passed_at: float = 0.0
    since_key: list[Sendable] = field(default_factory=list)


class VideoSlot:
    """Pictures of *switch* as one H.264 stream, as good as the slowest viewer can have it."""

    def __init__(self, switch: SwitchTrack) -> None:
        self.switch = switch
        self.counts = Counts()
        self._watches: set[Watch] = set()
        self._state = _State()
        self._task: asyncio.Task[None] | None = None
        self._watched = asyncio.Event()
        self._withheld = 0

    @property
    def rung(self) -> Rung:
        """How large and how often the picture is now."""
        return self._state.rung

    def watch(self) -> Watch:
        """One more viewer. He begins at once: with a new key picture, or with what passed since the last one."""
        watch = Watch(self, tuple(self._state.since_key) if self._state.passing else ())
        self._watches.add(watch)
        self._watched.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return watch

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
                self._watched.clear()
                await self._watched.wait()
            before = self._withheld
            try:
                made = await self._made()
            except Exception:  # supervised: one picture that cannot be coded must not end the stream
                log.exception("picture lost")
                self._state.encoder = None
                await asyncio.sleep(_KEY_PAUSE_S)
                continue
            if before != self._withheld:  # begun before it was withheld
                self._state.passing, self._state.since_key = False, []
                continue
            if made is not None:
                self.counts.keys += made.key
                for watch in tuple(self._watches):
                    watch.put(made)

    async def _made(self) -> Sendable | None:
        """The next picture, ready to be sent; None for one that is left out."""
        state = self._state
        each = [watch.allowed_bps for watch in self._watches]
        calm = state.passing or time.monotonic() - state.passed_at > _CLIMB_PAUSE_S
        if calm and may_pass(self.switch.own_stream, min(each, default=0), passing=state.passing):
            coded = await self.switch.coded(anew=not state.passing)
            if coded is not None:
                return self._passed(coded)
        state.passing = False
        return await self._encoded(await self.switch.picture(), slowest(each))

    def _passed(self, coded: Coded) -> Sendable:
        """The camera's own picture; what came since its last key picture is kept for whoever comes."""
        state = self._state
        state.passing, state.encoder, state.passed_at = True, None, time.monotonic()
        made = Sendable(cut(coded.data), self.switch.stamp(coded.taken_s), coded.key)
        if made.key:
            state.since_key.clear()
        state.since_key.append(made)
        self.counts.passed += 1
        return made

    async def _encoded(self, frame: VideoFrame, allowed: int) -> Sendable | None:
        state, now = self._state, time.monotonic()
        self._climb(allowed, now)
        if not state.rate.takes(frame.pts, state.rung.fps):
            return None
        size = state.rung.size(frame.width, frame.height)
        encoder = state.encoder
        anew = encoder is None or (encoder.width, encoder.height, encoder.rung) != (*size, state.rung)
        wanted = any(watch.wants_key for watch in self._watches) and now - state.key_at > _KEY_PAUSE_S
        state.key_at = now if anew or wanted else state.key_at
        state.encoder, coded = await asyncio.to_thread(
            _encode, None if anew else encoder, frame, size, state.rung, allowed, wanted
        )
        self.counts.coded += 1
        self.counts.encoders += anew
        return Sendable(cut(coded.data), frame.pts, coded.key) if coded.data else None

    def _climb(self, allowed: int, now: float) -> None:
        """Down at once, up only after a while."""
        state = self._state
        rung = rung_for(allowed, state.rung)
        higher = rung.floor_bps > state.rung.floor_bps
        if rung != state.rung and (not higher or now - state.climbed_at > _CLIMB_PAUSE_S):
            state.rung, state.climbed_at = rung, now


def _encode(
    encoder: Encoder | None, frame: VideoFrame, size: tuple[int, int], rung: Rung, bps: int, key: bool
) -> tuple[Encoder, Coded]:
    """In a thread: with *encoder*, or with a new one."""
    using = encoder or Encoder(*size, rung)
    return using, using.encode(frame, bps=bps, key=key)
