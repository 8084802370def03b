"""What time it is: real, by hand in tests, or the exercise clock of the demo (DESIGN D9a)."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the moment, always aware and in UTC."""

    @property
    def offset(self) -> timedelta: ...

    def now(self) -> datetime: ...


def real_now() -> datetime:
    return datetime.now(UTC)


class RealClock:
    """Real time; for everything that people rely on."""

    offset = timedelta(0)

    def now(self) -> datetime:
        return real_now()


class ExerciseClock:
    """Real time plus one offset; it can only be moved forward, and never runs at another rate."""

    def __init__(self, offset: timedelta, *, real: Callable[[], datetime] = real_now) -> None:
        self._offset = offset
        self._real = real

    @property
    def offset(self) -> timedelta:
        return self._offset

    def now(self) -> datetime:
        return self._real() + self._offset

    def forward(self, by: timedelta) -> None:
        """Move on.

        Raises:
            ValueError: *by* is negative.
        """
        if by < timedelta(0):
            raise ValueError("the exercise clock never goes back")
        self._offset += by

    def follow(self, offset: timedelta) -> None:
        """Take over the offset of the centre, whose clock it is."""
        self._offset = offset


def exercise_start(real: datetime, zone: ZoneInfo) -> timedelta:
    """The offset that makes *real* the next Tuesday 9:00 wall time in *zone*."""
    local = real.astimezone(zone)
    days = (1 - local.weekday()) % 7 or 7
    tuesday = datetime.combine(local.date() + timedelta(days=days), time(9), tzinfo=zone)
    return tuesday.astimezone(UTC) - real
