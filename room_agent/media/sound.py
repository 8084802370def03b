"""Where the stethoscope's sound comes from: blocks of 20 ms, mono, 16 bit, as recorded; no gain, no filter."""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import av
import numpy as np

from room_agent.media.heart import Samples

BLOCK_S = 0.02
_LATE_S = 0.5
RATES_HZ = range(4_000, 48_001, 50)
"""Rates of which 20 ms are a whole number of samples."""


class SoundState(StrEnum):
    """``silent``: it is there and gives nothing louder than −60 dBFS."""

    READY = "ready"
    SILENT = "silent"
    UNPLUGGED = "unplugged"


@dataclass(frozen=True)
class Block:
    """20 ms. *lost*: samples that were recorded just before and thrown away, because nobody took them in time."""

    samples: Samples
    rate_hz: int
    lost: int = 0


class Sound(Protocol):
    """A source that goes on whether anybody listens or not, and keeps only what is new."""

    @property
    def state(self) -> SoundState: ...

    async def block(self) -> Block:
        """The next 20 ms, when they have been recorded; waits while there is nothing. May be cancelled."""

    def close(self) -> None:
        """Give the device back; may be called twice."""


class Loop:
    """The same *samples* for ever, in real time; after a long stall it goes on with now."""

    state = SoundState.READY

    def __init__(self, samples: Samples, rate_hz: int = 48_000) -> None:
        """
        Raises:
            ValueError: the rate is none of `RATES_HZ`.
        """
        if rate_hz not in RATES_HZ:
            raise ValueError(f"a rate of {rate_hz} Hz has no whole blocks")
        self.rate_hz = rate_hz
        self.samples = samples
        self._at = 0
        self._began: float | None = None
        self._count = 0

    def read(self, count: int) -> Samples:
        """The next *count* samples, at once."""
        places = (self._at + np.arange(count)) % self.samples.size
        self._at = int((self._at + count) % self.samples.size)
        found: Samples = self.samples[places]
        return found

    async def block(self) -> Block:
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        size, lost = int(self.rate_hz * BLOCK_S), 0
        if now - self._began - self._count * BLOCK_S > _LATE_S:
            missed = int((now - self._began) / BLOCK_S) - self._count
            self._count, lost = self._count + missed, missed * size
            self.read(lost)
        await asyncio.sleep(max(0.0, self._began + (self._count + 1) * BLOCK_S - now))
        self._count += 1
        return Block(self.read(size), self.rate_hz, lost)

    def close(self) -> None:
        """There is no device."""


def from_wav(path: Path) -> Loop:
    """A recording as a loop, sample by sample as it is in the file; of two channels the first.

    Raises:
        ValueError: it cannot be read as sound of 16 bit, or its rate is none of `RATES_HZ`.
    """
    try:
        with av.open(str(path)) as file:
            frames = list(file.decode(audio=0))
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"no sound in {path.name}") from error
    if not frames or frames[0].format.name not in ("s16", "s16p"):
        raise ValueError(f"no sound of 16 bit in {path.name}")
    return Loop(np.concatenate([first_channel(frame) for frame in frames]), frames[0].sample_rate)


def first_channel(frame: av.AudioFrame) -> Samples:
    """Of interleaved or planar 16 bit."""
    rows = frame.to_ndarray()
    found: Samples = rows[0] if frame.format.is_planar else rows[0, :: frame.layout.nb_channels]
    return found
