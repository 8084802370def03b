"""What the stethoscope hears while nobody is examined, for the checks."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from room_agent.media.capture import Capture
from room_agent.media.heart import SAMPLE_RATE, Samples

Heard = tuple[Samples, int]
"""Mono sound, and its samples per second."""

Ear = Callable[[float], Awaitable[Heard | None]]
"""The next seconds of sound; None if there is no stethoscope."""

TONE_PEAK = 0.01
"""What is left of the loudspeaker's tone at the simulated chest piece: -40 dBFS."""
OPENING_S = 2.0
"""So long a device may take to give its first sound."""


def with_tone(samples: Samples) -> Samples:
    """Simulated: *samples* at 48 kHz, and the room's test tone beside them."""
    tone = TONE_PEAK * 32767 * np.sin(2 * np.pi * 1000 * np.arange(samples.size) / SAMPLE_RATE)
    return np.clip(samples + tone, -32768, 32767).astype(np.int16)


class CapturedEar:
    """The stethoscope at *url*, opened as long as somebody listens; nobody listens while a visit has it."""

    def __init__(self, url: str, *, container: str = "alsa") -> None:
        self._url, self._container = url, container

    async def __call__(self, seconds: float) -> Heard | None:
        capture = Capture(self._url, container=self._container)
        pieces: list[Samples] = []
        rate_hz = missing = 1
        try:
            async with asyncio.timeout(seconds + OPENING_S):
                while missing > 0:
                    block = await capture.block()
                    pieces.append(block.samples)
                    rate_hz = block.rate_hz
                    missing = round(seconds * rate_hz) - sum(piece.size for piece in pieces)
        except TimeoutError:
            return None
        finally:
            capture.close()
        return np.concatenate(pieces), rate_hz


class SimulatedEar:
    """Simulated: *sounds* for ever, and the room's test tone beside them as long as *tone_is_on*."""

    def __init__(self, sounds: Samples, tone_is_on: Callable[[], bool]) -> None:
        self._sounds = sounds
        self._tone_is_on = tone_is_on
        self._at = 0

    async def __call__(self, seconds: float) -> Heard:
        count = round(seconds * SAMPLE_RATE)
        places = (self._at + np.arange(count)) % self._sounds.size
        self._at += count
        await asyncio.sleep(seconds)
        samples: Samples = self._sounds[places]
        return with_tone(samples) if self._tone_is_on() else samples, SAMPLE_RATE
