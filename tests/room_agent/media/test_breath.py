"""Breathing sounds: always the same, where lungs sound, in louder than out; crackles and wheezes where asked for."""

import numpy as np

from room_agent.media.breath import SAMPLE_RATE, Extra, breath_sounds
from room_agent.media.checks import level_dbfs
from room_agent.media.heart import Samples


def part(sound: Samples, begin_s: float, end_s: float) -> Samples:
    return sound[round(begin_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]


def share(sound: Samples, low_hz: float, high_hz: float) -> float:
    """How much of the energy lies in this band."""
    energy = np.abs(np.fft.rfft(sound.astype(float))) ** 2
    hertz = np.fft.rfftfreq(sound.size, 1 / SAMPLE_RATE)
    return float(energy[(hertz >= low_hz) & (hertz < high_hz)].sum() / energy.sum())


def test_breathing_is_the_same_each_time_and_lies_where_lungs_sound() -> None:
    sound = breath_sounds()
    assert np.array_equal(sound, breath_sounds())
    assert sound.size == 12 * SAMPLE_RATE
    assert share(sound, 60, 1000) > 0.98
    assert share(sound, 60, 400) > 0.8


def test_breathing_in_is_louder_than_out_and_then_there_is_a_pause() -> None:
    sound = breath_sounds()
    inward, outward, pause = (level_dbfs(part(sound, *at)) for at in ((0.4, 1.2), (1.7, 2.2), (3.2, 3.9)))
    assert inward > outward + 6 > pause + 12


def test_a_wheeze_is_a_tone_while_breathing_out_and_crackles_end_breathing_in() -> None:
    wheeze = part(breath_sounds(extra=Extra.WHEEZE), 1.9, 2.5)
    assert share(wheeze, 390, 410) > 0.5 > share(part(breath_sounds(), 1.9, 2.5), 390, 410)
    crackles, normal = (part(breath_sounds(extra=extra), 0.9, 1.6) for extra in (Extra.CRACKLES, Extra.NONE))
    assert share(crackles, 550, 750) > 2 * share(normal, 550, 750)
