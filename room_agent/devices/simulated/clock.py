"""A simulated device with its own wall clock, which may be wrong and can be set, and with a memory."""

from datetime import datetime, timedelta
from typing import Any

from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from room_agent.devices import about
from room_agent.devices.checks import wall_ahead
from room_agent.devices.driver import Garbled
from room_agent.devices.simulated.peripheral import READ, WRITE, Peripheral, characteristic
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.simulated.tasks import Tasks
from telemed.kit.clock import real_now

STORED_AGE = timedelta(minutes=10)
_FACTORY = datetime(2021, 1, 1)
"""What many cuffs show after their batteries were changed."""


class WallClock:
    """Without a zone, like a real one: *ahead* of the clock on the wall, which somebody set it by once."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = self._begins = wall_ahead(real_now()) + ahead
        self._last = datetime(1900, 1, 1)

    def now(self) -> datetime:
        return real_now().replace(tzinfo=None) + self._ahead

    def stamp(self) -> datetime:
        """Now in whole seconds, never twice the same: a real device is not ready again within a second."""
        self._last = max(self.now().replace(microsecond=0), self._last + timedelta(seconds=1))
        return self._last

    def begin(self, *, factory: bool) -> None:
        """As after a change of batteries, or as the scenario wants it."""
        self._ahead = _FACTORY - real_now().replace(tzinfo=None) if factory else self._begins
        self._last = datetime(1900, 1, 1)

    def service(self) -> Service:
        """The Current Time Service, which may be written."""
        value = CharacteristicValue(read=self._read, write=self._write)
        return Service("1805", [characteristic("2A2B", READ | WRITE, value)])

    def _read(self, _connection: Any) -> bytes:
        return about.encode_time(about.CurrentTime(self.now()))

    def _write(self, _connection: Any, packet: bytes) -> None:
        try:
            time = about.decode_time(packet)
        except Garbled:
            return
        if time is not None:
            self._ahead = time.moment - real_now().replace(tzinfo=None)


class Clocked(Peripheral):
    """A device whose values carry its own time. With ``clock-2021`` it has no battery for its clock."""

    def __init__(self, device: Device, scenario: Scenario, model: str, serial: str) -> None:
        super().__init__(device, scenario, model, serial)
        self.clock = WallClock(scenario.clock_ahead)
        self._tasks = Tasks()

    async def set_fault(self, fault: Fault) -> None:
        if Fault.CLOCK_2021 in (self.fault, fault):
            self.clock.begin(factory=fault is Fault.CLOCK_2021)
        await super().set_fault(fault)

    def link_lost(self) -> None:
        if self.fault is Fault.CLOCK_2021:
            self.clock.begin(factory=True)

    def _old_stamp(self) -> datetime:
        """When the previous person measured."""
        return self.clock.now().replace(microsecond=0) - STORED_AGE


class Remembering(Clocked):
    """A device that empties its memory as soon as somebody listens: with ``stored``, the previous person's value."""

    def __init__(self, device: Device, scenario: Scenario, model: str, serial: str) -> None:
        super().__init__(device, scenario, model, serial)
        self._measurement = self._made()
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._subscribed)

    def _made(self) -> Characteristic[Any]:
        """What it indicates its values on."""
        raise NotImplementedError

    async def _send_old(self) -> None:
        raise NotImplementedError

    def _subscribed(self, _connection: Any, _notify: bool, indicate: bool) -> None:
        if indicate and self.fault is Fault.STORED:
            self._tasks.start(self._send_old())
