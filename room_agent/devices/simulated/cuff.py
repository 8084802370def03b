"""A simulated upper-arm cuff."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from room_agent.devices import blood_pressure
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.driver import Absent
from room_agent.devices.packet import date_time_bytes
from room_agent.devices.simulated.peripheral import INDICATE, NOTIFY, READ, Peripheral, characteristic
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.simulated.tasks import Tasks
from telemed.kit.clock import real_now

_STORED_AGE = timedelta(minutes=10)


class SimulatedCuff(Peripheral):
    """An upper-arm cuff with a clock, intermediate cuff pressure and a start button."""

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated cuff", "SIM-BP-1")
        self._measurement = characteristic(blood_pressure.MEASUREMENT, INDICATE)
        self._cuff = characteristic(blood_pressure.INTERMEDIATE_CUFF_PRESSURE, NOTIFY)
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._subscribed)
        self._tasks = Tasks()
        self._last_stamp = datetime(1900, 1, 1)

    def _services(self) -> list[Service]:
        time = characteristic("2A2B", READ, CharacteristicValue(read=self._current_time))
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
