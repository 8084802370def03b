"""A simulated scale with a clock and a body that steps on it."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bumble.device import Device
from bumble.gatt import Characteristic, Service

from room_agent.devices import weight
from room_agent.devices.driver import Absent
from room_agent.devices.simulated.clock import Remembering
from room_agent.devices.simulated.peripheral import INDICATE, characteristic, without
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.weight import Weight

_OLD = Weight(Decimal("103.500"))


class SimulatedScale(Remembering):
    """Indicates the weight once it stands still; not successful means 0xFFFF."""

    faults = without(Fault.FINGER_OUT)

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated scale", "SIM-WS-1")

    def _services(self) -> list[Service]:
        return [Service(weight.SERVICE.upper(), [self._measurement]), self.clock.service()]

    def _made(self) -> Characteristic[Any]:
        return characteristic(weight.MEASUREMENT, INDICATE)

    async def _send_old(self) -> None:
        await self._send_weight(self._old())

    def _old(self) -> Weight:
        """The previous person's weight, ten minutes old."""
        return replace(_OLD, device_time=self._old_stamp())

    async def press_start(self) -> None:
        await asyncio.sleep(self._scenario.measuring_s / 2)
        await self._send_weight(self._result())

    def _result(self) -> Weight:
        match self.fault:
            case Fault.FAILED:
                return Weight(Absent.ERROR, device_time=self.clock.stamp())
            case Fault.STORED:
                return self._old()
            case _:
                return replace(self._scenario.weight, device_time=self.clock.stamp())

    async def _send_weight(self, value: Weight) -> None:
        sent = weight.in_pounds(value) if self.fault is Fault.WRONG_UNIT else value
        await self._send(self._measurement, weight.encode(sent))

    def _garbled(self, packet: bytes) -> bytes:
        """Lighter than anybody."""
        return bytes([packet[0], 1, 0, *packet[3:]])
