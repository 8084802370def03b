"""A simulated stethoscope: sounds in a loop, for a visit and for the checks, with faults to be provoked."""

from collections.abc import Callable
from enum import StrEnum

import numpy as np

from room_agent.media.ear import Heard, SimulatedEar
from room_agent.media.heart import SAMPLE_RATE, Samples
from room_agent.media.resample import Resampler
from room_agent.media.sound import Block, Loop, SoundState


class SoundFault(StrEnum):
    """``silent``: it is there and hears nothing; ``unplugged``: it is not there."""

    SILENT = "silent"
    UNPLUGGED = "unplugged"


class SimulatedStethoscope:
    """*samples* as they are; outside visits the room's test tone is heard beside them while *tone_is_on*."""

    def __init__(self, samples: Samples, tone_is_on: Callable[[], bool], *, rate_hz: int = SAMPLE_RATE) -> None:
        self._samples, self._rate_hz = samples, rate_hz
        self._ear = SimulatedEar(Resampler(rate_hz, SAMPLE_RATE)(samples), tone_is_on)
        self.fault: SoundFault | None = None

    def set_fault(self, fault: SoundFault | None) -> None:
        """From the next block on; None mends it."""
        self.fault = fault

    def open(self) -> "_Sound":
        """For one visit."""
        return _Sound(self, Loop(self._samples, self._rate_hz))

    async def hear(self, seconds: float) -> Heard | None:
        """What the checks hear."""
        samples, rate_hz = await self._ear(seconds)
        if self.fault is SoundFault.UNPLUGGED:
            return None
        return (np.zeros_like(samples) if self.fault is SoundFault.SILENT else samples), rate_hz


class _Sound:
    """A loop that falls silent, or away, with its stethoscope."""

    def __init__(self, stethoscope: SimulatedStethoscope, loop: Loop) -> None:
        self._stethoscope = stethoscope
        self._loop = loop

    @property
    def state(self) -> SoundState:
        fault = self._stethoscope.fault
        return SoundState.READY if fault is None else SoundState(fault.value)

    async def block(self) -> Block:
        while True:
            block = await self._loop.block()
            if self._stethoscope.fault is not SoundFault.UNPLUGGED:
                break
        if self._stethoscope.fault is SoundFault.SILENT:
            return Block(np.zeros_like(block.samples), block.rate_hz, block.lost)
        return block

    def close(self) -> None:
        self._loop.close()
