"""Devices that know whose each value is, on a link of the test's and in a time that passes only when everybody waits.

Driver, custody and codecs are the real ones. A device that has stored something sends it when it is connected, with
pauses shorter than the silence that ends a drain. One that sends it later still (a forgetful one) has a clock that
nobody moves meanwhile, or has shown that it shows its beginnings.
"""

import asyncio
import selectors
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from room_agent.devices import blood_pressure, pulse_oximeter
from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import BleLink, Found
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.custody import Custody
from room_agent.devices.device_clock import At
from room_agent.devices.driver import Absent, Identity, Measurement, Reason
from room_agent.devices.pulse_oximeter import PulseOximetry
from schemas.measurement import MeasurementKind

OX = MeasurementKind.OXIMETER
BASE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEPT = 2
"""So many older values a device keeps beside the newest."""


class _Leap(selectors.SelectSelector):
    """Nobody waits for real."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for ever")
        self.now_s += timeout
        return []


class HandLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next thing that is due."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now_s


@dataclass
class Clocks:
    """What time it truly is, and what the room's computer believes. *skew_s*: its clock minus the truth."""

    loop: HandLoop
    skew_s: float = 0.0

    @property
    def truth(self) -> datetime:
        return BASE + timedelta(seconds=self.loop.time())

    def at(self) -> At:
        return At(self.truth + timedelta(seconds=self.skew_s), self.loop.time())


class HandLink(BleLink):
    """A link that stands when the test says so."""

    device: "HandDevice"

    async def set_clock(self, ahead_s: float) -> float | None:
        return self.device.set_clock(ahead_s)

    async def close(self) -> None:
        """There is no task."""


class HandDriver(BleDriver):
    """The real driver on the test's clocks and link."""

    _link_type = HandLink
    clocks: Clocks

    def link(self) -> HandLink:
        assert isinstance(self._link, HandLink)
        return self._link

    def _now(self) -> At:  # type: ignore[override]
        return self.clocks.at()

    def custody(self) -> Custody:
        return self._custody


class _Undrained(Custody):
    """The control: as if what comes on connecting were new."""

    def begin_drain(self, at: At) -> None:
        super().begin_drain(at)
        self.settle(at)


class UndrainedDriver(HandDriver):
    """The control's driver."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._custody = _Undrained(self.device_id, self.kind, silence_s=0.0)


@dataclass
class Traits:
    """*clock*: ``read`` (it can be asked, and stamps), ``stamps`` (it only stamps) or ``none``.

    *resends*: it keeps the last values that it measured, and sends them all on each connection.
    """

    shows: bool = True
    clock: str = "read"
    ahead_s: float = 0.0
    settable: bool = False
    resends: bool = False


@dataclass
class HandDevice:
    """A cuff or a clip that knows whose each value is: the first number of a value is its owner's."""

    driver: HandDriver
    clocks: Clocks
    traits: Traits
    linked: bool = False
    links: int = 0
    memory: list[bytes] = field(default_factory=list)
    busy: bool = False
    clock_touched: bool = False
    was_ahead_s: float = 0.0
    has_shown: bool = False
    memory_lies: bool = False

    def set_clock(self, ahead_s: float) -> float | None:
        """By the driver. Returns what it is then, in the eyes of the room's computer."""
        if not self.traits.settable:
            return None
        self.traits.ahead_s = ahead_s + self.clocks.skew_s
        return ahead_s

    def stamp(self, age_s: float = 0.0) -> datetime | None:
        if self.traits.clock == "none":
            return None
        wall = self.clocks.truth + timedelta(seconds=self.traits.ahead_s - age_s)
        return wall.replace(tzinfo=None, microsecond=0)

    def packet(self, owner: int, age_s: float = 0.0) -> bytes:
        if self.driver.kind is OX:
            return pulse_oximeter.encode_spot(
                PulseOximetry(Decimal(40 + owner), Decimal(70), device_time=self.stamp(age_s))
            )
        return blood_pressure.encode(BloodPressure(Decimal(140 + owner), Decimal(60), device_time=self.stamp(age_s)))

    def comes(self) -> None:
        """The link stands."""
        ahead_s = self.traits.ahead_s - self.clocks.skew_s if self.traits.clock == "read" else None
        self.linked = True
        self.clock_touched = self.clock_touched and self.driver.custody().window is not None
        self.was_ahead_s = ahead_s or 0.0
        self.links += 1
        self.driver.link().on_found(Found(Identity(serial="OURS"), ahead_s))
        self.driver.link().on_up()

    def goes(self) -> None:
        if self.linked:
            self.linked = False
            self.driver.link().on_down(Reason.LINK_LOST)

    @property
    def value_uuid(self) -> str:
        return pulse_oximeter.SPOT_CHECK if self.driver.kind is OX else blood_pressure.MEASUREMENT

    def says(self, packet: bytes, uuid: str = "") -> None:
        uuid = uuid or self.value_uuid
        if self.linked:
            self.driver.link().on_packet(uuid, packet)
        if uuid != pulse_oximeter.CONTINUOUS and (self.traits.resends or not self.linked):
            self.memory = [*self.memory[-KEPT:], packet]

    def to_send(self, late: int) -> list[bytes]:
        """What it sends on connecting: everything but the first *late* values, which it forgets for now."""
        flushed = self.memory[late:]
        if not self.traits.resends:
            self.memory = self.memory[:late]
        return flushed

    def shows_that_it_measures(self) -> None:
        if self.traits.shows and self.linked:
            self.has_shown = True
            pressure = blood_pressure.encode_cuff_pressure(Decimal(80))
            self.driver.link().on_packet(blood_pressure.INTERMEDIATE_CUFF_PRESSURE, pressure)

    @property
    def may_be_forgetful(self) -> bool:
        """A late stored value can be told from a new one."""
        stamps = self.traits.clock == "read" and not self.memory_lies and not self.traits.settable
        return not self.busy and (stamps or self.has_shown)

    @property
    def in_good_order(self) -> bool:
        """A value that it measures now can be known as new."""
        if self.traits.shows:
            return not self.clock_touched
        unsure = self.traits.settable and self.was_ahead_s > 0
        return self.traits.clock == "read" and not self.clock_touched and not unsure


def owner_of(value: Measurement) -> int:
    first = value.components[0].value
    assert not isinstance(first, Absent)
    return int(first) - (40 if value.kind is OX else 140)
