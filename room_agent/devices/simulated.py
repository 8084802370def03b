"""A room with simulated devices: peripherals that speak real GATT on a virtual radio, and patients who press buttons.

Nothing here is a shortcut: the drivers are those of the real devices, the bytes cross a Bluetooth stack. Only the
blood, the radio waves and the hand are missing. Every driver says `simulated`.
"""

import asyncio
import itertools
import math
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from bumble.att import Attribute
from bumble.device import Device
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Characteristic,
    CharacteristicValue,
    Service,
)

from room_agent.devices import blood_pressure, pulse_oximeter
from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import Radio, Timing
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.driver import Absent, Arm, Driver
from room_agent.devices.packet import date_time_bytes
from room_agent.devices.profile import BLOOD_PRESSURE, OXIMETER, Profile
from room_agent.devices.pulse_oximeter import Pleth, PulseOximetry
from room_agent.devices.virtual_radio import VirtualAir
from schemas.measurement import MeasurementKind
from telemed.kit.clock import Clock, real_now
from telemed.kit.logs import logger

log = logger("devices.simulated")

NOTIFY, INDICATE, READ = (
    Characteristic.Properties.NOTIFY,
    Characteristic.Properties.INDICATE,
    Characteristic.Properties.READ,
)
_STORED_AGE = timedelta(minutes=10)
_ADVERTISING_MS = 20
_PIECE_S = 0.1
_NO_FINGER = 0x000800
_PRESSURE = BloodPressure(Decimal(121), Decimal(79), Decimal(93), pulse_per_min=Decimal(72))
_OXIMETRY = PulseOximetry(Decimal(97), Decimal(71), measurement_status=0x0020)
_TIMING = Timing(scan=1.0, silence=0.5)


class Fault(StrEnum):
    """What can be wrong with a simulated device.

    ``failed``: a measurement without a number; ``garbled``: absurd bytes; ``truncated``: half a packet; ``stored``:
    the previous person's value instead of a new one; ``absent``: switched off.
    """

    NONE = "none"
    FAILED = "failed"
    GARBLED = "garbled"
    TRUNCATED = "truncated"
    STORED = "stored"
    ABSENT = "absent"


@dataclass(frozen=True)
class Scenario:
    """What the simulated body and devices do. Durations in seconds.

    *clock_ahead*: how wrong the cuff's clock is. *needs_pairing*: subscribing is refused without encryption.
    """

    pressure: BloodPressure = _PRESSURE
    oximetry: PulseOximetry = _OXIMETRY
    measuring_s: float = 4.0
    oximeter_every_s: float = 1.0
    pleth_rate_hz: int = 50
    clock_ahead: timedelta = timedelta(0)
    battery_percent: int = 85
    needs_pairing: bool = False
    timing: Timing = _TIMING


class Peripheral:
    """A simulated Bluetooth device. *last_indication_at*: real time at which the last value went to the radio."""

    def __init__(self, device: Device, scenario: Scenario, model: str, serial: str) -> None:
        self.device = device
        self._scenario = scenario
        self.fault = Fault.NONE
        self.last_indication_at: datetime | None = None
        self._information = _information(model, serial)

    async def switch_on(self) -> None:
        battery = _characteristic("2A19", READ, bytes([self._scenario.battery_percent]))
        self.device.add_services([self._information, Service("180F", [battery]), *self._services()])
        if self._scenario.needs_pairing:
            self._protect()
        await self.device.power_on()
        await self._advertise()

    async def set_fault(self, fault: Fault) -> None:
        """From now on behave like this; ``absent`` takes effect at once."""
        was, self.fault = self.fault, fault
        if fault is Fault.ABSENT and was is not Fault.ABSENT:
            await self._vanish()
        elif was is Fault.ABSENT and fault is not Fault.ABSENT:
            await self._advertise()

    async def lose_link(self) -> None:
        """As if somebody walked between: the link breaks, and the device advertises again."""
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def press_start(self) -> None:
        """The person begins a measurement; returns when the value is on the radio."""
        raise NotImplementedError

    async def run(self) -> None:
        """What the device does by itself for ever; nothing, unless it is continuous."""

    def _services(self) -> list[Service]:
        raise NotImplementedError

    def _protect(self) -> None:
        """bumble makes the CCCDs itself, open to everybody; a real cuff wants encryption to write them."""
        for attribute in self.device.gatt_server.attributes:
            if attribute.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
                attribute.permissions |= Attribute.WRITE_REQUIRES_ENCRYPTION

    async def _advertise(self) -> None:
        await self.device.start_advertising(
            auto_restart=True,
            advertising_interval_min=_ADVERTISING_MS,
            advertising_interval_max=_ADVERTISING_MS,
        )

    async def _vanish(self) -> None:
        await self.device.stop_advertising()
        await self.lose_link()
        await self.device.stop_advertising()

    def _spoilt(self, packet: bytes) -> bytes:
        """*packet* as the present fault leaves it."""
        match self.fault:
            case Fault.TRUNCATED:
                return packet[: len(packet) // 2]
            case Fault.GARBLED:
                return bytes([packet[0] | 0x80, 0x2C, 0x06, *packet[3:]])
            case _:
                return packet


class SimulatedCuff(Peripheral):
    """An upper-arm cuff with a clock, intermediate cuff pressure and a start button."""

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated cuff", "SIM-BP-1")
        self._measurement = _characteristic(blood_pressure.MEASUREMENT, INDICATE)
        self._cuff = _characteristic(blood_pressure.INTERMEDIATE_CUFF_PRESSURE, NOTIFY)
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._subscribed)
        self._tasks = _Tasks()
        self._last_stamp = datetime(1900, 1, 1)

    def _services(self) -> list[Service]:
        time = _characteristic("2A2B", READ, CharacteristicValue(read=self._current_time))
        return [
            Service(blood_pressure.SERVICE.upper(), [self._measurement, self._cuff]),
            Service("1805", [time]),
        ]

    def _now(self) -> datetime:
        return (real_now() + self._scenario.clock_ahead).replace(tzinfo=None, microsecond=0)

    def _current_time(self, _connection: Any) -> bytes:
        now = (real_now() + self._scenario.clock_ahead).replace(tzinfo=None)
        return date_time_bytes(now) + bytes([now.isoweekday(), now.microsecond * 256 // 1_000_000, 0])

    def _subscribed(self, _connection: Any, _notify: bool, indicate: bool) -> None:
        """A cuff with memory empties it as soon as somebody listens."""
        if indicate and self.fault is Fault.STORED:
            self._tasks.start(self._indicate(self._old()))

    def _old(self) -> BloodPressure:
        """The previous person's value, ten minutes old."""
        return BloodPressure(Decimal(182), Decimal(104), device_time=self._now() - _STORED_AGE)

    async def press_start(self) -> None:
        top = 150
        steps = max(3, int(self._scenario.measuring_s / 0.25))
        for step in range(1, steps + 1):
            await asyncio.sleep(self._scenario.measuring_s / steps)
            pressure = blood_pressure.encode_cuff_pressure(Decimal(top * step // steps))
            await self.device.notify_subscribers(self._cuff, pressure)
        await self._indicate(self._result())

    def _result(self) -> BloodPressure:
        match self.fault:
            case Fault.FAILED:
                return BloodPressure(Absent.NOT_A_NUMBER, Absent.NOT_A_NUMBER)
            case Fault.STORED:
                return self._old()
            case _:
                return replace(self._scenario.pressure, device_time=self._stamp())

    def _stamp(self) -> datetime:
        """Now in whole seconds, never twice the same: a real cuff is not ready again within a second."""
        self._last_stamp = max(self._now(), self._last_stamp + timedelta(seconds=1))
        return self._last_stamp

    async def _indicate(self, value: BloodPressure) -> None:
        self.last_indication_at = real_now()
        await self.device.indicate_subscribers(self._measurement, self._spoilt(blood_pressure.encode(value)))


class SimulatedOximeter(Peripheral):
    """A finger clip that sends once a second, and a pleth curve in packets of 100 ms."""

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated oximeter", "SIM-OX-1")
        self._continuous = _characteristic(pulse_oximeter.CONTINUOUS, NOTIFY)
        self._pleth = _characteristic(pulse_oximeter.PLETH, NOTIFY)

    def _services(self) -> list[Service]:
        return [Service(pulse_oximeter.SERVICE.upper(), [self._continuous, self._pleth])]

    async def press_start(self) -> None:
        """Nothing to press: the clip measures as long as a finger is in it."""

    async def run(self) -> None:
        """Send for ever, without drift: each packet has its own due time. After a standstill nothing is made up for."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        values_every = max(1, round(self._scenario.oximeter_every_s / _PIECE_S))
        for count in itertools.count():
            late_s = loop.time() - (began + count * _PIECE_S)
            began += late_s if late_s > 1 else 0
            await asyncio.sleep(max(0.0, -late_s))
            await self._send_pleth(count)
            if count % values_every == 0:
                await self._send_value()

    async def _send_pleth(self, count: int) -> None:
        if self.fault in (Fault.ABSENT, Fault.FAILED):
            return
        rate = self._scenario.pleth_rate_hz
        each = rate // 10
        moments = (index / rate for index in range(count * each, (count + 1) * each))
        samples = tuple(pleth_sample(moment, self._scenario.oximetry) for moment in moments)
        packet = pulse_oximeter.encode_pleth(Pleth(count, rate, samples))
        await self.device.notify_subscribers(self._pleth, packet)

    async def _send_value(self) -> None:
        if self.fault is Fault.ABSENT:
            return
        self.last_indication_at = real_now()
        packet = self._spoilt(pulse_oximeter.encode(self._reading()))
        await self.device.notify_subscribers(self._continuous, packet)

    def _reading(self) -> PulseOximetry:
        match self.fault:
            case Fault.FAILED:
                return PulseOximetry(Absent.NOT_A_NUMBER, Absent.NOT_A_NUMBER, device_status=_NO_FINGER)
            case Fault.STORED:
                return replace(self._scenario.oximetry, measurement_status=0x0200)
            case _:
                return self._scenario.oximetry


def pleth_sample(moment_s: float, oximetry: PulseOximetry) -> int:
    """The pleth curve at *moment_s*: a steep systolic wave and a smaller dicrotic one, each beat; i16 full scale."""
    rate = oximetry.pulse_per_min
    per_s = 1.2 if isinstance(rate, Absent) else float(rate) / 60
    phase = (moment_s * per_s) % 1.0
    systolic = math.exp(-(((phase - 0.18) / 0.09) ** 2))
    dicrotic = 0.35 * math.exp(-(((phase - 0.45) / 0.10) ** 2))
    return round(32767 * min(1.0, 0.9 * (systolic + dicrotic)))


class _Tasks:
    """Tasks that are kept until they end, so that none is lost or outlives its owner."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("simulated device failed", error=type(error).__name__)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _WithPatient(BleDriver):
    """The real driver, and somebody who presses the button when asked."""

    patient: "SimulatedRoom"

    async def start(self, arm: Arm) -> None:
        await super().start(arm)
        self.patient.asked(self.kind)


class SimulatedRoom:
    """Radio, peripherals and drivers, as an async context manager; the drivers are made but not opened.

    ``drivers`` by `MeasurementKind` value; with *auto_press* the patient presses the button when a window opens.
    """

    def __init__(self, *, clock: Clock, scenario: Scenario | None = None, auto_press: bool = True) -> None:
        self._clock = clock
        self._scenario = scenario or Scenario()
        self._auto_press = auto_press
        self._air = VirtualAir()
        self._tasks = _Tasks()
        self._stack = AsyncExitStack()
        self._drivers: dict[str, Driver] = {}
        self._peripherals: dict[str, Peripheral] = {}

    @property
    def drivers(self) -> Mapping[str, Driver]:
        return self._drivers

    async def __aenter__(self) -> Self:
        self._stack.push_async_callback(self._air.close)
        self._stack.push_async_callback(self._tasks.stop)
        radio = await self._air.radio()
        await self._add(BLOOD_PRESSURE, radio, SimulatedCuff, "F0:00:00:00:00:02")
        await self._add(OXIMETER, radio, SimulatedOximeter, "F0:00:00:00:00:03")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for driver in self._drivers.values():
            await driver.close()
        await self._stack.aclose()

    async def _add(
        self, profile: Profile, radio: Radio, make: type[SimulatedCuff] | type[SimulatedOximeter], address: str
    ) -> None:
        name = profile.kind.value
        peripheral = make(self._air.unpowered(name, address), self._scenario)
        await peripheral.switch_on()
        self._tasks.start(peripheral.run())
        driver = _WithPatient(
            profile,
            radio,
            device_id=f"sim-{name}",
            address=address,
            clock=self._clock,
            simulated=True,
            timing=self._scenario.timing,
        )
        driver.patient = self
        self._peripherals[name], self._drivers[name] = peripheral, driver

    def peripheral(self, kind: MeasurementKind) -> Peripheral:
        return self._peripherals[kind.value]

    async def press(self, kind: MeasurementKind) -> None:
        """The patient presses the start button; returns when the value is on the radio."""
        await self._peripherals[kind.value].press_start()

    def asked(self, kind: MeasurementKind) -> None:
        """A window was opened; a willing patient presses the button."""
        if self._auto_press:
            self._tasks.start(self.press(kind))

    async def set_fault(self, kind: MeasurementKind, fault: Fault) -> None:
        await self._peripherals[kind.value].set_fault(fault)

    def last_indication_at(self, kind: MeasurementKind) -> datetime | None:
        """When the last value of this device went to the radio, real time; for the figures."""
        return self._peripherals[kind.value].last_indication_at


def _characteristic(uuid: str, properties: Characteristic.Properties, value: Any = b"") -> Characteristic[Any]:
    return Characteristic(uuid.upper(), properties, Characteristic.READABLE, value)


def _information(model: str, serial: str) -> Service:
    texts = {"2A29": "telemed", "2A24": model, "2A25": serial, "2A26": "1"}
    return Service("180A", [_characteristic(uuid, READ, text.encode()) for uuid, text in texts.items()])
