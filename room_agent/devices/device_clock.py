"""When did a device measure? Its wall clock against ours, also where we have set it meanwhile. Pure.

A device's clock is read before it is set, since what is stored carries the old one. What it measures afterwards carries
the new one; where a stamp can be of either (the old clock was ahead), it says nothing.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

_JUMP_S = 2.0
_WHOLE_SECOND = timedelta(seconds=1)
RIGHT_S = 2.0
"""A clock that is off by less is left alone."""


@dataclass(frozen=True)
class At:
    """One moment on both clocks: *real* can be set by somebody, *mono* (seconds) cannot."""

    real: datetime
    mono: float


@dataclass(frozen=True)
class Setting:
    """The device's clock was set at *at*; from then on it is *ahead_s* ahead of UTC."""

    ahead_s: float
    at: At


@dataclass(frozen=True)
class DeviceClock:
    """*ahead_s*: the device's wall clock minus UTC in seconds, as it was read at *read*."""

    ahead_s: float
    read: At
    setting: Setting | None = None

    def after_setting(self, ahead_s: float, at: At) -> "DeviceClock":
        return replace(self, setting=Setting(ahead_s, at))

    @property
    def ahead_now_s(self) -> float:
        return self.setting.ahead_s if self.setting else self.ahead_s

    def taken(self, device_time: datetime, at: At) -> datetime | None:
        """As real time; None when our own clock was set since, or when the stamp can be of the old clock or the new."""
        jumped_s = (at.real - self.read.real).total_seconds() - (at.mono - self.read.mono)
        if abs(jumped_s) > _JUMP_S:
            return None
        stamp = device_time.replace(tzinfo=UTC)
        old = stamp - timedelta(seconds=self.ahead_s)
        if self.setting is None:
            return old
        new = stamp - timedelta(seconds=self.setting.ahead_s)
        set_at = self.setting.at.real
        if new < set_at - _WHOLE_SECOND:
            return old
        return None if old <= set_at + _WHOLE_SECOND else new


def wanted_ahead_s(ahead_s: float, wall: timedelta) -> float | None:
    """What to set a clock to that is *ahead_s* ahead of UTC: the time on the wall, *wall* ahead of UTC here.

    None where it shows that, or UTC, already: a device knows no zone.
    """
    wall_s = wall.total_seconds()
    right = min(abs(ahead_s), abs(ahead_s - wall_s)) <= RIGHT_S
    return None if right else wall_s
