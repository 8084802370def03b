"""The measuring side of one visit: whose values these are, what is armed, what the doctor is told of it.

Nothing measured leaves this file for another visit than the one it was armed for (notes: the wrong patient).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from room_agent.devices.driver import (
    Arm,
    DeviceEvent,
    DeviceState,
    Driver,
    Inflating,
    Measurement,
    Reason,
    Rejected,
    Started,
    StateChanged,
    Waveform,
)
from schemas.measurement import MeasurementKind, MeasurementState, Progress
from telemed.kit.logs import logger

log = logger("visit")

DEVICE_TIMEOUT_S = 10.0
ONE_VALUE = frozenset(
    {MeasurementKind.BLOOD_PRESSURE, MeasurementKind.THERMOMETER, MeasurementKind.WEIGHT, MeasurementKind.GLUCOSE}
)
"""Kinds where one request means one value; the others go on until the doctor stops them."""
CLOSED = frozenset({Reason.ABSENT, Reason.TIMEOUT, Reason.WRONG_DEVICE})
"""Reasons after which the device's window is shut."""


@dataclass(frozen=True)
class Shown:
    """A value that belongs to this visit. *series*: the number of the request that brought it."""

    measurement: Measurement
    series: int = 0


Outcome = Progress | Shown | Waveform
"""What the doctor is to hear."""


class Visit:
    """One visit from call to farewell. After `end` nothing is armed and every event is dropped."""

    def __init__(self, visit_id: str, drivers: Mapping[MeasurementKind, Driver]) -> None:
        self.visit_id = visit_id
        self._drivers = drivers
        self._armed: dict[MeasurementKind, str] = {}
        self._drained: set[MeasurementKind] = set()
        self._begun: set[MeasurementKind] = set()
        self._inflating: set[MeasurementKind] = set()
        self._asleep: set[MeasurementKind] = set()
        self._series: dict[MeasurementKind, int] = {}
        self._requests = 0
        self._over = False
        self.dropped = 0

    @property
    def measuring(self) -> MeasurementKind | None:
        """What the resident is asked to do: the latest request."""
        return next(reversed(self._armed), None)

    @property
    def armed(self) -> tuple[MeasurementKind, ...]:
        """What is asked for and not yet done."""
        return tuple(self._armed)

    @property
    def recording(self) -> bool:
        """An ECG is asked for: the resident neither moves nor speaks, nor answers anything."""
        return MeasurementKind.ECG in self._armed

    @property
    def requests(self) -> int:
        """How many there were so far: the number of the latest."""
        return self._requests

    def asked_after(self, request: int) -> MeasurementKind | None:
        """What the resident is asked to do, if that was asked for later than *request*."""
        kind = self.measuring
        return kind if kind is not None and self._series[kind] > request else None

    @property
    def asleep(self) -> bool:
        """The device that the resident is asked for sleeps, and must be switched on."""
        return self.measuring in self._asleep

    @property
    def inflating(self) -> bool:
        """The cuff that the resident is asked for is pumping."""
        return self.measuring in self._inflating

    async def begin(self) -> None:
        """Empty every device before a person is in play, each on its own: one that hangs holds up no other."""
        await asyncio.gather(*(self._drain(kind) for kind in self._drivers))

    async def _drain(self, kind: MeasurementKind) -> None:
        try:
            async with asyncio.timeout(DEVICE_TIMEOUT_S):
                stored = await self._drivers[kind].drain()
        except TimeoutError:
            log.warning("drain_timeout", kind=kind.value)
            return
        self._drained.add(kind)
        if stored:
            log.info("drained", kind=kind.value, count=stored)

    async def ask(self, kind: MeasurementKind) -> Progress:
        """Arm *kind* and start; a device that was not emptied yet is emptied first."""
        driver = self._drivers.get(kind)
        if driver is None or self._over:
            return _failed(kind, Reason.ABSENT)
        if kind not in self._drained:
            await self._drain(kind)
        if kind not in self._drained or self._over:
            return _failed(kind, Reason.TIMEOUT)
        self._disarm(kind)
        self._armed[kind] = driver.device_id
        self._requests += 1
        self._series[kind] = self._requests
        try:
            async with asyncio.timeout(DEVICE_TIMEOUT_S):
                await driver.start(Arm(self.visit_id))
        except TimeoutError:
            self._disarm(kind)
            return _failed(kind, Reason.TIMEOUT)
        if self._over:
            await self._halt(kind)
            return _failed(kind, Reason.ABSENT)
        if driver.reason is Reason.ASLEEP:
            self._asleep.add(kind)
        return self._waiting(kind)

    async def stop(self, kind: MeasurementKind) -> Progress:
        """Disarm *kind*; what still comes is not shown. A curve that is ended is done; a single value is given up."""
        if self._disarm(kind):
            await self._halt(kind)
        if kind in ONE_VALUE:
            return _failed(kind, Reason.STOPPED)
        return Progress(kind=kind, state=MeasurementState.DONE)

    async def _halt(self, kind: MeasurementKind) -> None:
        try:
            async with asyncio.timeout(DEVICE_TIMEOUT_S):
                await self._drivers[kind].stop()
        except TimeoutError:
            log.warning("stop_timeout", kind=kind.value)

    async def end(self) -> None:
        """The farewell: nothing of this visit is measured any more."""
        self._over = True
        armed, self._armed = list(self._armed), {}
        await asyncio.gather(*(self._halt(kind) for kind in armed))

    def heard(self, kind: MeasurementKind, event: DeviceEvent) -> tuple[Outcome, ...]:
        """What of *event* the doctor may know; an event of a device that is not armed is dropped."""
        if self._over or self._armed.get(kind) != event.device_id:
            self.dropped += isinstance(event, Measurement | Waveform)
            return ()
        match event:
            case Measurement():
                return self._measured(kind, event)
            case Waveform():
                return (event,)
            case Inflating(mmhg=mmhg):
                self._inflating.add(kind)
                return (Progress(kind=kind, state=MeasurementState.MEASURING, cuff_mmhg=mmhg),)
            case Started():
                return (Progress(kind=kind, state=MeasurementState.MEASURING),)
            case Rejected(reason=reason):
                return self._refused(kind, reason)
            case StateChanged(state=DeviceState.ERROR, reason=reason):
                return self._refused(kind, reason)
            case StateChanged(reason=reason):
                return self._woke(kind, asleep=reason is Reason.ASLEEP)
        return ()

    def _woke(self, kind: MeasurementKind, *, asleep: bool) -> tuple[Outcome, ...]:
        """What was asked of a device that fell asleep or woke waits still; other changes are no news of a request."""
        if asleep is (kind in self._asleep):
            return ()
        self._asleep ^= {kind}
        self._inflating.discard(kind)
        return (self._waiting(kind),)

    def _waiting(self, kind: MeasurementKind) -> Progress:
        reason = Reason.ASLEEP if kind in self._asleep else Reason.NONE
        return Progress(kind=kind, state=MeasurementState.WAITING, reason=reason.value)

    def _refused(self, kind: MeasurementKind, reason: Reason) -> tuple[Outcome, ...]:
        """Say so; a device that may still send the right value stays armed."""
        self._inflating.discard(kind)
        if reason in CLOSED:
            self._disarm(kind)
        return (_failed(kind, reason),)

    def _measured(self, kind: MeasurementKind, value: Measurement) -> tuple[Outcome, ...]:
        if not value.live or value.visit_id != self.visit_id or value.kind is not kind:
            self.dropped += 1
            return ()
        shown = Shown(value, self._series[kind])
        if kind in ONE_VALUE:
            self._disarm(kind)
            return (shown, Progress(kind=kind, state=MeasurementState.DONE))
        begun = kind in self._begun
        self._begun.add(kind)
        return (shown,) if begun else (Progress(kind=kind, state=MeasurementState.MEASURING), shown)

    def now_measuring(self, series: int) -> MeasurementKind | None:
        """Which kind goes on measuring for this request."""
        return next((kind for kind in self._armed if self._series[kind] == series), None)

    def _disarm(self, kind: MeasurementKind) -> bool:
        self._begun.discard(kind)
        self._inflating.discard(kind)
        self._asleep.discard(kind)
        return self._armed.pop(kind, None) is not None


def _failed(kind: MeasurementKind, reason: Reason) -> Progress:
    return Progress(kind=kind, state=MeasurementState.FAILED, reason=reason.value)
