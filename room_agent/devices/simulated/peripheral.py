"""What every simulated Bluetooth device has: identity, battery, advertising, and the faults that all can have.

Nothing here is a shortcut: the drivers are those of the real devices, the bytes cross a Bluetooth stack. Only the
blood, the radio waves and the hand are missing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from bumble.att import Attribute
from bumble.device import Connection, Device
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Characteristic,
    CharacteristicValue,
    Service,
)

from room_agent.devices import about
from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.virtual_radio import advertised
from telemed.kit.clock import real_now

NOTIFY, INDICATE, READ, WRITE = (
    Characteristic.Properties.NOTIFY,
    Characteristic.Properties.INDICATE,
    Characteristic.Properties.READ,
    Characteristic.Properties.WRITE,
)
_ADVERTISING_MS = 20
_LOW_PERCENT = 9
_OF_CURVES = (Fault.HUM, Fault.GAPS, Fault.ELECTRODE_OFF, Fault.FIBRILLATION)
_WANT_BOND = {Fault.NEEDS_PAIRING, Fault.BOND_LOST}
_SEEN_ON_CONNECTING = {*_WANT_BOND, Fault.CLOCK_2021}


class Peripheral:
    """A simulated Bluetooth device. *last_indication_at*: real time at which the last value went to the radio.

    *faults*: what can be wrong with a device of this kind.
    """

    faults: ClassVar[Sequence[Fault]] = tuple(fault for fault in Fault if fault not in _OF_CURVES)

    def __init__(self, device: Device, scenario: Scenario, model: str, serial: str) -> None:
        self.device = device
        self._scenario = scenario
        self.fault = Fault.NONE
        self.last_indication_at: datetime | None = None
        self._information = _information(model, serial)
        level = CharacteristicValue(read=lambda _connection: about.encode_battery(self._battery_percent))
        self._battery: Characteristic[Any] = characteristic("2A19", READ | NOTIFY, level)

    async def switch_on(self) -> None:
        self.device.add_services([self._information, Service("180F", [self._battery]), *self._services()])
        self._want_bond(self._scenario.needs_pairing)
        self.device.on(Device.EVENT_CONNECTION, self._connected)
        self.device.advertising_data = advertised(self.device)
        await self.device.power_on()
        await self._advertise()

    async def set_fault(self, fault: Fault) -> None:
        """From now on behave like this. What shows on connecting breaks the link, as changed batteries do."""
        was, self.fault = self.fault, fault
        self._want_bond(self._scenario.needs_pairing or fault in _WANT_BOND)
        if fault is Fault.ABSENT:
            await self._vanish()
        elif was is Fault.ABSENT:
            await self._advertise()
        elif {was, fault} & _SEEN_ON_CONNECTING and was is not fault:
            await self.lose_link()
        elif Fault.LOW_BATTERY in (was, fault):
            await self.device.notify_subscribers(self._battery, about.encode_battery(self._battery_percent))

    @property
    def _battery_percent(self) -> int:
        return _LOW_PERCENT if self.fault is Fault.LOW_BATTERY else self._scenario.battery_percent

    async def lose_link(self) -> None:
        """As if somebody walked between: the link breaks, and the device advertises again."""
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def press_start(self) -> None:
        """The person begins a measurement; returns when the value is on the radio."""
        raise NotImplementedError

    async def run(self) -> None:
        """What the device does by itself for ever; nothing, unless it is continuous."""

    def link_lost(self) -> None:
        """What the device does when its link is gone; nothing, unless it has a clock or a memory."""

    def _services(self) -> list[Service]:
        raise NotImplementedError

    def _connected(self, connection: Connection) -> None:
        connection.on(Connection.EVENT_DISCONNECTION, lambda _reason: self.link_lost())

    def _want_bond(self, wanted: bool) -> None:
        """bumble makes the CCCDs itself, open to everybody; a real cuff wants encryption to write them."""
        for attribute in self.device.gatt_server.attributes:
            if attribute.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
                attribute.permissions &= ~Attribute.WRITE_REQUIRES_ENCRYPTION
                if wanted:
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

    async def _send(self, value: Characteristic[Any], packet: bytes) -> None:
        """A result goes to the radio as the present fault leaves it."""
        self.last_indication_at = real_now()
        if value.properties & INDICATE:
            await self.device.indicate_subscribers(value, self._spoilt(packet))
        else:
            await self.device.notify_subscribers(value, self._spoilt(packet))
        if self.fault is Fault.LINK_DROPS:
            await self.lose_link()

    def _spoilt(self, packet: bytes) -> bytes:
        """*packet* as the present fault leaves it."""
        match self.fault:
            case Fault.TRUNCATED:
                return packet[: len(packet) // 2 | 1]
            case Fault.GARBLED:
                return self._garbled(packet)
            case _:
                return packet

    def _garbled(self, packet: bytes) -> bytes:
        """*packet* with a number that nobody has where most profiles have theirs."""
        return bytes([packet[0] | 0x80, 0x2C, 0x06, *packet[3:]])


def characteristic(uuid: str, properties: Characteristic.Properties, value: Any = b"") -> Characteristic[Any]:
    return Characteristic(uuid.upper(), properties, Characteristic.READABLE | Characteristic.WRITEABLE, value)


def without(*lacking: Fault) -> tuple[Fault, ...]:
    """All faults but those that a device of this kind cannot have."""
    return tuple(fault for fault in Peripheral.faults if fault not in lacking)


def _information(model: str, serial: str) -> Service:
    texts = {about.MAKER: "telemed", about.MODEL: model, about.SERIAL: serial, about.FIRMWARE: "1"}
    values = {uuid: about.encode_text(text) for uuid, text in texts.items()}
    values[about.SYSTEM_ID] = about.encode_system_id(serial.encode()[-8:].rjust(8, b"0").hex())
    return Service("180A", [characteristic(uuid, READ, value) for uuid, value in values.items()])
