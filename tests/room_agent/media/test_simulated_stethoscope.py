"""The simulated stethoscope falls silent and away, and comes back."""

import asyncio

import numpy as np
import pytest

from room_agent.media.simulated_stethoscope import SimulatedStethoscope, SoundFault
from room_agent.media.sound import SoundState

pytestmark = pytest.mark.anyio
SOUND = np.full(48_000, 1000, dtype=np.int16)


def made() -> SimulatedStethoscope:
    return SimulatedStethoscope(SOUND, lambda: False)


async def test_in_a_visit_silence_is_silence_and_gone_is_nothing() -> None:
    stethoscope = made()
    sound = stethoscope.open()
    assert (sound.state, int((await sound.block()).samples[0])) == (SoundState.READY, 1000)
    stethoscope.set_fault(SoundFault.SILENT)
    assert (sound.state, int(np.abs((await sound.block()).samples).max())) == (SoundState.SILENT, 0)
    stethoscope.set_fault(SoundFault.UNPLUGGED)
    assert sound.state is SoundState.UNPLUGGED
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await sound.block()
    stethoscope.set_fault(None)
    async with asyncio.timeout(2):
        assert int((await sound.block()).samples[0]) == 1000


async def test_the_checks_hear_the_same() -> None:
    stethoscope = made()
    heard = await stethoscope.hear(0.02)
    assert heard is not None
    assert int(heard[0].max()) == 1000
    stethoscope.set_fault(SoundFault.SILENT)
    heard = await stethoscope.hear(0.02)
    assert heard is not None
    assert int(heard[0].max()) == 0
    stethoscope.set_fault(SoundFault.UNPLUGGED)
    assert await stethoscope.hear(0.02) is None
