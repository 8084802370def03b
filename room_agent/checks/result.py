"""Everything that a check can say, and how bad it is. A code that is not in this table cannot be reported. Pure.

The words are in the catalogue under ``check.<subject>.<code>``, what to do under ``….fix``; all devices share the
words of ``device``, since their name stands beside them.
"""

from collections.abc import Iterator, Mapping

from schemas.checks import UNCHECKED, CheckResult, Severity
from schemas.measurement import MeasurementKind

DEVICE = "device"
KINDS = frozenset(kind.value for kind in MeasurementKind)
_OK, _WARN, _BLOCK = Severity.OK, Severity.WARN, Severity.BLOCK

CODES: Mapping[str, Mapping[str, Severity]] = {
    "page": {"ok": _OK, "silent": _BLOCK},
    "camera": {"ok": _OK, "none": _BLOCK, "black": _BLOCK, "frozen": _BLOCK, "blurred": _WARN},
    "microphone": {"ok": _OK, "none": _BLOCK, "silent": _WARN, "not-heard": _WARN, "deaf": _BLOCK},
    "exam-camera": {
        "ok": _OK,
        "absent": _BLOCK,
        "timeout": _BLOCK,
        "black": _WARN,
        "frozen": _BLOCK,
        "blurred": _WARN,
    },
    "stethoscope": {
        "ok": _OK,
        "none": _BLOCK,
        "timeout": _BLOCK,
        "silent": _WARN,
        "too-loud": _WARN,
        "not-heard": _WARN,
    },
    DEVICE: {
        "ok": _OK,
        "asleep": _OK,
        "long-unheard": _WARN,
        "connecting": _WARN,
        "not-found": _BLOCK,
        "link-lost": _BLOCK,
        "no-radio": _BLOCK,
        "radio-stuck": _BLOCK,
        "not-paired": _BLOCK,
        "bond-lost": _BLOCK,
        "wrong-device": _BLOCK,
        "timeout": _BLOCK,
        "battery-low": _WARN,
        "battery-empty": _BLOCK,
        "clock-off": _WARN,
        "clock-wrong": _BLOCK,
    },
    "inspection": {"ok": _OK, "soon": _WARN, "over": _BLOCK},
    "hygiene": {"ok": _OK, "due": _WARN, "overdue": _BLOCK},
    "line": {"ok": _OK, "slow": _WARN, "down": _BLOCK},
    "relay": {
        "ok": _OK,
        "none": _WARN,
        "unreachable": _BLOCK,
        "refused": _BLOCK,
        "lossy": _WARN,
        "thin": _WARN,
        "slow": _WARN,
    },
    "visit-relay": {"ok": _OK, "unreachable": _WARN, "refused": _WARN},
    "roster": {
        "ok": _OK,
        "no-operator": _BLOCK,
        "none": _BLOCK,
        "expired": _BLOCK,
        "agent-missing": _BLOCK,
        "kiosk-missing": _BLOCK,
    },
    "disk": {"ok": _OK, "low": _WARN, "full": _BLOCK},
    "temperature": {"ok": _OK, UNCHECKED: _OK, "hot": _WARN, "too-hot": _BLOCK},
}


def result(subject: str, code: str, device_id: str | None = None) -> CheckResult:
    """One result with its severity and its catalogue keys.

    Raises:
        KeyError: the table does not know it.
    """
    words = DEVICE if subject in KINDS else subject
    severity, key = CODES[words][code], f"check.{words}.{code}"
    fix = "" if severity is Severity.OK else f"{key}.fix"
    return CheckResult(subject=subject, code=code, severity=severity, device_id=device_id, text_key=key, fix_key=fix)


def keys() -> Iterator[str]:
    """Every catalogue key that a result can carry."""
    for words, codes in CODES.items():
        for code, severity in codes.items():
            yield f"check.{words}.{code}"
            if severity is not Severity.OK:
                yield f"check.{words}.{code}.fix"
