"""One coding of an exam picture, for all viewers who take it: coded once, cut once, as good as the slowest can have."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from av import VideoFrame

from room_agent.media import h264, vp8
from room_agent.media.h264 import CLOCK_RATE, Coded, Sendable
from room_agent.media.ladder import START_BPS, Rung, rung_for, slowest

KEY_PAUSE_S = 0.3
CLIMB_PAUSE_S = 3.0


class Codec(StrEnum):
    """As in SDP. Every viewer is offered both, in this order."""

    H264 = "video/H264"
    VP8 = "video/VP8"


class Encoder(Protocol):
    """For one size and rung."""

    width: int
    height: int
    rung: Rung

    def encode(self, frame: VideoFrame, *, bps: int, key: bool) -> Coded: ...


@dataclass(frozen=True)
class Coding:
    """What belongs to a codec. *rung*: for so many bits per second, coming from the second one."""

    encoder: Callable[[int, int, Rung], Encoder]
    cut: Callable[[bytes], tuple[bytes, ...]]
    rung: Callable[[int, Rung | None], Rung]
    filling: bytes


CODINGS = {
    Codec.H264: Coding(h264.Encoder, h264.cut, rung_for, h264.FILLING),
    Codec.VP8: Coding(vp8.Encoder, vp8.cut, vp8.step_for, vp8.FILLING),
}


class Viewer(Protocol):
    """*allowed_bps*: what the viewer's line carries; *wants_key*: it lost a picture."""

    allowed_bps: int
    wants_key: bool


@dataclass
class Counts:
    """For figures and stats."""

    coded: int = 0
    passed: int = 0
    keys: int = 0
    encoders: int = 0


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
class Stream:
    """How one coding stands. *rung*: how large and how often the picture is now."""

    codec: Codec
    counts: Counts = field(default_factory=Counts)
    encoder: Encoder | None = None
    rung: Rung = field(init=False)
    _rate: _Rate = field(default_factory=_Rate)
    _climbed_at: float = 0.0
    _key_at: float = 0.0

    def __post_init__(self) -> None:
        self.rest()

    def rest(self) -> None:
        """Nobody takes it: no encoder, and whoever comes begins as on a line that has said nothing yet."""
        self.encoder, self._rate = None, _Rate()
        self.rung = CODINGS[self.codec].rung(START_BPS, None)
        self._climbed_at = self._key_at = 0.0

    async def encoded(self, frame: VideoFrame, viewers: Sequence[Viewer]) -> Sendable | None:
        """*frame*, whose time at 90 kHz rises, for *viewers*; None for one that is left out (never a key picture)."""
        now, coding = time.monotonic(), CODINGS[self.codec]
        allowed = slowest(viewer.allowed_bps for viewer in viewers)
        self._climb(coding.rung(allowed, self.rung), now)
        wanted = any(viewer.wants_key for viewer in viewers) and now - self._key_at > KEY_PAUSE_S
        if not self._rate.takes(frame.pts, self.rung.fps) and not wanted:
            return None
        size, encoder = self.rung.size(frame.width, frame.height), self.encoder
        anew = encoder is None or (encoder.width, encoder.height, encoder.rung) != (*size, self.rung)
        self._key_at = now if anew or wanted else self._key_at
        using = None if anew else encoder
        self.encoder, coded = await asyncio.to_thread(_encode, coding, using, frame, size, self.rung, allowed, wanted)
        self.counts.coded += 1
        self.counts.encoders += anew
        return Sendable(coding.cut(coded.data), frame.pts, coded.key) if coded.data else None

    def _climb(self, rung: Rung, now: float) -> None:
        """Down at once, up only after a while."""
        higher = (rung.floor_bps, rung.ceiling_bps) > (self.rung.floor_bps, self.rung.ceiling_bps)
        if rung != self.rung and (not higher or now - self._climbed_at > CLIMB_PAUSE_S):
            self.rung, self._climbed_at = rung, now


def _encode(
    coding: Coding, encoder: Encoder | None, frame: VideoFrame, size: tuple[int, int], rung: Rung, bps: int, key: bool
) -> tuple[Encoder, Coded]:
    """In a thread: with *encoder*, or with a new one."""
    using = encoder or coding.encoder(*size, rung)
    return using, using.encode(frame, bps=bps, key=key)
