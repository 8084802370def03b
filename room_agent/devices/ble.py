"""A medical device on Bluetooth Low Energy: link, profile and armed window put together (`driver.Driver`)."""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

from room_agent.devices.ble_link import BleLink, Found, Radio, Timing, Unusable
from room_agent.devices.checks import device_checks
from room_agent.devices.curve import CurvePiece
from room_agent.devices.driver import (
    Arm,
    DeviceEvent,
    DeviceState,
    Garbled,
    Identity,
    Measurement,
    Reason,
    Rejected,
    Started,
    StateChanged,
    Waveform,
)
from room_agent.devices.event_queue import EventQueue
from room_agent.devices.profile import Profile, Reading
from room_agent.devices.window import Arrival, Window, judge
from schemas.checks import CheckResult
from schemas.measurement import MeasurementKind
from telemed.kit.clock import Clock, real_now
from telemed.kit.logs import logger

log = logger("devices.ble")

_REMEMBERED = 1000
_TROUBLE = {Reason.NO_RADIO, Reason.RADIO_STUCK, Reason.NOT_PAIRED, Reason.BOND_LOST, Reason.WRONG_DEVICE}


class BleDriver:
    """One device at *address*. *serial*: if given, a device with another serial number is not used."""

    def __init__(
        self,
        profile: Profile,
        radio: Radio,
        *,
        device_id: str,
        address: str,
        clock: Clock,
        serial: str = "",
        simulated: bool = False,
        timing: Timing | None = None,
    ) -> None:
        self.kind: MeasurementKind = profile.kind
        self.device_id = device_id
        self.simulated = simulated
        self.state = DeviceState.ABSENT
        self.reason = Reason.NONE
        self.quarantined: Counter[str] = Counter()
        self._profile = profile
        self._clock = clock
        self._serial = serial
        self._timing = timing or Timing()
        self._queue = EventQueue()
        self._found = Found()
        self._window: Window | None = None
        self._begun = False
        self._drained = asyncio.Event()
        self._draining: asyncio.Task[None] | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._last_value = 0.0
        self._stored: list[Measurement] = []
        self._seen: dict[str, None] = {}
        self._last_piece: CurvePiece | None = None
        self._seq = 0
        self._link = BleLink(radio, address, profile.characteristics, self._timing)
        self._link.on_packet = self._packet
        self._link.on_trying = self._trying
        self._link.on_found = self._identify
        self._link.on_up = self._up
        self._link.on_down = self._down

    @property
    def identity(self) -> Identity:
        return self._found.identity

    async def open(self) -> None:
        await self._link.open()

    async def close(self) -> None:
        self._disarm()
        await self._link.close()
        self._end_drain()
        self._become(DeviceState.ABSENT, Reason.NONE)

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """For one reader."""
        while True:
            yield await self._queue.get()

    async def preflight(self) -> tuple[CheckResult, ...]:
        return device_checks(
            self.kind, self.device_id, state=self.state, reason=self.reason, battery_percent=self._found.battery_percent
        )

    def diagnostics(self) -> Mapping[str, str]:
        """See `Driver.diagnostics`."""
        quarantined = " ".join(f"{reason}={count}" for reason, count in self.quarantined.items())
        battery = self._found.battery_percent
        return {
            "state": self.state.value,
            "reason": self.reason.value,
            "model": self.identity.model,
            "firmware": self.identity.firmware,
            "battery": "" if battery is None else f"{battery} %",
            "quarantined": quarantined,
        }

    # The window

    async def start(self, arm: Arm) -> None:
        if self.state not in (DeviceState.READY, DeviceState.CONNECTING, DeviceState.MEASURING):
            self._queue.put(Rejected(self.device_id, Reason.ABSENT))
            return
        await self._until_drained()
        if self.state is not DeviceState.READY and self.state is not DeviceState.MEASURING:
            self._queue.put(Rejected(self.device_id, Reason.ABSENT))
            return
        self._disarm()
        now = real_now()
        self._window = Window(arm.visit_id, now, now + arm.window)
        loop = asyncio.get_running_loop()
        self._closing = loop.call_later(arm.window.total_seconds(), self._time_out)
        self._become(DeviceState.MEASURING, Reason.NONE)

    async def stop(self) -> None:
        self._disarm()
        if self.state is DeviceState.MEASURING:
            self._become(DeviceState.READY, Reason.NONE)

    def _disarm(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing, self._window, self._begun = None, None, False

    def _time_out(self) -> None:
        self._disarm()
        self._queue.put(Rejected(self.device_id, Reason.TIMEOUT))
        if self.state is DeviceState.MEASURING:
            self._become(DeviceState.READY, Reason.NONE)

    # The drain

    async def drain(self) -> list[Measurement]:
        if self.state in (DeviceState.READY, DeviceState.MEASURING):
            self._begin_drain()
        await self._until_drained()
        stored, self._stored = self._stored, []
        return stored

    async def _until_drained(self) -> None:
        """Until the device is quiet; a device that is away has nothing to wait for."""
        if self._draining is not None:
            await asyncio.wait([self._draining])

    def _begin_drain(self) -> None:
        self._end_drain()
        self._drained.clear()
        self._draining = asyncio.create_task(self._wait_for_silence(), name=f"drain {self.device_id}")

    def _end_drain(self) -> None:
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None

    async def _wait_for_silence(self) -> None:
        loop = asyncio.get_running_loop()
        began = self._last_value = loop.time()
        while not self._profile.continuous:
            quiet = loop.time() - self._last_value
            if quiet >= self._timing.silence or loop.time() - began > self._timing.longest_drain:
                break
            await asyncio.sleep(self._timing.silence - quiet)
        self._drained.set()
        if self.state is DeviceState.CONNECTING:
            self._begun = self._window is not None
            self._become(DeviceState.MEASURING if self._window else DeviceState.READY, Reason.NONE)

    # What the link says

    def _trying(self) -> None:
        """Said once; a device that stays away is absent with its reason, not for ever "connecting"."""
        if self.state is DeviceState.ABSENT and self.reason is Reason.NONE:
            self._become(DeviceState.CONNECTING, Reason.NONE)

    def _identify(self, found: Found) -> None:
        """Is it the device that belongs here?"""
        if self._serial and found.identity.serial != self._serial:
            raise Unusable(Reason.WRONG_DEVICE)
        self._found = found

    def _up(self) -> None:
        self._become(DeviceState.CONNECTING, Reason.NONE)
        self._begin_drain()

    def _down(self, reason: Reason) -> None:
        self._end_drain()
        self._drained.clear()
        self._begun = False
        self._become(DeviceState.ERROR if reason in _TROUBLE else DeviceState.ABSENT, reason)

    def _become(self, state: DeviceState, reason: Reason) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.reason = state, reason
        log.info("device", device_id=self.device_id, state=state.value, reason=reason.value)
        self._queue.put(StateChanged(self.device_id, state, reason))

    # What the device says

    def _packet(self, uuid: str, packet: bytes) -> None:
        try:
            self._decode(uuid, packet)
        except Garbled as error:
            log.warning("garbled packet", device_id=self.device_id, code=error.code)
            self._refuse(Reason.GARBLED)

    def _decode(self, uuid: str, packet: bytes) -> None:
        if uuid in self._profile.curves:
            self._curve(self._profile.curves[uuid](packet))
        elif uuid in self._profile.starts:
            self._profile.starts[uuid](packet)
            self._start_seen()
        else:
            self._last_value = asyncio.get_running_loop().time()
            self._value(self._profile.values[uuid](packet), packet)

    def _start_seen(self) -> None:
        if self._window is not None and self._drained.is_set() and not self._begun:
            self._begun = True
            self._queue.put(Started(self.device_id))

    def _value(self, reading: Reading, packet: bytes) -> None:
        received = real_now()
        measurement = self._measurement(reading, packet, received)
        arrival = Arrival(
            received,
            self._taken(reading),
            has_value=reading.has_value,
            stored=reading.stored,
            draining=not self._drained.is_set(),
            begun=self._begun or self._profile.continuous,
            seen_before=reading.device_time is not None and measurement.fingerprint in self._seen,
        )
        reason = judge(arrival, self._window)
        if reading.device_time is not None:
            self._remember(measurement.fingerprint)
        if reason is Reason.NONE:
            self._accept(measurement)
            return
        if reason is Reason.STORED and arrival.draining:
            self._stored.append(measurement)
        self._refuse(reason)

    def _taken(self, reading: Reading) -> datetime | None:
        """When the device measured, by its own clock corrected by what we read on connecting; real time."""
        if reading.device_time is None or self._found.clock_ahead_s is None:
            return None
        return reading.device_time.replace(tzinfo=UTC) - timedelta(seconds=self._found.clock_ahead_s)

    def _measurement(self, reading: Reading, packet: bytes, received: datetime) -> Measurement:
        taken = self._taken(reading)
        return Measurement(
            self.device_id,
            self.kind,
            reading.components,
            packet,
            device_time=reading.device_time,
            received=received + self._clock.offset,
            effective=(taken or received) + self._clock.offset,
            heard_at=received,
            clock_offset_s=self._found.clock_ahead_s,
            flags=reading.flags if taken else (*reading.flags, "time-not-confirmed"),
            live=False,
        )

    def _accept(self, measurement: Measurement) -> None:
        """Show it. A single measurement uses up the window; the next one is asked for anew."""
        if self._window is None:
            return
        self._queue.put(_live(measurement, self._window.visit_id))
        if not self._profile.continuous:
            self._disarm()
            self._become(DeviceState.READY, Reason.NONE)

    def _refuse(self, reason: Reason) -> None:
        self.quarantined[reason] += 1
        if self._window is not None and reason is not Reason.DUPLICATE:
            self._queue.put(Rejected(self.device_id, reason))

    def _remember(self, fingerprint: str) -> None:
        self._seen[fingerprint] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _curve(self, piece: CurvePiece) -> None:
        gap = piece.missing_after(self._last_piece)
        self._last_piece = piece
        if self._window is None or self.state is not DeviceState.MEASURING:
            return
        self._seq += 1
        t_us = int(real_now().timestamp() * 1_000_000) - piece.lasts_us
        head = (self.device_id, piece.mdc, piece.rate_hz, t_us, self._seq)
        self._queue.put(Waveform(*head, piece.scale, piece.samples, gap, piece.kind))


def _live(measurement: Measurement, visit_id: str) -> Measurement:
    return dataclasses.replace(measurement, live=True, visit_id=visit_id)
