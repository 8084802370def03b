"""A `bleak` backend on a Bluetooth link inside this process (`bumble`): real GATT without hardware, root or D-Bus.

For the demo and for tests. The drivers do not know it; they get it as a `Radio`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError
from bumble.att import ATT_Error
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.gatt import Service
from bumble.hci import Address, HCI_Error
from bumble.host import Host
from bumble.keys import KeyStore, PairingKeys
from bumble.link import LocalLink
from bumble.pairing import PairingConfig
from bumble.transport.common import AsyncPipeSink

from room_agent.devices.ble_link import Radio
from room_agent.devices.scanner import OneScanner, Person

_PROPERTIES = {0x02: "read", 0x04: "write-without-response", 0x08: "write", 0x10: "notify", 0x20: "indicate"}
_MTU = 517
"""What BlueZ asks for as well."""
_CENTRAL = "F0:00:00:00:00:01"
_ABANDON_S = 5.0
_EVERYWHERE = tuple(bytes([low, 0x18]) for low in (0x00, 0x01, 0x05, 0x0A, 0x0F))
"""Services that say nothing about what a device is for."""


class VirtualAir:
    """One link in one event loop: a central that `bleak` uses, and whatever peripherals are added."""

    def __init__(self) -> None:
        self._link = LocalLink()
        self._devices: list[Device] = []
        self._central: Device | None = None

    async def device(self, name: str, address: str) -> Device:
        """A powered-on Bluetooth device in this air; add services to it and advertise."""
        device = self.unpowered(name, address)
        await device.power_on()
        return device

    def unpowered(self, name: str, address: str) -> Device:
        """The same before power-on: services must be added first."""
        controller = Controller(name, link=self._link)
        config = DeviceConfiguration(name=name, address=Address(address))
        device = Device(config=config, host=Host(controller, AsyncPipeSink(controller)))
        device.pairing_config_factory = _pairing
        self._devices.append(device)
        return device

    async def radio(self) -> Radio:
        """The radio for `bleak`; call it once."""
        self._central = central = await self.device("room", _CENTRAL)
        adapter = VirtualAdapter(central)
        return Radio(_client_for(central), OneScanner(_scanner_for(central), adapter=adapter), adapter)

    async def bond(self, address: str) -> None:
        """The room keeps a key for the device at *address*, which knows nothing of it: a bond that it has lost."""
        assert self._central is not None, "made by radio()"
        key = PairingKeys.Key(bytes(16))
        await _bonds(self._central).update(address, PairingKeys(ltk=key))

    async def forget(self, address: str) -> None:
        """No key for the device at *address* any more."""
        assert self._central is not None, "made by radio()"
        await VirtualAdapter(self._central).remove_bond(address)

    async def close(self) -> None:
        """Power everything off."""
        for device in self._devices:
            await device.power_off()
        self._devices.clear()


def _pairing(_connection: Connection) -> PairingConfig:
    """Bonds are stored under the random address, or they are never found again."""
    return PairingConfig(identity_address_type=PairingConfig.AddressType.RANDOM)


class VirtualAdapter:
    """The bonds of *central*; it needs no power and asks nobody when it pairs."""

    def __init__(self, central: Device) -> None:
        self._central = central

    async def ready(self) -> bool:
        return bool(self._central.powered_on)

    async def power_cycle(self) -> None:
        """Nothing to switch: a link in memory does not get stuck."""

    async def bonded(self, address: str) -> bool:
        return await self._bond(address) is not None

    async def remove_bond(self, address: str) -> bool:
        name = await self._bond(address)
        if name is not None:
            await _bonds(self._central).delete(name)
        return name is not None

    async def _bond(self, address: str) -> str | None:
        """Under which name a bond is kept: the address and its kind."""
        names = [name for name, _keys in await _bonds(self._central).get_all()]
        return next((name for name in names if name.partition("/")[0].upper() == address.upper()), None)

    async def trust(self, address: str) -> None:
        """Nobody is asked here anyway."""

    async def drop_stale(self, addresses: frozenset[str]) -> int:  # noqa: ARG002 - nothing outlives this process
        return 0

    @asynccontextmanager
    async def pairing(self, address: str, person: Person | None) -> AsyncIterator[None]:  # noqa: ARG002 - never asks
        yield


def _bonds(central: Device) -> KeyStore:
    assert central.keystore is not None, "it is made at power-on"
    return central.keystore


def advertised(device: Device) -> bytes:
    """What *device* says of itself on the air, in 31 bytes: its special services and its name."""
    services = [each.uuid.to_bytes(True) for each in device.gatt_server.attributes if isinstance(each, Service)]
    short = [uuid[12:14] for uuid in services if uuid[:12] == UUID.BASE_UUID]
    special = b"".join(uuid for uuid in short if uuid not in _EVERYWHERE)
    parts = [
        (AdvertisingData.Type.FLAGS, bytes([0x06])),
        (AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, special),
        (AdvertisingData.Type.COMPLETE_LOCAL_NAME, device.name.encode()[: 31 - 3 - 2 - len(special) - 2]),
    ]
    return bytes(AdvertisingData(parts))


def _scanner_for(device: Device) -> type[BaseBleakScanner]:
    class VirtualScanner(_Scanner):
        central = device

    return VirtualScanner


def _client_for(device: Device) -> type[BaseBleakClient]:
    class VirtualClient(_Client):
        central = device

    return VirtualClient


class _Scanner(BaseBleakScanner):
    central: Device

    def __init__(self, callback: Any, service_uuids: list[str] | None, _mode: str, **_platform: Any) -> None:
        super().__init__(callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self.central.on(Device.EVENT_ADVERTISEMENT, self._heard)
        await _whole(self.central.start_scanning(filter_duplicates=False))

    async def stop(self) -> None:
        self.central.remove_listener(Device.EVENT_ADVERTISEMENT, self._heard)
        await _whole(self.central.stop_scanning())

    def _heard(self, advertisement: Advertisement) -> None:
        address = advertisement.address.to_string(False)
        name = advertisement.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        uuids = advertisement.data.get(AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS) or []
        data = AdvertisementData(name, {}, {}, [_full(uuid) for uuid in uuids], None, advertisement.rssi, ())
        device = self.create_or_update_device(address, address, name, advertisement.address, data)
        self.call_detection_callbacks(device, data)


class _Client(BaseBleakClient):
    central: Device

    def __init__(self, device: BLEDevice, **options: Any) -> None:
        super().__init__(device, disconnected_callback=options["disconnected_callback"], timeout=options["timeout"])
        self._peer_address: Address = device.details
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._subscribed: dict[int, tuple[Any, Callable[[bytes], None]]] = {}

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else 23

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_options: Any) -> None:
        making = asyncio.create_task(self._make(pair))
        try:
            await asyncio.shield(making)
        except asyncio.CancelledError:
            await self._abandon(making)
            if _is_ours():
                raise
            raise BleakError("link lost") from None
        except BaseBumbleError as error:
            raise BleakError(str(error) or type(error).__name__) from error

    async def _make(self, pair: bool) -> None:
        self._connection = await self.central.connect(self._peer_address, timeout=self._timeout)
        self._connection.on(Connection.EVENT_DISCONNECTION, self._lost)
        if pair:
            await self._connection.pair()
        elif await _bonds(self.central).get(str(self._peer_address)) is not None:
            await self._encrypt(self._connection)
        self._peer = Peer(self._connection)
        await self._peer.request_mtu(_MTU)
        self.services = await _services(self._peer)

    async def _abandon(self, making: asyncio.Task[None]) -> None:
        """Leave no link behind that is half made."""
        with contextlib.suppress(BaseBumbleError):
            if self._connection is None:
                await self.central.cancel_connection()
        await asyncio.wait([making], timeout=_ABANDON_S)
        with contextlib.suppress(BaseBumbleError):
            if self._connection is not None:
                await self._connection.disconnect()

    async def _encrypt(self, connection: Connection) -> None:
        """With the keys of the bond, as BlueZ does by itself; a device that has forgotten them refuses."""
        try:
            await connection.encrypt()
        except HCI_Error as error:
            await connection.disconnect()
            raise BleakError(f"AuthenticationFailed: {error.error_name}") from error

    async def disconnect(self) -> None:
        connection, self._disconnected_callback = self._connection, None
        if connection is None:
            return
        try:
            await _whole(connection.disconnect())
        except BaseBumbleError as error:
            raise BleakError(str(error)) from error

    def _lost(self, _reason: int) -> None:
        self._connection = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        await self._alive().pair()

    async def unpair(self) -> None:
        await _bonds(self.central).delete(str(self._peer_address))

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_kwargs: Any) -> bytearray:
        return bytearray(await self._asked(characteristic.obj.read_value()))

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **_kwargs: Any) -> bytearray:
        return bytearray(await self._asked(descriptor.obj.read_value()))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        await self._asked(characteristic.obj.write_value(bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        await self._asked(descriptor.obj.write_value(bytes(data), with_response=True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        def receive(value: bytes) -> None:
            callback(bytearray(value))

        try:
            await self._asked(characteristic.obj.subscribe(receive, prefer_notify=True))
        except BleakError:
            # bumble registers the callback before it writes the CCCD; after a refusal it would hear values twice
            self._forget(characteristic.handle, receive)
            raise
        self._subscribed[characteristic.handle] = (characteristic.obj, receive)

    def _forget(self, handle: int, receive: Callable[[bytes], None]) -> None:
        client = self._alive().gatt_client
        for subscribers in (client.notification_subscribers, client.indication_subscribers):
            subscribers.get(handle, set()).discard(receive)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        proxy, receive = self._subscribed.pop(characteristic.handle)
        await self._asked(proxy.unsubscribe(receive))

    def _alive(self) -> Connection:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    async def _asked(self, answer: Any) -> Any:
        """The answer to an ATT request; bumble cancels its future when the link is lost meanwhile."""
        try:
            return await answer
        except ATT_Error as error:
            raise BleakError(f"ATT error 0x{error.error_code:02x}") from error
        except BaseBumbleError as error:
            raise BleakError(str(error)) from error
        except asyncio.CancelledError:
            if self.is_connected or _is_ours():
                raise
            raise BleakError("link lost") from None


async def _whole(work: Coroutine[Any, Any, object]) -> None:
    """bumble loses its way if a command is cut off half way: whoever is cancelled waits until it is done."""
    doing = asyncio.create_task(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing], timeout=_ABANDON_S)
        raise


def _is_ours() -> bool:
    """Somebody cancelled this task; bumble cancels its own futures as well."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _services(peer: Peer) -> BleakGATTServiceCollection:
    found = BleakGATTServiceCollection()
    for service in await peer.discover_services():
        found.add_service(BleakGATTService(service, service.handle, _uuid(service)))
        for proxy in await peer.discover_characteristics(service=service):
            properties: Any = [word for bit, word in _PROPERTIES.items() if proxy.properties & bit]
            found.add_characteristic(
                BleakGATTCharacteristic(
                    proxy, proxy.handle, _uuid(proxy), properties, lambda: 20, found.services[service.handle]
                )
            )
    return found


def _uuid(proxy: Any) -> str:
    return _full(proxy.uuid)


def _full(uuid: Any) -> str:
    """The full 128 bits in lower case, as `bleak` writes UUIDs."""
    text: str = uuid.to_hex_str("-").lower()
    return text if len(text) > 8 else f"{text.zfill(8)}-0000-1000-8000-00805f9b34fb"
