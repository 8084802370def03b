"""A simulated ear thermometer with a clock, intermediate values and a button."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bumble.device import Device
from bumble.gatt import Characteristic, Service

from room_agent.devices import thermometer
from room_agent.devices.driver import Absent
from room_agent.devices.simulated.clock import Remembering
from room_agent.devices.simulated.peripheral import INDICATE, NOTIFY, characteristic, without
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.thermometer import Temperature

_OLD = Temperature(Decimal("39.60"), site=3)
_STEPS = 3
_RISE = Decimal("0.40")


class SimulatedThermometer(Remembering):
    """Rises to the body's temperature in three steps of 0.4 °C, then indicates it."""

    faults = without(Fault.FINGER_OUT)

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated thermometer", "SIM-TH-1")
        self._rising = characteristic(thermometer.INTERMEDIATE, NOTIFY)

    def _services(self) -> list[Service]:
        return [Service(thermometer.SERVICE.upper(), [self._measurement, self._rising]), self.clock.service()]

    def _made(self) -> Characteristic[Any]:
        return characteristic(thermometer.MEASUREMENT, INDICATE)

    async def _send_old(self) -> None:
        await self._send_temperature(self._old())

    def _old(self) -> Temperature:
        """The previous person's fever, ten minutes old."""
        return replace(_OLD, device_time=self._old_stamp())

    async def press_start(self) -> None:
        body = self._scenario.temperature.degrees
        for step in range(_STEPS, 0, -1):
            await asyncio.sleep(self._scenario.measuring_s / 2 / _STEPS)
            if isinstance(body, Decimal):
                rising = thermometer.encode(Temperature(body - step * _RISE))
                await self.device.notify_subscribers(self._rising, rising)
        await self._send_temperature(self._result())

    def _result(self) -> Temperature:
        match self.fault:
            case Fault.FAILED:
                return Temperature(Absent.NOT_A_NUMBER)
            case Fault.STORED:
                return self._old()
            case _:
                return replace(self._scenario.temperature, device_time=self.clock.stamp())

    async def _send_temperature(self, value: Temperature) -> None:
        if self.fault is Fault.WRONG_UNIT and isinstance(value.degrees, Decimal):
            value = replace(value, degrees=thermometer.in_fahrenheit(value.degrees), fahrenheit=True)
        await self._send(self._measurement, thermometer.encode(value))
