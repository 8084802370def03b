"""A synthesised ECG of twelve leads: one dipole in the chest, seen from nine electrodes. No recording, one pathology.

The dipole (in mV at one unit of distance; x to the left, y to the feet, z to the front) is a sum of Gaussian pushes for
each beat: P, Q, R, S, T, each with a place in time, a width, a size and a direction (`WAVES`). An electrode sees the
dipole along its own direction (`ELECTRODES`: the limbs as Einthoven's triangle, V1 to V6 around the chest). Leads are
differences of electrodes, as they are defined: I = LA − RA, II = LL − RA, V1 = V1 − (RA + LA + LL) / 3 and so on, so
that III = II − I holds in each sample. Around it: each electrode moves with breathing (0.05 mV at 0.25 Hz) and has a
noise of 8 µV.

Normal: 71 a minute, breathing moves the time between beats by 3 %. Atrial fibrillation: times between beats that follow
no pattern (a spread of 22 %), no P, in its place a flutter of 0.06 mV at about 6 Hz. All from one seed.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from room_agent.devices.ecg import LEADS, Frames

RESOLUTION_NV = 2_500
HUM_MV = 0.15
_UNITS_PER_MV = 1_000_000 / RESOLUTION_NV
_BREATH_HZ = 0.25
_Floats = NDArray[np.float64]

WAVES = {
    "P": (-0.17, 0.022, 0.10, (0.60, 0.70, 0.25)),
    "Q": (-0.032, 0.009, 0.14, (-0.60, -0.25, 0.60)),
    "R": (0.0, 0.011, 0.95, (0.70, 0.60, -0.40)),
    "S": (0.030, 0.011, 0.28, (-0.35, -0.45, -0.75)),
    "T": (0.26, 0.045, 0.26, (0.60, 0.55, 0.45)),
}
"""Name: seconds from the R wave, width in s (standard deviation), mV, direction."""
_HALF, _SIXTY = 0.5, 0.8660254
ELECTRODES = {
    "RA": (-_SIXTY, -_HALF, 0.0),
    "LA": (_SIXTY, -_HALF, 0.0),
    "LL": (0.0, 1.0, 0.0),
    "V1": (-0.5, 0.0, 1.2),
    "V2": (0.1, 0.1, 1.4),
    "V3": (0.6, 0.2, 1.3),
    "V4": (1.1, 0.4, 1.0),
    "V5": (1.3, 0.3, 0.4),
    "V6": (1.2, 0.2, 0.0),
}


class Rhythm(StrEnum):
    NORMAL = "normal"
    FIBRILLATION = "fibrillation"


def twelve_leads(
    rate_hz: int, *, seconds: int = 60, per_min: float = 71.0, rhythm: Rhythm = Rhythm.NORMAL, seed: int = 12
) -> Frames:
    """So many seconds, to be played as a loop: one row for each sample, one column for each of `LEADS`.

    In units of `RESOLUTION_NV`.
    """
    random = np.random.default_rng(seed)
    beats = _beats(seconds, per_min, rhythm, random)
    dipole = _dipole(seconds * rate_hz, rate_hz, beats, rhythm)
    if rhythm is Rhythm.FIBRILLATION:
        dipole += np.outer(_flutter(np.arange(seconds * rate_hz) / rate_hz, seconds, random), (0.5, 0.6, 0.6))
    seen = {name: dipole @ np.array(direction) for name, direction in ELECTRODES.items()}
    return _leads({name: values + _disturbance(values.size, rate_hz, random) for name, values in seen.items()})


def hum(begin: int, count: int, rate_hz: int) -> Frames:
    """What the mains add to each lead, in the same units: one column."""
    moments = (begin + np.arange(count)) / rate_hz
    made: Frames = np.round(HUM_MV * _UNITS_PER_MV * np.sin(2 * np.pi * 50 * moments)).astype(np.int16)
    return made[:, np.newaxis]


def _beats(seconds: int, per_min: float, rhythm: Rhythm, random: np.random.Generator) -> _Floats:
    """When each R wave comes; the last and the first fit together."""
    count = round(seconds * per_min / 60)
    if rhythm is Rhythm.FIBRILLATION:
        between = random.gamma(1 / 0.22**2, 1.0, count)
    else:
        between = 1 + 0.03 * np.sin(2 * np.pi * _BREATH_HZ * np.arange(count) * 60 / per_min)
    made: _Floats = np.cumsum(between / between.sum() * seconds)
    return made


def _dipole(size: int, rate_hz: int, beats: _Floats, rhythm: Rhythm) -> _Floats:
    """Three columns: x, y, z. What reaches over the loop's end goes on at its beginning."""
    dipole = np.zeros((size, 3))
    for name, (place, width, push_mv, direction) in WAVES.items():
        if name == "P" and rhythm is Rhythm.FIBRILLATION:
            continue
        around = np.arange(-round(6 * width * rate_hz), round(6 * width * rate_hz) + 1)
        for beat in beats:
            middle = round((beat + place) * rate_hz)
            away = (middle + around) / rate_hz - beat - place
            push = push_mv * np.exp(-0.5 * (away / width) ** 2)
            dipole[(middle + around) % size] += np.outer(push, direction)
    return dipole


def _flutter(moments: _Floats, seconds: int, random: np.random.Generator) -> _Floats:
    """Many whole numbers of swings for each loop, around 6 Hz."""
    swings = np.round(random.normal(6.0, 0.6, 12) * seconds)
    parts = [np.sin(2 * np.pi * (each * moments / seconds + random.random())) for each in swings]
    made: _Floats = np.sum(parts, axis=0)
    return 0.06 * made / float(np.sqrt(swings.size / 2))


def _disturbance(size: int, rate_hz: int, random: np.random.Generator) -> _Floats:
    """Of one electrode: noise, and how breathing moves it."""
    moments = np.arange(size) / rate_hz
    breath = 0.05 * np.sin(2 * np.pi * (_BREATH_HZ * moments + random.random()))
    made: _Floats = breath + random.normal(0.0, 0.008, size)
    return made


def _leads(electrodes: dict[str, _Floats]) -> Frames:
    """By definition; the limb leads from I and II as they are sent, so that Einthoven holds to the last bit."""
    right, left, foot = (electrodes[name] for name in ("RA", "LA", "LL"))
    one, two = (np.round((other - right) * _UNITS_PER_MV) for other in (left, foot))
    middle = (right + left + foot) / 3
    columns = {
        "I": one,
        "II": two,
        "III": two - one,
        "aVR": np.round(-(one + two) / 2),
        "aVL": np.round(one - two / 2),
        "aVF": np.round(two - one / 2),
        **{name: np.round((values - middle) * _UNITS_PER_MV) for name, values in electrodes.items() if name[0] == "V"},
    }
    made: Frames = np.stack([columns[name] for name in LEADS], axis=1).astype(np.int16)
    return made
