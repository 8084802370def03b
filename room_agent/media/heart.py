"""Simulated heart sounds: the first and second sound, synthesised; no recording, no pathology, always the same.

Each sound is a sum of damped sines under a short rise: S1 at 35, 55 and 90 Hz over 140 ms (closing of mitral and
tricuspid valve), S2 at 50, 80 and 120 Hz over 110 ms and softer (aortic and pulmonary). S2 follows S1 after 0.3 s at
71 beats a minute; beats vary by 3 % from a seeded generator; white noise lies 50 dB below full scale.
"""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
Samples = NDArray[np.int16]

_S1 = ((35.0, 1.0), (55.0, 0.8), (90.0, 0.35))
_S2 = ((50.0, 0.7), (80.0, 0.8), (120.0, 0.45))
_PEAK = 0.5


def heart_sounds(*, seconds: float = 10.0, beats_per_min: float = 71.0, seed: int = 71) -> Samples:
    """About *seconds* of heart sounds, 48 kHz mono i16, whole beats, so that it can be played as a loop."""
    random = np.random.default_rng(seed)
    beats = max(1, round(seconds * beats_per_min / 60))
    sound = np.concatenate([_beat(60 / beats_per_min * random.normal(1.0, 0.03)) for _ in range(beats)])
    sound = sound / np.abs(sound).max() * _PEAK + random.normal(0.0, 10 ** (-50 / 20), sound.size)
    found: Samples = np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    return found


def _beat(length_s: float) -> NDArray[np.float64]:
    beat = np.zeros(round(length_s * SAMPLE_RATE))
    for parts, at_s, lasts_s, loudness in ((_S1, 0.05, 0.14, 1.0), (_S2, 0.35, 0.11, 0.7)):
        sound = loudness * _thud(parts, lasts_s)
        start = round(at_s * SAMPLE_RATE)
        beat[start : start + sound.size] += sound[: beat.size - start]
    return beat


def _thud(parts: tuple[tuple[float, float], ...], lasts_s: float) -> NDArray[np.float64]:
    """One valve: a rise of 10 ms, then the parts (Hz, loudness) die away."""
    moments = np.arange(round(lasts_s * SAMPLE_RATE)) / SAMPLE_RATE
    envelope = np.minimum(moments / 0.01, 1.0) * np.exp(-moments / (lasts_s / 4))
    sound = np.zeros_like(moments)
    for hz, loudness in parts:
        sound += loudness * envelope * np.sin(2 * np.pi * hz * moments)
    return sound
