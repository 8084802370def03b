"""What the stethoscope hears while nobody is examined, for the checks."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np

from room_agent.media.heart import SAMPLE_RATE, Samples

Heard = tuple[Samples, int]
"""Mono sound, and its samples per second."""

Ear = Callable[[float], Awaitable[Heard | None]]
"""The next seconds of sound; None if there is no stethoscope."""

TONE_PEAK = 0.01


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
        samples = self._sounds[places].astype(np.float64)
        if self._tone_is_on():
            samples += TONE_PEAK * 32767 * np.sin(2 * np.pi * 1000 * np.arange(count) / SAMPLE_RATE)
        await asyncio.sleep(seconds)
        return np.clip(samples, -32768, 32767).astype(np.int16), SAMPLE_RATE
