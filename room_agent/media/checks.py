"""Are camera and sound usable? Pure checks on what they gave, for the report before each visit."""

import numpy as np

from room_agent.media.heart import Samples
from room_agent.media.picture import Pixels
from schemas.checks import CheckResult, Severity

_BLACK_MEAN, _BLACK_SPREAD = 24.0, 6.0
_SILENT_DBFS = -60.0
_FULL_SCALE = 32_700
_CLIPPED_PART = 0.01


def camera_check(now: Pixels | None, before: Pixels | None = None, *, camera: str | None = None) -> CheckResult:
    """The exam *camera*. *now*, *before*: luma of two pictures at least a second apart; None where there was none."""
    if now is None:
        return _result("exam-camera", "absent", Severity.BLOCK, camera)
    if is_black(now):
        return _result("exam-camera", "black", Severity.WARN, camera)
    if before is not None and is_frozen(now, before):
        return _result("exam-camera", "frozen", Severity.BLOCK, camera)
    return _result("exam-camera", "ok", Severity.OK, camera)


def is_black(luma: Pixels) -> bool:
    """Dark all over: a lid on the lens, no light, or a camera that sends nothing."""
    return bool(luma.mean() < _BLACK_MEAN and luma.std() < _BLACK_SPREAD)


def is_frozen(now: Pixels, before: Pixels) -> bool:
    """The very same picture: a real sensor always has noise."""
    return now.shape == before.shape and bool(np.array_equal(now, before))


def stethoscope_check(samples: Samples | None) -> CheckResult:
    """*samples*: a second or more of its sound; None if there is no stethoscope."""
    if samples is None or samples.size == 0:
        return _result("stethoscope", "none", Severity.BLOCK)
    if level_dbfs(samples) < _SILENT_DBFS:
        return _result("stethoscope", "silent", Severity.WARN)
    if float(np.mean(np.abs(samples.astype(np.int32)) >= _FULL_SCALE)) > _CLIPPED_PART:
        return _result("stethoscope", "too-loud", Severity.WARN)
    return _result("stethoscope", "ok", Severity.OK)


def level_dbfs(samples: Samples) -> float:
    """The level: root mean square against full scale, in dB."""
    square = float(np.mean((samples.astype(np.float64) / 32768) ** 2))
    return 10 * float(np.log10(max(square, 1e-12)))


def _result(subject: str, code: str, severity: Severity, device_id: str | None = None) -> CheckResult:
    key = f"check.{subject}.{code}"
    fix = "" if severity is Severity.OK else f"{key}.fix"
    return CheckResult(subject=subject, code=code, severity=severity, device_id=device_id, text_key=key, fix_key=fix)
