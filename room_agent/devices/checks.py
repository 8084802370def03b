"""What a device's state means to the assistant, as check results."""

from room_agent.devices.driver import DeviceState, Reason
from schemas.checks import CheckResult, Severity
from schemas.measurement import MeasurementKind

_LOW_BATTERY_PERCENT = 20
_USABLE = (DeviceState.READY, DeviceState.MEASURING)


def device_checks(
    kind: MeasurementKind, device_id: str, *, state: DeviceState, reason: Reason, battery_percent: int | None = None
) -> tuple[CheckResult, ...]:
    """One result about the link, and one about the battery if it is low."""
    found = [_link(kind, device_id, state, reason)]
    if state in _USABLE and battery_percent is not None and battery_percent < _LOW_BATTERY_PERCENT:
        found.append(_result(kind, device_id, "battery-low", Severity.WARN))
    return tuple(found)


def _link(kind: MeasurementKind, device_id: str, state: DeviceState, reason: Reason) -> CheckResult:
    if state in _USABLE:
        return _result(kind, device_id, "ok", Severity.OK)
    if state is DeviceState.CONNECTING:
        return _result(kind, device_id, "connecting", Severity.WARN)
    return _result(kind, device_id, reason.value or Reason.NOT_FOUND.value, Severity.BLOCK)


def _result(kind: MeasurementKind, device_id: str, code: str, severity: Severity) -> CheckResult:
    key = f"check.{kind.value}.{code}"
    return CheckResult(
        subject=kind.value,
        code=code,
        severity=severity,
        device_id=device_id,
        text_key=key,
        fix_key="" if severity is Severity.OK else f"{key}.fix",
    )
