"""A simulated heart rate belt with the times between beats."""

import asyncio
from random import Random

from bumble.device import Device
from bumble.gatt import Service

from room_agent.devices import heart_rate
from room_agent.devices.heart_rate import HeartRate
from room_agent.devices.simulated.peripheral import NOTIFY, Peripheral, characteristic, without
from room_agent.devices.simulated.scenario import Fault, Scenario

_STEPS_PER_S = 1024
_RR_EACH = 2


class SimulatedBelt(Peripheral):
    """Sends once a second: the rate, and the last two times between beats, spread around it from the seed."""

    faults = without(Fault.STORED, Fault.CLOCK_2021, Fault.WRONG_UNIT)

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated belt", "SIM-HR-1")
        self._measurement = characteristic(heart_rate.MEASUREMENT, NOTIFY)
        self._random = Random(scenario.seed)

    def _services(self) -> list[Service]:
        return [Service(heart_rate.SERVICE.upper(), [self._measurement])]

    async def press_start(self) -> None:
        """Nothing to press: the belt measures as long as it touches skin."""

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._scenario.oximeter_every_s)
            if self.fault is not Fault.ABSENT:
                await self._send(self._measurement, heart_rate.encode(self._reading()))

    def _reading(self) -> HeartRate:
        match self.fault:
            case Fault.FAILED:
                return HeartRate(0)
            case Fault.FINGER_OUT:
                return HeartRate(self._scenario.heart_rate_per_min, contact=False)
            case _:
                return HeartRate(self._scenario.heart_rate_per_min, contact=True, rr_steps=self._beats())

    def _beats(self) -> tuple[int, ...]:
        mean = 60 / self._scenario.heart_rate_per_min * _STEPS_PER_S
        spread = self._scenario.rr_spread
        return tuple(round(mean * self._random.gauss(1, spread)) for _ in range(_RR_EACH))

    def _garbled(self, packet: bytes) -> bytes:
        """Faster than any heart."""
        return bytes([packet[0] | 0x01, 0xFF, 0xFF, *packet[2:]])
