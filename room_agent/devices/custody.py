"""What one device's driver must remember to say whose value it is. No radio, no clock and no value in it.

The driver tells it what happens (link, silence, window, beginnings, values) and gets the verdict of `window.judge`.
A device is drained when it has been silent for a while: after each connection, and before a person is named. What
comes before that was stored in it, and is counted by device, without a person and without the value.
"""

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime

from room_agent.devices.device_clock import At, DeviceClock
from room_agent.devices.driver import Arm, Reason
from room_agent.devices.window import Arrival, Window, judge
from schemas.measurement import MeasurementKind
from telemed.web.pages import BERLIN

_REMEMBERED = 1000
_LISTED = 50
_RUN_ENDS_S = 10.0
"""So long after its last sign a measurement has been given up; the next sign is the beginning of another one."""


@dataclass(frozen=True)
class Coming:
    """A value as it comes in. *flows*: the device sends it all the time and cannot store it.

    *fingerprint*: the same for the same packet sent again, empty where two honest readings may be equal (no time).
    *sequence*: the number of a record, which rises and wraps at 65536. *wrong_user*: of another user of the device.
    """

    device_time: datetime | None = None
    has_value: bool = True
    stored: bool = False
    flows: bool = False
    fingerprint: str = ""
    sequence: int | None = None
    wrong_user: bool = False


@dataclass(frozen=True)
class Held:
    """That something was kept back: when, from which device, why. Never the value and never a person."""

    at: datetime
    device_id: str
    kind: MeasurementKind
    reason: Reason


@dataclass
class _Run:
    """A measurement that goes on: in which window it began, and when it was last seen."""

    window: Window | None
    last_mono: float


class Custody:
    """Of one device; lives as long as its driver, over every reconnection. *silence_s*: what counts as drained."""

    def __init__(self, device_id: str, kind: MeasurementKind, *, silence_s: float) -> None:
        self.window: Window | None = None
        self.drained = False
        self._here = False
        self.counts: Counter[str] = Counter()
        self._device_id, self._kind, self._silence_s = device_id, kind, silence_s
        self._clock: DeviceClock | None = None
        self._newest: int | None = None
        self._last_mono = 0.0
        self._run: _Run | None = None
        self._opened_inside = False
        self._shows_beginnings = False
        self._stored = 0
        self._seen: dict[str, None] = {}
        self._held: deque[Held] = deque(maxlen=_LISTED)

    # The link, and the drain after it

    def came(self, clock_ahead_s: float | None, at: At) -> None:
        """The link stands. *clock_ahead_s*: the device's wall clock minus UTC, None if it has none."""
        self._here = True
        self._clock = None if clock_ahead_s is None else DeviceClock(clock_ahead_s, at)
        self.begin_drain(at)

    @property
    def clock_ahead_s(self) -> float | None:
        """The device's wall clock minus UTC now, as far as we know."""
        return None if self._clock is None else self._clock.ahead_now_s

    def clock_set(self, ahead_s: float, at: At) -> None:
        """The device's clock was set; what is stored in it carries the old one."""
        if self._clock is not None:
            self._clock = self._clock.after_setting(ahead_s, at)

    def forget_records(self) -> None:
        """All records come anew now; a device whose memory was erased begins to count at 1 again."""
        self._newest = None

    @property
    def next_record(self) -> int | None:
        """The number that the next record must have at least; None where no record was ever seen."""
        return None if self._newest is None else self._newest + 1

    def went(self) -> None:
        """The link is gone; what the device does now is stored in it."""
        self.drained, self._run, self._opened_inside = False, None, False
        self._here = False

    def begin_drain(self, at: At) -> None:
        """From now on everything is stored, until the device is silent."""
        self.drained, self._run, self._last_mono = False, None, at.mono

    def quiet_in_s(self, at: At) -> float:
        """How long the device must still be silent; it never becomes drained while it goes on sending."""
        return self._last_mono + self._silence_s - at.mono

    def settle(self, at: At) -> None:
        """It was silent: what comes now is new."""
        self._expire(at)
        self.drained = True
        self._opened_inside = self.window is not None

    def take_stored(self) -> int:
        """How many values were kept back as stored since the last time."""
        stored, self._stored = self._stored, 0
        return stored

    # The window

    def arm(self, arm: Arm, at: At) -> None:
        """Open the window for one visit: after `settle`, or of a device that is away; that is drained when it comes.

        Raises:
            ValueError: the device is here and not drained.
        """
        if self._here and not self.drained:
            raise ValueError("not drained")
        self.disarm()
        self.window = Window(arm.visit_id, at.real, at.real + arm.window, at.mono + arm.window.total_seconds())

    def disarm(self) -> None:
        self.window, self._opened_inside = None, False

    def _expire(self, at: At) -> None:
        if self.window is not None and at.mono >= self.window.closes_mono:
            self.disarm()

    # What the device says

    def saw_beginning(self, at: At) -> bool:
        """The device shows that it measures; whether that is the news of a measurement inside the window."""
        self._expire(at)
        self._shows_beginnings = True
        self._last_mono = at.mono
        if self._run is not None and at.mono - self._run.last_mono <= _RUN_ENDS_S:
            self._run.last_mono = at.mono
            return False
        self._run = _Run(self.window if self.drained else None, at.mono)
        return self._run.window is not None

    def judge(self, coming: Coming, at: At) -> Reason:
        """May this value be shown in the window that is open now? What may not is counted and listed."""
        self._expire(at)
        if not coming.flows:
            self._last_mono = at.mono
        new = self._is_new(coming.sequence)
        arrival = Arrival(
            at.real,
            self.taken(coming.device_time, at),
            has_value=coming.has_value,
            stored=coming.stored or new is False,
            draining=not self.drained and not coming.flows,
            begun=coming.flows or new is True or self._begun(at),
            wrong_user=coming.wrong_user,
            must_begin=self._shows_beginnings and not coming.flows,
            seen_before=coming.fingerprint in self._seen,
        )
        reason = judge(arrival, self.window)
        self._run = None if not coming.flows else self._run
        self._remember(coming.fingerprint)
        if reason is not Reason.NONE:
            self._stored += reason is Reason.STORED
            self.hold(reason, at)
        return reason

    def _is_new(self, sequence: int | None) -> bool | None:
        """A record with a higher number than all before; None where the device does not count."""
        if sequence is None:
            return None
        new = self._newest is None or 0 < (sequence - self._newest) % 0x10000 < 0x8000
        if new:
            self._newest = sequence
        return new

    @property
    def measuring(self) -> bool:
        """A measurement that began inside the window goes on."""
        return self.window is not None and self._run is not None and self._run.window is self.window

    def _begun(self, at: At) -> bool:
        """In this window: we saw it begin, or the device came by itself and shows no beginnings."""
        if self.window is None:
            return False
        run = self._run
        seen = run is not None and run.window is self.window and at.mono - run.last_mono <= _RUN_ENDS_S
        return seen or (self._opened_inside and not self._shows_beginnings)

    def taken(self, device_time: datetime | None, at: At) -> datetime | None:
        """When it was measured, as real time; None where that is not known (`DeviceClock.taken`)."""
        if device_time is None or self._clock is None:
            return None
        return self._clock.taken(device_time, at)

    def _remember(self, fingerprint: str) -> None:
        if fingerprint:
            self._seen[fingerprint] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def garbled(self, at: At, *, value: bool) -> None:
        """Something came that nobody can read. A *value* ends its measurement all the same, and breaks a silence."""
        if value:
            self._run, self._last_mono = None, at.mono
        self.hold(Reason.GARBLED, at)

    # The quarantine

    def hold(self, reason: Reason, at: At) -> None:
        """Something came that is not shown."""
        self.counts[reason] += 1
        self._held.append(Held(at.real, self._device_id, self._kind, reason))

    def held(self, now: datetime) -> tuple[Held, ...]:
        """What was kept back today, oldest first; what is of an earlier day is forgotten."""
        today = now.astimezone(BERLIN).date()
        while self._held and self._held[0].at.astimezone(BERLIN).date() != today:
            self._held.popleft()
        return tuple(self._held)
