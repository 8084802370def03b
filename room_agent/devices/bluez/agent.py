"""Our own pairing agent: `bleak` registers none, and without one BlueZ refuses whatever needs a question answered.

It answers for one device, while somebody pairs it, and says no to everything else (`org.bluez.Agent1`).
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt16, DBusUInt32
from dbus_fast.errors import DBusError
from dbus_fast.service import ServiceInterface, dbus_method

from room_agent.devices.scanner import Person
from telemed.kit.logs import logger

log = logger("devices.bluez.agent")

AGENT_PATH = "/org/telemed/agent"
_REJECTED, _CANCELED = "org.bluez.Error.Rejected", "org.bluez.Error.Canceled"
T = TypeVar("T")


class PairingAgent(ServiceInterface):
    """Answers for the device whose path ends like *address*. *person*: None for devices that ask nothing."""

    def __init__(self, address: str, person: Person | None) -> None:
        super().__init__("org.bluez.Agent1")
        self._ending = "/dev_" + address.upper().replace(":", "_")
        self._person = person
        self._cancelled = asyncio.Event()

    @property
    def capability(self) -> str:
        return "NoInputNoOutput" if self._person is None else "KeyboardDisplay"

    @dbus_method()
    def Release(self) -> None:
        log.info("released")

    @dbus_method()
    def Cancel(self) -> None:
        self._cancelled.set()

    @dbus_method()
    async def RequestPasskey(self, device: DBusObjectPath) -> DBusUInt32:
        person = self._somebody(device)
        digits = await self._unless_cancelled(person.passkey())
        if digits is None or not 0 <= digits <= 999_999:
            raise DBusError(_CANCELED, "nobody typed the digits")
        return digits

    @dbus_method()
    async def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        if not await self._unless_cancelled(self._somebody(device).sees(passkey)):
            raise DBusError(_REJECTED, "the numbers differ")

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:
        self._expect(device)

    @dbus_method()
    def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:  # noqa: ARG002 - BlueZ's signature
        self._expect(device)

    @dbus_method()
    def RequestPinCode(self, device: DBusObjectPath) -> DBusStr:  # noqa: ARG002 - BlueZ's signature
        raise DBusError(_REJECTED, "no classic Bluetooth here")

    @dbus_method()
    def DisplayPinCode(self, device: DBusObjectPath, pincode: DBusStr) -> None:  # noqa: ARG002 - BlueZ's signature
        raise DBusError(_REJECTED, "no classic Bluetooth here")

    @dbus_method()
    def DisplayPasskey(self, device: DBusObjectPath, passkey: DBusUInt32, entered: DBusUInt16) -> None:  # noqa: ARG002
        raise DBusError(_REJECTED, "a medical device has no keyboard")

    def _expect(self, device: str) -> None:
        if not device.endswith(self._ending):
            log.warning("another device wants to pair")
            raise DBusError(_REJECTED, "not the device that is being paired")

    def _somebody(self, device: str) -> Person:
        self._expect(device)
        if self._person is None:
            raise DBusError(_REJECTED, "nobody is asked")
        return self._person

    async def _unless_cancelled(self, answer: Coroutine[Any, Any, T]) -> T:
        asked = asyncio.create_task(answer)
        cancelled = asyncio.create_task(self._cancelled.wait())
        try:
            await asyncio.wait({asked, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise DBusError(_CANCELED, "the device gave up")
            return asked.result()
        finally:
            asked.cancel()
            cancelled.cancel()
