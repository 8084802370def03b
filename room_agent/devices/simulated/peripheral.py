"""What every simulated Bluetooth device has: identity, battery, advertising, and the faults that all can have.

Nothing here is a shortcut: the drivers are those of the real devices, the bytes cross a Bluetooth stack. Only the
blood, the radio waves and the hand are missing.
"""

from datetime import datetime
from typing import Any

from bumble.att import Attribute
from bumble.device import Device
from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR, Characteristic, Service

from room_agent.devices.simulated.scenario import Fault, Scenario
from room_agent.devices.virtual_radio import advertised

NOTIFY, INDICATE, READ = (
    Characteristic.Properties.NOTIFY,
    Characteristic.Properties.INDICATE,
    Characteristic.Properties.READ,
)
_ADVERTISING_MS = 20


class Peripheral:
    """A simulated Bluetooth device. *last_indication_at*: real time at which the last value went to the radio."""

    def __init__(self, device: Device, scenario: Scenario, model: str, serial: str) -> None:
        self.device = device
        self._scenario = scenario
        self.fault = Fault.NONE
        self.last_indication_at: datetime | None = None
        self._information = _information(model, serial)

    async def switch_on(self) -> None:
        battery = characteristic("2A19", READ, bytes([self._scenario.battery_percent]))
        self.device.add_services([self._information, Service("180F", [battery]), *self._services()])
        if self._scenario.needs_pairing:
            self._protect()
        self.device.advertising_data = advertised(self.device)
        await self.device.power_on()
        await self._advertise()

    async def set_fault(self, fault: Fault) -> None:
        """From now on behave like this; ``absent`` takes effect at once."""
        was, self.fault = self.fault, fault
        if fault is Fault.ABSENT and was is not Fault.ABSENT:
            await self._vanish()
        elif was is Fault.ABSENT and fault is not Fault.ABSENT:
            await self._advertise()

    async def lose_link(self) -> None:
        """As if somebody walked between: the link breaks, and the device advertises again."""
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    async def press_start(self) -> None:
        """The person begins a measurement; returns when the value is on the radio."""
        raise NotImplementedError

    async def run(self) -> None:
        """What the device does by itself for ever; nothing, unless it is continuous."""

    def _services(self) -> list[Service]:
        raise NotImplementedError

    def _protect(self) -> None:
        """bumble makes the CCCDs itself, open to everybody; a real cuff wants encryption to write them."""
        for attribute in self.device.gatt_server.attributes:
            if attribute.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
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

    def _spoilt(self, packet: bytes) -> bytes:
        """*packet* as the present fault leaves it."""
        match self.fault:
            case Fault.TRUNCATED:
                return packet[: len(packet) // 2]
            case Fault.GARBLED:
                return bytes([packet[0] | 0x80, 0x2C, 0x06, *packet[3:]])
            case _:
                return packet


def characteristic(uuid: str, properties: Characteristic.Properties, value: Any = b"") -> Characteristic[Any]:
    return Characteristic(uuid.upper(), properties, Characteristic.READABLE, value)


def _information(model: str, serial: str) -> Service:
    texts = {"2A29": "telemed", "2A24": model, "2A25": serial, "2A26": "1"}
    return Service("180A", [characteristic(uuid, READ, text.encode()) for uuid, text in texts.items()])
