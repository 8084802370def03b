"""A room with simulated devices and patients who press buttons; every driver says `simulated`."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Self

from bumble.device import Device

from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import Radio
from room_agent.devices.driver import Arm, Driver
from room_agent.devices.expected import Expected
from room_agent.devices.profile import BLOOD_PRESSURE, ECG, GLUCOSE, HEART_RATE, OXIMETER, THERMOMETER, WEIGHT, Profile
from room_agent.devices.simulated.belt import SimulatedBelt
from room_agent.devices.simulated.cuff import SimulatedCuff
from room_agent.devices.simulated.ecg import SimulatedRecorder
from room_agent.devices.simulated.glucose_meter import SimulatedGlucoseMeter
from room_agent.devices.simulated.oximeter import SimulatedOximeter
from room_agent.devices.simulated.peripheral import Peripheral
from room_agent.devices.simulated.scale import SimulatedScale
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.simulated.tasks import Tasks
from room_agent.devices.simulated.thermometer import SimulatedThermometer
from room_agent.devices.virtual_radio import VirtualAir
from schemas.measurement import MeasurementKind
from telemed.kit.clock import Clock

Make = Callable[[Device, Scenario], Peripheral]
KINDS: tuple[tuple[Profile, Make], ...] = (
    (BLOOD_PRESSURE, SimulatedCuff),
    (OXIMETER, SimulatedOximeter),
    (THERMOMETER, SimulatedThermometer),
    (WEIGHT, SimulatedScale),
    (GLUCOSE, SimulatedGlucoseMeter),
    (HEART_RATE, SimulatedBelt),
    (ECG, SimulatedRecorder),
)
DEVICE_IDS: Mapping[MeasurementKind, str] = {
    MeasurementKind.BLOOD_PRESSURE: "blutdruck-1",
    MeasurementKind.OXIMETER: "oximeter-1",
    MeasurementKind.THERMOMETER: "thermometer-1",
    MeasurementKind.WEIGHT: "waage-1",
    MeasurementKind.GLUCOSE: "blutzucker-1",
    MeasurementKind.HEART_RATE: "brustgurt-1",
    MeasurementKind.ECG: "ekg-1",
}
"""As in the directory of the demo (ops/seed)."""


class _WithPatient(BleDriver):
    """The real driver, and somebody who presses the button when asked."""

    patient: "SimulatedRoom"

    async def start(self, arm: Arm) -> None:
        await super().start(arm)
        self.patient.asked(self.kind)


class SimulatedRoom:
    """Radio, peripherals and drivers, as an async context manager; the drivers are made but not opened.

    ``drivers`` by `MeasurementKind` value; with *auto_press* the patient presses the button when a window opens.
    *only*: which kinds there are, in place of all.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        scenario: Scenario | None = None,
        auto_press: bool = True,
        only: Collection[MeasurementKind] | None = None,
    ) -> None:
        self._clock = clock
        self._scenario = scenario or Scenario()
        self._auto_press = auto_press
        self._only = only
        self._air = VirtualAir()
        self._tasks = Tasks()
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
        for number, (profile, make) in enumerate(KINDS, start=2):
            if self._only is None or profile.kind in self._only:
                await self._add(profile, radio, make, f"F0:00:00:00:00:{number:02X}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for driver in self._drivers.values():
            await driver.close()
        await self._stack.aclose()

    async def _add(self, profile: Profile, radio: Radio, make: Make, address: str) -> None:
        name = profile.kind.value
        peripheral = make(self._air.unpowered(name, address), self._scenario)
        await peripheral.switch_on()
        self._tasks.start(peripheral.run())
        driver = _WithPatient(
            profile,
            radio,
            device_id=DEVICE_IDS[profile.kind],
            address=address,
            clock=self._clock,
            expected=Expected(sleeps=profile.kind in self._scenario.sleep),
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
        """From now on this device behaves like this. Only a bond that is ours as well can be lost."""
        peripheral = self._peripherals[kind.value]
        address = str(peripheral.device.random_address)
        if fault is Fault.BOND_LOST:
            await self._air.bond(address)
        elif peripheral.fault is Fault.BOND_LOST:
            await self._air.forget(address)
        await peripheral.set_fault(fault)

    def last_indication_at(self, kind: MeasurementKind) -> datetime | None:
        """When the last value of this device went to the radio, real time; for the figures."""
        return self._peripherals[kind.value].last_indication_at
