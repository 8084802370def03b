"""A medical device on Bluetooth Low Energy: link, profile and armed window put together (`driver.Driver`)."""

import asyncio
import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import ClassVar

from room_agent.devices import about
from room_agent.devices.ble_link import BleLink, Found, Radio, Timing, Unusable
from room_agent.devices.checks import device_checks, wall_ahead
from room_agent.devices.curve import CurvePiece
from room_agent.devices.custody import Coming, Custody
from room_agent.devices.device_clock import At, wanted_ahead_s
from room_agent.devices.driver import (
    Arm,
    DeviceEvent,
    DeviceState,
    Garbled,
    Identity,
    Inflating,
    Measurement,
    Reason,
    Rejected,
    Started,
    StateChanged,
    Waveform,
)
from room_agent.devices.event_queue import EventQueue
from room_agent.devices.expected import Expected
from room_agent.devices.flow import Flow
from room_agent.devices.profile import Profile
from room_agent.devices.reading import Flag, Reading
from room_agent.devices.records import Records
from schemas.checks import CheckResult
from schemas.measurement import MeasurementKind
from telemed.kit.clock import Clock, real_now
from telemed.kit.logs import logger

log = logger("devices.ble")

_TROUBLE = {Reason.NO_RADIO, Reason.RADIO_STUCK, Reason.NOT_PAIRED, Reason.BOND_LOST, Reason.WRONG_DEVICE}


class BleDriver:
    """One device at *address*."""

    _link_type: ClassVar[type[BleLink]] = BleLink

    def __init__(
        self,
        profile: Profile,
        radio: Radio,
        *,
        device_id: str,
        address: str,
        clock: Clock,
        expected: Expected | None = None,
        simulated: bool = False,
        timing: Timing | None = None,
    ) -> None:
        self.kind: MeasurementKind = profile.kind
        self.device_id = device_id
        self.simulated = simulated
        self.state = DeviceState.ABSENT
        self.reason = Reason.NONE
        self._profile = profile
        self._clock = clock
        self._expected = expected or Expected()
        self._timing = timing or Timing()
        self._queue = EventQueue()
        self._found = Found()
        self._custody = Custody(device_id, profile.kind, silence_s=self._timing.silence)
        self._wanted: Arm | None = None
        self._draining: asyncio.Task[None] | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._last_piece: CurvePiece | None = None
        self._seq = 0
        self._link = self._link_type(radio, address, (*profile.characteristics, about.BATTERY), self._timing)
        self._link.on_packet = self._packet
        self._link.on_trying = self._trying
        self._link.on_found = self._identify
        self._link.on_up = self._up
        self._link.on_down = self._down
        self._records = self._records_of(profile)
        self._flow = Flow(profile.taps, self._link.has, self._link.write, partial(self._reject, Reason.NO_VALUE))

    def _records_of(self, profile: Profile) -> Records | None:
        if not profile.control:
            return None
        write = partial(self._link.write, profile.control)
        return Records(write, patience_s=self._timing.request, pause_s=self._timing.poll)

    @property
    def identity(self) -> Identity:
        return self._found.identity

    @property
    def quarantined(self) -> Mapping[str, int]:
        return self._custody.counts

    async def open(self) -> None:
        await self._link.open()

    async def close(self) -> None:
        self._disarm()
        await self._link.close()
        self._flow.lost()
        self._end_drain()
        self._become(DeviceState.ABSENT, Reason.NONE)

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """For one reader."""
        while True:
            yield await self._queue.get()

    async def preflight(self) -> tuple[CheckResult, ...]:
        return device_checks(
            self.kind,
            self.device_id,
            state=self.state,
            reason=self.reason,
            battery_percent=self._found.battery_percent,
            clock_ahead_s=self._found.clock_ahead_s,
            wall=wall_ahead(real_now()),
            unheard_s=self._link.unheard_s,
        )

    def diagnostics(self) -> Mapping[str, str]:
        """See `Driver.diagnostics`."""
        held = self._custody.held(real_now())
        battery, ahead_s = self._found.battery_percent, self._found.clock_ahead_s
        return {
            "state": self.state.value,
            "reason": self.reason.value,
            "model": self.identity.model,
            "firmware": self.identity.firmware,
            "battery": "" if battery is None else f"{battery} %",
            "clock": "" if ahead_s is None else f"{ahead_s - wall_ahead(real_now()).total_seconds():+.0f} s",
            **self._link.diagnostics(),
            "quarantined": _counted(self.quarantined),
            "held today": _counted(Counter(each.reason.value for each in held)),
        }

    # The window

    async def start(self, arm: Arm) -> None:
        self._disarm()
        if self.reason is Reason.ASLEEP:
            self._open_window(arm)
            return
        if self.state not in (DeviceState.READY, DeviceState.CONNECTING, DeviceState.MEASURING):
            self._queue.put(Rejected(self.device_id, Reason.ABSENT))
            return
        self._wanted = arm
        await self._until_drained()
        caught_up = self._records is None or await self._records.since(self._custody.next_record)
        if self._wanted is not arm:  # stopped, or asked for anew, while the device was drained
            return
        if not self._custody.drained or not caught_up:
            self._queue.put(Rejected(self.device_id, Reason.ABSENT))
            return
        self._open_window(arm)
        self._become(DeviceState.MEASURING, Reason.NONE)
        self._ask_on()

    def _open_window(self, arm: Arm) -> None:
        """Of a device that sleeps as well: it is emptied when it wakes, and what comes before that is not shown."""
        self._custody.arm(arm, self._now())
        loop = asyncio.get_running_loop()
        self._closing = loop.call_later(arm.window.total_seconds(), self._time_out)

    async def stop(self) -> None:
        self._disarm()
        if self.state is DeviceState.MEASURING:
            self._become(DeviceState.READY, Reason.NONE)

    def _disarm(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
        self._closing = self._wanted = None
        self._custody.disarm()
        self._flow.want(False)

    def _time_out(self) -> None:
        self._disarm()
        self._queue.put(Rejected(self.device_id, Reason.TIMEOUT))
        if self.state is DeviceState.MEASURING:
            self._become(DeviceState.READY, Reason.NONE)

    def _ask_on(self) -> None:
        """A device that sends only what it is asked for is asked as long as a window is open."""
        self._flow.want(self._custody.window is not None)
        if self._records is not None:
            self._records.follow(self._custody)

    # The drain

    async def drain(self) -> int:
        self._disarm()
        if self.state in (DeviceState.READY, DeviceState.MEASURING):
            self._become(DeviceState.READY, Reason.NONE)
            self._begin_drain()
        await self._until_drained()
        return self._custody.take_stored()

    async def _until_drained(self) -> None:
        """Until the device is quiet; a device that is away has nothing to wait for."""
        while (draining := self._draining) is not None and not draining.done():
            await asyncio.wait([draining])

    def _begin_drain(self) -> None:
        self._end_drain()
        self._custody.begin_drain(self._now())
        self._draining = asyncio.create_task(self._wait_for_silence(), name=f"drain {self.device_id}")

    def _end_drain(self) -> None:
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None

    async def _wait_for_silence(self) -> None:
        if self._records is not None:
            await self._records.drain(self._custody)
        await self._set_clock()
        while not self._never_stores and (wait_s := self._custody.quiet_in_s(self._now())) > 0:
            await asyncio.sleep(wait_s)
        self._custody.settle(self._now())
        if self.state is DeviceState.CONNECTING:
            self._become(DeviceState.MEASURING if self._custody.window else DeviceState.READY, Reason.NONE)
            self._ask_on()

    async def _set_clock(self) -> None:
        """Its clock was read on connecting, since what it has stored carries that one; only now is it set."""
        ahead_s = self._custody.clock_ahead_s
        wanted_s = None if ahead_s is None else wanted_ahead_s(ahead_s, wall_ahead(real_now()))
        is_s = None if wanted_s is None else await self._link.set_clock(wanted_s)
        if is_s is not None:
            self._custody.clock_set(is_s, self._now())

    @property
    def _never_stores(self) -> bool:
        """It only streams, so that there is nothing to drain."""
        return self._profile.continuous and not self._profile.spots

    # What the link says

    def _trying(self) -> None:
        """Said once; a device that stays away is absent with its reason, not for ever "connecting"."""
        if self.state is DeviceState.ABSENT and self.reason is Reason.NONE:
            self._become(DeviceState.CONNECTING, Reason.NONE)

    def _identify(self, found: Found) -> None:
        """Is it the device that belongs here?"""
        if self._expected.serial and found.identity.serial != self._expected.serial:
            raise Unusable(Reason.WRONG_DEVICE)
        self._found = found

    def _up(self) -> None:
        self._become(DeviceState.CONNECTING, Reason.NONE)
        self._custody.came(self._found.clock_ahead_s, self._now())
        self._begin_drain()

    def _down(self, reason: Reason) -> None:
        reason = self._expected.because(reason, before=self.reason, was_up=self._draining is not None)
        self._end_drain()
        if self._records is not None:
            self._records.went()
        self._flow.lost()
        self._custody.went()
        self._become(DeviceState.ERROR if reason in _TROUBLE else DeviceState.ABSENT, reason)

    def _become(self, state: DeviceState, reason: Reason) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.reason = state, reason
        log.info("device", device_id=self.device_id, state=state.value, reason=reason.value)
        self._queue.put(StateChanged(self.device_id, state, reason))

    @staticmethod
    def _now() -> At:
        return At(real_now(), time.monotonic())

    # What the device says

    def _packet(self, uuid: str, packet: bytes) -> None:
        try:
            self._decode(uuid, packet)
        except Garbled as error:
            log.warning("garbled packet", device_id=self.device_id, code=error.code)
            self._custody.garbled(self._now(), value=uuid in self._profile.values)
            self._reject(Reason.GARBLED)

    def _decode(self, uuid: str, packet: bytes) -> None:
        if uuid in self._profile.curves:
            self._curve(self._profile.curves[uuid](packet))
        elif uuid in self._profile.starts:
            self._beginning(self._profile.starts[uuid](packet))
        elif uuid == about.BATTERY:
            self._found = dataclasses.replace(self._found, battery_percent=about.decode_battery(packet))
        elif uuid == self._profile.control and self._records is not None:
            self._records.heard(packet)
        elif not self._flow.answered(uuid, packet):
            if self._records is not None:
                self._records.came()
            flows = self._profile.continuous and uuid not in self._profile.spots
            self._value(self._profile.values[uuid](packet), packet, flows=flows)

    def _beginning(self, mmhg: int | None) -> None:
        if self._custody.saw_beginning(self._now()):
            self._queue.put(Started(self.device_id))
        if mmhg is not None and self._custody.measuring:
            self._queue.put(Inflating(self.device_id, mmhg))

    def _value(self, reading: Reading, packet: bytes, *, flows: bool) -> None:
        at = self._now()
        measurement = self._measurement(reading, packet, at)
        coming = Coming(
            reading.device_time,
            has_value=reading.has_value,
            stored=reading.stored,
            flows=flows,
            fingerprint=measurement.fingerprint if reading.device_time else "",
            sequence=reading.sequence,
            wrong_user=self._expected.is_wrong_user(reading.user),
        )
        reason = self._custody.judge(coming, at)
        if reason is Reason.NONE:
            self._accept(measurement)
        else:
            self._reject(reason)

    def _measurement(self, reading: Reading, packet: bytes, at: At) -> Measurement:
        taken = self._custody.taken(reading.device_time, at)
        return Measurement(
            self.device_id,
            self.kind,
            reading.components,
            packet,
            device_time=reading.device_time,
            received=at.real + self._clock.offset,
            effective=(taken or at.real) + self._clock.offset,
            heard_at=at.real,
            clock_offset_s=self._custody.clock_ahead_s,
            flags=reading.flags if taken else (*reading.flags, Flag.TIME_NOT_CONFIRMED),
            live=False,
        )

    def _accept(self, measurement: Measurement) -> None:
        """Show it. A single measurement uses up the window; the next one is asked for anew."""
        window = self._custody.window
        if window is None:
            return
        self._queue.put(_live(measurement, window.visit_id))
        if not self._profile.continuous:
            self._disarm()
            self._become(DeviceState.READY, Reason.NONE)

    def _reject(self, reason: Reason) -> None:
        """The person in the room is waiting: say why nothing is shown."""
        if self._custody.window is not None and reason is not Reason.DUPLICATE:
            self._queue.put(Rejected(self.device_id, reason))

    def _curve(self, piece: CurvePiece) -> None:
        gap = piece.missing_after(self._last_piece)
        self._last_piece = piece
        if self._custody.window is None or self.state is not DeviceState.MEASURING:
            return
        self._seq += 1
        t_us = int(real_now().timestamp() * 1_000_000) - piece.lasts_us
        head = (self.device_id, piece.mdc, piece.rate_hz, t_us, self._seq)
        self._queue.put(Waveform(*head, piece.scale, piece.samples, gap, piece.kind))


def _counted(reasons: Mapping[str, int]) -> str:
    return " ".join(f"{reason}={count}" for reason, count in reasons.items())


def _live(measurement: Measurement, visit_id: str) -> Measurement:
    return dataclasses.replace(measurement, live=True, visit_id=visit_id)
