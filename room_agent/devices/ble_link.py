"""The connection to one Bluetooth Low Energy device, which comes back by itself.

The radio is whatever `bleak` speaks to: BlueZ on the room PC, a virtual one in demo and tests; the code is the same.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakError
from bleak_retry_connector import establish_connection

from room_agent.devices.driver import Garbled, Identity, Reason
from room_agent.devices.packet import Packet
from telemed.kit.clock import real_now
from telemed.kit.logs import logger

_MAKER, _MODEL = "00002a29-0000-1000-8000-00805f9b34fb", "00002a24-0000-1000-8000-00805f9b34fb"
_SERIAL, _FIRMWARE = "00002a25-0000-1000-8000-00805f9b34fb", "00002a26-0000-1000-8000-00805f9b34fb"
_SYSTEM_ID = "00002a23-0000-1000-8000-00805f9b34fb"
_CURRENT_TIME = "00002a2b-0000-1000-8000-00805f9b34fb"
_BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
_NOT_PAIRED = ("insufficient auth", "insufficient encryption", "0x05", "0x0f", "notpermitted")
_STOOD_S = 1.0
"""A connection that stood this long is tried again at once; a shorter one counts as a failed attempt."""

log = logger("devices.ble")


@dataclass(frozen=True)
class Radio:
    """The two `bleak` backends; None is the platform's. *turn*: one scan or connection attempt at a time."""

    client: type[BaseBleakClient] | None = None
    scanner: type[BaseBleakScanner] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)


@dataclass(frozen=True)
class Timing:
    """Seconds. *back_off*: waits between attempts, the last repeats. *silence*: how long a drained device is quiet."""

    scan: float = 5.0
    request: float = 10.0
    back_off: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
    silence: float = 2.5
    longest_drain: float = 15.0


@dataclass(frozen=True)
class Found:
    """What the device says of itself on connecting. *clock_ahead_s*: its wall clock minus UTC now, in seconds."""

    identity: Identity = field(default_factory=Identity)
    clock_ahead_s: float | None = None
    battery_percent: int | None = None


class Unusable(Exception):
    """The device cannot be used now."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class BleLink:
    """Keeps the device at *address* connected and subscribed to *characteristics* while it is open.

    *on_found* gets what the device says of itself and may raise `Unusable`; *on_up*: subscribed; *on_packet* gets the
    characteristic's UUID and the bytes, from subscribing on; *on_down* says why it is gone.
    """

    def __init__(self, radio: Radio, address: str, characteristics: Sequence[str], timing: Timing) -> None:
        self._radio = radio
        self._address = address
        self._characteristics = characteristics
        self._timing = timing
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self.on_packet: Callable[[str, bytes], None] = lambda _uuid, _packet: None
        self.on_trying: Callable[[], None] = lambda: None
        self.on_found: Callable[[Found], None] = lambda _found: None
        self.on_up: Callable[[], None] = lambda: None
        self.on_down: Callable[[Reason], None] = lambda _reason: None

    async def open(self) -> None:
        """Begin, and return after the first attempt, whatever came of it."""
        if self._task is None:
            self._tried.clear()
            self._task = asyncio.create_task(self._keep(), name=f"ble {self._address}")
        await self._tried.wait()

    async def close(self) -> None:
        """Disconnect and stop trying."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep(self) -> None:
        attempt = 0
        while True:
            wait = self._timing.back_off[min(attempt, len(self._timing.back_off) - 1)]
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))
            reason, stood_s = await self._supervised()
            attempt = 0 if stood_s > _STOOD_S else attempt + 1
            self.on_down(reason)
            self._tried.set()

    async def _supervised(self) -> tuple[Reason, float]:
        """One connection from search to loss; why it ended, and how many seconds it stood."""
        began = time.monotonic()
        try:
            return await self._connection()
        except Unusable as error:
            return error.reason, 0.0
        except (BleakError, TimeoutError, OSError, EOFError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and self._cancelled():
                raise
            log.info("no connection", reason=_reason_of(error).value, seconds=round(time.monotonic() - began, 1))
            return _reason_of(error), 0.0

    def _cancelled(self) -> bool:
        """A cancelled error is ours only if somebody cancelled this task; a radio may cancel its own futures."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def _connection(self) -> tuple[Reason, float]:
        lost = asyncio.Event()
        async with self._radio.turn:
            client = await self._connect(lost)
        try:
            self.on_found(await _ask(client, self._timing.request))
            await self._subscribe(client)
            began = time.monotonic()
            self.on_up()
            self._tried.set()
            await lost.wait()
        finally:
            await _let_go(client)
        return Reason.LINK_LOST, time.monotonic() - began

    async def _connect(self, lost: asyncio.Event) -> BleakClient:
        self.on_trying()
        device = await BleakScanner.find_device_by_address(
            self._address, timeout=self._timing.scan, **_backend(self._radio.scanner)
        )
        if device is None:
            raise Unusable(Reason.NOT_FOUND)
        client: BleakClient = await establish_connection(
            BleakClient,
            device,
            self._address,
            disconnected_callback=lambda _client: lost.set(),
            max_attempts=2,
            **_backend(self._radio.client),
        )
        return client

    async def _subscribe(self, client: BleakClient) -> None:
        """To all that the device has; a device need not have every characteristic of its profile."""
        async with asyncio.timeout(self._timing.request):
            for uuid in self._characteristics:
                if client.services.get_characteristic(uuid) is not None:
                    await client.start_notify(uuid, self._receiver(uuid))

    def _receiver(self, uuid: str) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
        return lambda _characteristic, data: self.on_packet(uuid, bytes(data))


def _backend(backend: type[Any] | None) -> dict[str, Any]:
    return {} if backend is None else {"backend": backend}


async def _let_go(client: BleakClient) -> None:
    """Disconnect even when we are being cancelled: BlueZ keeps a link whose owner has gone."""
    try:
        async with asyncio.timeout(5):
            await client.disconnect()
    except (BleakError, TimeoutError, OSError, EOFError):
        log.info("disconnect failed")


def _reason_of(error: BaseException) -> Reason:
    text = str(error).lower()
    if isinstance(error, BleakBluetoothNotAvailableError | FileNotFoundError | PermissionError):
        return Reason.NO_RADIO
    if any(word in text for word in _NOT_PAIRED):
        return Reason.NOT_PAIRED
    return Reason.LINK_LOST


async def _ask(client: BleakClient, timeout_s: float) -> Found:
    """Identity, clock and battery, as far as the device has them. The clock is read before anybody sets it."""
    async with asyncio.timeout(timeout_s):
        maker, model, serial, firmware = [await _text(client, u) for u in (_MAKER, _MODEL, _SERIAL, _FIRMWARE)]
        system_id = await _read(client, _SYSTEM_ID)
        battery = await _read(client, _BATTERY)
        clock = await _read(client, _CURRENT_TIME)
    eui64 = system_id[::-1].hex() if len(system_id) == 8 else None
    identity = Identity(maker, model, serial, firmware, eui64)
    return Found(identity, _clock_ahead(clock, real_now()), battery[0] if battery else None)


def _clock_ahead(raw: bytes, now: datetime) -> float | None:
    """From a Current Time (2A2B): Date Time, day of week, 1/256 s, adjust reason."""
    try:
        moment = Packet(raw[:7]).date_time()
    except Garbled:
        return None
    if moment is None or len(raw) < 9:
        return None
    return (moment - now.replace(tzinfo=None)).total_seconds() + raw[8] / 256


async def _read(client: BleakClient, uuid: str) -> bytes:
    if client.services.get_characteristic(uuid) is None:
        return b""
    return bytes(await client.read_gatt_char(uuid))


async def _text(client: BleakClient, uuid: str) -> str:
    return (await _read(client, uuid)).decode("utf-8", "replace").strip("\0 ")
