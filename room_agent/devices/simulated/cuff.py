"""A simulated upper-arm cuff with a clock, intermediate cuff pressure and a start button."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bumble.device import Device
from bumble.gatt import Characteristic, Service

from room_agent.devices import blood_pressure
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.driver import Absent
from room_agent.devices.simulated.clock import Remembering
from room_agent.devices.simulated.peripheral import INDICATE, NOTIFY, characteristic, without
from room_agent.devices.simulated.scenario import Fault, Scenario

_TOP_MMHG = 150
_STEP_S = 0.25


class SimulatedCuff(Remembering):
    """Inflates to 150 mmHg in steps of a quarter of a second."""

    faults = without(Fault.FINGER_OUT)

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated cuff", "SIM-BP-1")
        self._cuff = characteristic(blood_pressure.INTERMEDIATE_CUFF_PRESSURE, NOTIFY)

    def _services(self) -> list[Service]:
        return [Service(blood_pressure.SERVICE.upper(), [self._measurement, self._cuff]), self.clock.service()]

    def _made(self) -> Characteristic[Any]:
        return characteristic(blood_pressure.MEASUREMENT, INDICATE)

    async def _send_old(self) -> None:
        await self._send_pressure(self._old())

    def _old(self) -> BloodPressure:
        """The previous person's value, ten minutes old."""
        return BloodPressure(Decimal(182), Decimal(104), device_time=self._old_stamp())

    async def press_start(self) -> None:
        steps = max(3, int(self._scenario.measuring_s / _STEP_S))
        for step in range(1, steps + 1):
            await asyncio.sleep(self._scenario.measuring_s / steps)
            pressure = blood_pressure.encode_cuff_pressure(Decimal(_TOP_MMHG * step // steps))
            await self.device.notify_subscribers(self._cuff, pressure)
        await self._send_pressure(self._result())

    def _result(self) -> BloodPressure:
        match self.fault:
            case Fault.FAILED:
                return BloodPressure(Absent.NOT_A_NUMBER, Absent.NOT_A_NUMBER)
            case Fault.STORED:
                return self._old()
            case _:
                return replace(self._scenario.pressure, device_time=self.clock.stamp())

    async def _send_pressure(self, value: BloodPressure) -> None:
        encode = blood_pressure.encode_kpa if self.fault is Fault.WRONG_UNIT else blood_pressure.encode
        await self._send(self._measurement, encode(value))
