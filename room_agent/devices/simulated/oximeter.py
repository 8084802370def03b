"""A simulated finger clip with its curve."""

import asyncio
import itertools
import math
from dataclasses import replace

from bumble.device import Device
from bumble.gatt import Service

from room_agent.devices import pulse_oximeter
from room_agent.devices.driver import Absent
from room_agent.devices.pulse_oximeter import Pleth, PulseOximetry
from room_agent.devices.simulated.peripheral import INDICATE, NOTIFY, Peripheral, characteristic, without
from room_agent.devices.simulated.scenario import Fault, Scenario

_PIECE_S = 0.1
_NO_FINGER = 0x000800
_MALFUNCTION = 0x000002
_STORED = 0x0200


class SimulatedOximeter(Peripheral):
    """A finger clip that sends once a second, and a pleth curve in packets of 100 ms."""

    faults = without(Fault.CLOCK_2021, Fault.WRONG_UNIT)

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated oximeter", "SIM-OX-1")
        self._continuous = characteristic(pulse_oximeter.CONTINUOUS, NOTIFY)
        self._pleth = characteristic(pulse_oximeter.PLETH, NOTIFY)
        self._spot = characteristic(pulse_oximeter.SPOT_CHECK, INDICATE)

    def _services(self) -> list[Service]:
        return [Service(pulse_oximeter.SERVICE.upper(), [self._continuous, self._pleth, self._spot])]

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
        if self.fault in (Fault.ABSENT, Fault.FAILED, Fault.FINGER_OUT):
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
        await self._send(self._continuous, pulse_oximeter.encode(self._reading()))

    async def send_spot(self, value: PulseOximetry) -> None:
        """One value at once, as clips send it that the finger has left."""
        await self._send(self._spot, pulse_oximeter.encode_spot(value))

    def _reading(self) -> PulseOximetry:
        match self.fault:
            case Fault.FAILED:
                return PulseOximetry(Absent.NOT_A_NUMBER, Absent.NOT_A_NUMBER, device_status=_MALFUNCTION)
            case Fault.FINGER_OUT:
                return PulseOximetry(Absent.NOT_A_NUMBER, Absent.NOT_A_NUMBER, device_status=_NO_FINGER)
            case Fault.STORED:
                return replace(self._scenario.oximetry, measurement_status=_STORED)
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
