"""What a device's state means to the assistant, as check results."""

from datetime import datetime, timedelta

from room_agent.checks.result import result
from room_agent.devices.driver import DeviceState, Reason
from schemas.checks import CheckResult
from schemas.measurement import MeasurementKind
from telemed.web.pages import BERLIN

LOW_PERCENT, EMPTY_PERCENT = 20, 5
"""A cuff inflates for the last time at about 5 %."""
CLOCK_OFF, CLOCK_WRONG = timedelta(minutes=1), timedelta(days=1)
"""A minute is what a clock drifts in a month or two; a day off is one whose battery was out."""
MISSED_AFTER = timedelta(hours=24)
"""So long a device may sleep, before somebody is to see whether it still wakes."""
_USABLE = (DeviceState.READY, DeviceState.MEASURING)


def device_checks(
    kind: MeasurementKind,
    device_id: str,
    *,
    state: DeviceState,
    reason: Reason,
    battery_percent: int | None = None,
    clock_ahead_s: float | None = None,
    wall: timedelta = timedelta(0),
    unheard_s: float | None = None,
) -> tuple[CheckResult, ...]:
    """One result about the link, and one each about battery and clock if they are not well.

    *clock_ahead_s*: the device's clock minus UTC; *wall*: by how much the clock on the wall is ahead of UTC here. A
    device may have either, since it knows no zone. *unheard_s*: so long ago a device that sleeps was heard, None if
    never; its battery and its clock are as they were then.
    """
    asleep = reason is Reason.ASLEEP
    codes = [_sleep(unheard_s) if asleep else _link(state, reason)]
    if state in _USABLE or asleep:
        codes += filter(None, (_battery(battery_percent), _clock(clock_ahead_s, wall)))
    return tuple(result(kind.value, code, device_id) for code in codes)


def _link(state: DeviceState, reason: Reason) -> str:
    if state in _USABLE:
        return "ok"
    if state is DeviceState.CONNECTING:
        return "connecting"
    return reason.value or Reason.NOT_FOUND.value


def _sleep(unheard_s: float | None) -> str:
    return "asleep" if unheard_s is not None and unheard_s <= MISSED_AFTER.total_seconds() else "long-unheard"


def _battery(percent: int | None) -> str:
    if percent is None or percent >= LOW_PERCENT:
        return ""
    return "battery-low" if percent >= EMPTY_PERCENT else "battery-empty"


def _clock(ahead_s: float | None, wall: timedelta) -> str:
    if ahead_s is None:
        return ""
    ahead = timedelta(seconds=ahead_s)
    off = min(abs(ahead), abs(ahead - wall))
    if off > CLOCK_WRONG:
        return "clock-wrong"
    return "clock-off" if off > CLOCK_OFF else ""


def wall_ahead(now: datetime) -> timedelta:
    """By how much the clock on the wall is ahead of UTC at *now*."""
    return now.astimezone(BERLIN).utcoffset() or timedelta(0)
