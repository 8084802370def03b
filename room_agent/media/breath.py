"""Simulated breathing sounds, synthesised; no recording, always the same for one seed.

Noise with the spectrum of normal (vesicular) breathing over a lung: full between 100 and 200 Hz, then 12 dB less for
each octave up to 1,000 Hz, nothing below 60 Hz. Breathing in lasts 1.6 s and swells; breathing out lasts 1.2 s, is
10 dB softer and ends early; then a pause. On wish fine crackles late in breathing in (10 ms, 650 Hz, damped), or a
wheeze while breathing out (a steady 400 Hz with its first harmonic). White noise lies 60 dB below full scale.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from room_agent.media.heart import Samples

SAMPLE_RATE = 48_000
_IN_S, _OUT_S = 1.6, 1.2
_PEAK = 0.25
_OUT_PART = 10 ** (-10 / 20)
_CRACKLES = 8
_Floats = NDArray[np.float64]


class Extra(StrEnum):
    """What is heard beside the normal sound."""

    NONE = "none"
    CRACKLES = "crackles"
    WHEEZE = "wheeze"


def breath_sounds(
    *, breaths: int = 3, breaths_per_min: float = 15.0, extra: Extra = Extra.NONE, seed: int = 15
) -> Samples:
    """So many whole breaths, 48 kHz mono i16, that it can be played as a loop."""
    random = np.random.default_rng(seed)
    each = round(60 / breaths_per_min * SAMPLE_RATE)
    sound = _noise(breaths * each, random) * np.tile(_envelope(each), breaths)
    for breath in range(breaths):
        _add_extra(sound[breath * each : (breath + 1) * each], extra, random)
    sound += random.normal(0.0, 10 ** (-60 / 20), sound.size)
    found: Samples = np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    return found


def _noise(size: int, random: np.random.Generator) -> _Floats:
    """Shaped in the frequency domain, so that its end fits its beginning; peak `_PEAK`."""
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    loudness = np.clip((hertz - 60) / 40, 0, 1) * np.minimum(1.0, (200 / np.maximum(hertz, 1)) ** 2)
    loudness[hertz > 1_000] = 0
    made: _Floats = np.fft.irfft(loudness * np.exp(2j * np.pi * random.random(hertz.size)), size)
    made *= _PEAK / np.abs(made).max()
    return made


def _envelope(size: int) -> _Floats:
    """One breath: in, out, pause."""
    breath = np.zeros(size)
    inward = np.sin(np.linspace(0, np.pi, round(_IN_S * SAMPLE_RATE))) ** 0.7
    outward = np.linspace(1, 0, round(_OUT_S * SAMPLE_RATE)) ** 1.5 * _OUT_PART
    outward[:4800] *= np.linspace(0, 1, 4800)
    breath[: inward.size] = inward
    breath[inward.size : inward.size + outward.size] = outward
    return breath


def _add_extra(breath: _Floats, extra: Extra, random: np.random.Generator) -> None:
    if extra is Extra.CRACKLES:
        moments = np.arange(480) / SAMPLE_RATE
        crackle = 0.2 * np.exp(-moments / 0.0025) * np.sin(2 * np.pi * 650 * moments)
        for at in random.uniform(0.9, _IN_S - 0.05, _CRACKLES):
            start = round(at * SAMPLE_RATE)
            breath[start : start + crackle.size] += crackle
    elif extra is Extra.WHEEZE:
        moments = np.arange(round(0.9 * SAMPLE_RATE)) / SAMPLE_RATE
        swell = np.sin(np.linspace(0, np.pi, moments.size))
        wheeze = 0.06 * swell * (np.sin(2 * np.pi * 400 * moments) + 0.4 * np.sin(2 * np.pi * 800 * moments))
        start = round((_IN_S + 0.1) * SAMPLE_RATE)
        breath[start : start + wheeze.size] += wheeze
