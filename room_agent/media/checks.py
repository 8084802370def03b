"""Are camera and sound usable? Pure checks on what they gave, for the report before each visit."""

import numpy as np

from room_agent.checks.result import result
from room_agent.media.heart import SAMPLE_RATE, Samples
from room_agent.media.picture import Pixels
from schemas.checks import CheckResult

_BLACK_MEAN, _BLACK_SPREAD = 24.0, 6.0
_SILENT_DBFS = -60.0
_FULL_SCALE = 32_700
_CLIPPED_PART = 0.01
_LOOKED_AT = 320
"""Sharpness is asked of a picture of this width, where the sensor's noise is averaged away."""
BLURRED_PART = 0.35
"""Of its own reference: edges more than twice as wide as they used to be. Measured on a board of squares, 640 pixels
across, whose edges were 3 pixels wide: 0.38 is left when they are 5, 0.19 at 7, 0.05 at 13."""
_RISES = 0.1
TONE_HZ = 1000.0
_HEARD_DB = 10.0
"""Above its neighbourhood: a room's noise has no such peak, and no heart sound reaches 1 kHz."""
_NEIGHBOURS_HZ = (840.0, 900.0, 1100.0, 1160.0)
_FAINTEST = 1e-12


def camera_check(
    now: Pixels | None, before: Pixels | None = None, *, camera: str | None = None, reference: float | None = None
) -> CheckResult:
    """The exam *camera*. *now*, *before*: luma of two pictures at least a second apart; None where there was none.

    *reference*: how sharp its pictures usually are, if that is known.
    """
    if now is None:
        return result("exam-camera", "absent", camera)
    if is_black(now):
        return result("exam-camera", "black", camera)
    if before is not None and is_frozen(now, before):
        return result("exam-camera", "frozen", camera)
    blurred = reference is not None and sharpness(now) < BLURRED_PART * reference
    return result("exam-camera", "blurred" if blurred else "ok", camera)


def is_black(luma: Pixels) -> bool:
    """Dark all over: a lid on the lens, no light, or a camera that sends nothing."""
    return bool(luma.mean() < _BLACK_MEAN and luma.std() < _BLACK_SPREAD)


def is_frozen(now: Pixels, before: Pixels) -> bool:
    """The very same picture: a real sensor always has noise."""
    return now.shape == before.shape and bool(np.array_equal(now, before))


def sharpness(luma: Pixels) -> float:
    """The variance of the Laplacian, of the picture brought to about 320 pixels across (Pech-Pacheco et al. 2000)."""
    step = max(1, luma.shape[1] // _LOOKED_AT)
    height, width = (length // step * step for length in luma.shape)
    small = luma[:height, :width].reshape(height // step, step, width // step, step).mean(axis=(1, 3))
    middle = small[1:-1, 1:-1]
    laplacian = small[:-2, 1:-1] + small[2:, 1:-1] + small[1:-1, :-2] + small[1:-1, 2:] - 4 * middle
    return float(laplacian.var())


def learnt(reference: float | None, now: float) -> float:
    """The reference after one more good picture: the first one is it, sharper ones raise it slowly."""
    if reference is None:
        return now
    return reference + _RISES * (now - reference) if now > reference else reference


def stethoscope_check(samples: Samples | None, rate_hz: int = SAMPLE_RATE, *, tone: bool = False) -> CheckResult:
    """*samples*: a second or more of its sound; None if there is no stethoscope. *tone*: the room's tone sounded."""
    if samples is None or samples.size == 0:
        return result("stethoscope", "none")
    if level_dbfs(samples) < _SILENT_DBFS:
        return result("stethoscope", "silent")
    if float(np.mean(np.abs(samples.astype(np.int32)) >= _FULL_SCALE)) > _CLIPPED_PART:
        return result("stethoscope", "too-loud")
    return result("stethoscope", "not-heard" if tone and not hears_tone(samples, rate_hz) else "ok")


def level_dbfs(samples: Samples) -> float:
    """The level: root mean square against full scale, in dB."""
    square = float(np.mean((samples.astype(np.float64) / 32768) ** 2))
    return 10 * float(np.log10(max(square, 1e-12)))


def hears_tone(samples: Samples, rate_hz: int = SAMPLE_RATE) -> bool:
    """Whether the test tone stands out for a quarter of a second anywhere in *samples*."""
    window = rate_hz // 4
    pieces = [samples[at : at + window] for at in range(0, samples.size - window + 1, window // 2)]
    return any(_tone_db(piece, rate_hz) >= _HEARD_DB for piece in pieces)


def _tone_db(samples: Samples, rate_hz: int) -> float:
    """How far 1 kHz stands out over what is beside it, in dB."""
    beside = float(np.mean([_power(samples, rate_hz, hz) for hz in _NEIGHBOURS_HZ]))
    return 10 * float(np.log10(max(_power(samples, rate_hz, TONE_HZ), _FAINTEST) / max(beside, _FAINTEST)))


def _power(samples: Samples, rate_hz: int, hz: float) -> float:
    """Of one frequency, under a Hann window: what Goertzel's recursion gives for it."""
    moments = np.arange(samples.size) / rate_hz
    wave = np.exp(-2j * np.pi * hz * moments) * np.hanning(samples.size)
    return float(np.abs(np.dot(samples.astype(np.float64) / 32768, wave) / samples.size) ** 2)
