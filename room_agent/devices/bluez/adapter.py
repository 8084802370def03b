"""The room PC's Bluetooth adapter (`scanner.Adapter` on BlueZ)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bleak.exc import BleakDBusError, BleakError
from dbus_fast import Variant

from room_agent.devices.bluez.agent import AGENT_PATH, PairingAgent
from room_agent.devices.bluez.bus import ADAPTER, AGENT_MANAGER, DEVICE, Bluez, Objects
from room_agent.devices.scanner import RADIO_ERRORS, Person
from telemed.kit.logs import logger

log = logger("devices.bluez")

_MANAGER = "/org/bluez"
_TRIES = 5
_REST_S = 0.5
"""BlueZ says "busy" for a moment after the power was switched."""


class BluezAdapter:
    """The adapter *name* (``hci0``), or the first one. *rest_s*: between two tries to switch its power."""

    def __init__(self, name: str = "", *, rest_s: float = _REST_S) -> None:
        self._name = name
        self._rest_s = rest_s
        self._bluez = Bluez()

    def close(self) -> None:
        self._bluez.close()

    async def ready(self) -> bool:
        objects = await self._bluez.objects()
        path = self._path(objects)
        if path is None:
            return False
        if not objects[path][ADAPTER].get("Powered"):
            await self._power(path, True)
        return True

    async def power_cycle(self) -> None:
        path = self._path(await self._bluez.objects())
        if path is None:
            raise BleakError("no adapter")
        await self._power(path, False)
        await self._power(path, True)

    async def bonded(self, address: str) -> bool:
        _, device = await self._device(address)
        return _has_bond(device)

    async def remove_bond(self, address: str) -> bool:
        path, device = await self._device(address)
        if path is None or not _has_bond(device):
            return False
        await self._bluez.call(path.rpartition("/")[0], f"{ADAPTER}.RemoveDevice", "o", path)
        return True

    async def trust(self, address: str) -> None:
        path, _ = await self._device(address)
        if path is None:
            raise BleakError("the device is not known")
        await self._bluez.set(path, DEVICE, "Trusted", Variant("b", True))

    async def drop_stale(self, addresses: frozenset[str]) -> int:
        dropped = 0
        for path, interfaces in (await self._bluez.objects()).items():
            device = interfaces.get(DEVICE, {})
            if device.get("Connected") and str(device.get("Address")).upper() in addresses:
                log.info("stale connection dropped")
                await self._bluez.call(path, f"{DEVICE}.Disconnect")
                dropped += 1
        return dropped

    @asynccontextmanager
    async def pairing(self, address: str, person: Person | None) -> AsyncIterator[None]:
        agent = PairingAgent(address, person)
        bus = await self._bluez.connect()
        bus.export(AGENT_PATH, agent)
        try:
            await self._bluez.call(_MANAGER, f"{AGENT_MANAGER}.RegisterAgent", "os", AGENT_PATH, agent.capability)
            try:
                await self._bluez.call(_MANAGER, f"{AGENT_MANAGER}.RequestDefaultAgent", "o", AGENT_PATH)
                yield
            finally:
                await self._unregister()
        finally:
            bus.unexport(AGENT_PATH, agent)

    async def _unregister(self) -> None:
        try:
            await self._bluez.call(_MANAGER, f"{AGENT_MANAGER}.UnregisterAgent", "o", AGENT_PATH)
        except RADIO_ERRORS as error:
            log.info("agent not unregistered", error=type(error).__name__)

    async def _power(self, path: str, on: bool) -> None:
        for _ in range(_TRIES - 1):
            try:
                await self._bluez.set(path, ADAPTER, "Powered", Variant("b", on))
                return
            except BleakDBusError:
                await asyncio.sleep(self._rest_s)
        await self._bluez.set(path, ADAPTER, "Powered", Variant("b", on))

    def _path(self, objects: Objects) -> str | None:
        found = sorted(path for path, interfaces in objects.items() if ADAPTER in interfaces)
        return next((path for path in found if self._name in ("", path.rpartition("/")[2])), None)

    async def _device(self, address: str) -> tuple[str | None, dict[str, Any]]:
        objects = await self._bluez.objects()
        adapter = self._path(objects)
        for path, interfaces in objects.items():
            device = interfaces.get(DEVICE, {})
            if device.get("Adapter") == adapter and str(device.get("Address")).upper() == address.upper():
                return path, device
        return None, {}


def _has_bond(device: dict[str, Any]) -> bool:
    """BlueZ before 5.65 does not tell bonded from paired."""
    return bool(device.get("Bonded", device.get("Paired", False)))
