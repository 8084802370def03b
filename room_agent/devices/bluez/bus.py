"""BlueZ as an object tree on the system bus."""

import asyncio
from typing import Any

from bleak.exc import BleakDBusError, BleakError
from dbus_fast import BusType, Message, MessageType, Variant, unpack_variants
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError

SERVICE = "org.bluez"
ADAPTER, DEVICE, AGENT_MANAGER = "org.bluez.Adapter1", "org.bluez.Device1", "org.bluez.AgentManager1"
TIMEOUT_S = 10.0

Objects = dict[str, dict[str, dict[str, Any]]]
"""Properties by path and interface."""


class Bluez:
    """One connection to the bus, made when first needed and made anew when it broke."""

    def __init__(self) -> None:
        self._bus: MessageBus | None = None

    async def connect(self) -> MessageBus:
        """The connection.

        Raises:
            BleakError, OSError: there is no bus, or it does not let us in.
        """
        if self._bus is None or not self._bus.connected:
            self.close()
            bus = MessageBus(bus_type=BusType.SYSTEM)
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await bus.connect()
            except DBusFastError as error:
                raise BleakError(f"no bus: {type(error).__name__}") from error
            self._bus = bus
        return self._bus

    def close(self) -> None:
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.disconnect()

    async def call(self, path: str, member: str, signature: str = "", *body: Any) -> list[Any]:
        """Call *member*, written with its interface.

        Raises:
            BleakDBusError: BlueZ refused. TimeoutError: it did not answer.
        """
        interface, _, name = member.rpartition(".")
        message = Message(
            destination=SERVICE, path=path, interface=interface, member=name, signature=signature, body=list(body)
        )
        bus = await self.connect()
        async with asyncio.timeout(TIMEOUT_S):
            reply = await bus.call(message)
        if reply is None or reply.message_type is MessageType.ERROR:
            raise BleakDBusError(reply.error_name or "" if reply else "", reply.body if reply else [])
        return list(reply.body)

    async def set(self, path: str, interface: str, name: str, value: Variant) -> None:
        await self.call(path, "org.freedesktop.DBus.Properties.Set", "ssv", interface, name, value)

    async def objects(self) -> Objects:
        """Everything that BlueZ knows now."""
        (found,) = await self.call("/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
        return {path: unpack_variants(interfaces) for path, interfaces in found.items()}
