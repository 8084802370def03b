"""The connection to one Bluetooth Low Energy device, which comes back by itself.

The radio is whatever `bleak` speaks to: BlueZ on the room PC, a virtual one in demo and tests; the code is the same.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.exc import BleakBluetoothNotAvailableError, BleakError
from bleak_retry_connector import establish_connection

from room_agent.devices import about
from room_agent.devices.driver import Garbled, Identity, Reason
from room_agent.devices.scanner import RADIO_ERRORS, Adapter, Advert, OneScanner, RadioGone
from telemed.kit.clock import real_now
from telemed.kit.logs import logger

_NOT_PAIRED = (
    "insufficient auth",
    "insufficient encryption",
    "0x05",
    "0x0f",
    "notpermitted",
    "not paired",
    "authenticationfailed",
    "key-missing",
)
_STOOD_S = 1.0
"""A connection that stood this long is tried again at once; a shorter one counts as a failed attempt."""

log = logger("devices.ble")


@dataclass(frozen=True)
class Radio:
    """*client*: the `bleak` backend, None is the platform's. *adapter*: bonds and power, None where it has neither."""

    client: type[BaseBleakClient] | None = None
    scanner: OneScanner = field(default_factory=OneScanner, compare=False)
    adapter: Adapter | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Timing:
    """Seconds. *back_off*: waits between attempts, the last repeats. *silence*: how long a drained device is quiet.

    *connect*: so long a device may hold up the others. *poll*: how often a device is asked for new records while
    somebody measures.
    """

    scan: float = 5.0
    connect: float = 15.0
    request: float = 10.0
    back_off: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
    silence: float = 2.5
    poll: float = 1.0


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
        self._client: BleakClient | None = None
        self.connects = 0
        self._parted: float | None = None
        self._packet_at: float | None = None
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

    @property
    def last_advert(self) -> Advert | None:
        """When and how strongly the device was last heard."""
        return self._radio.scanner.last(self._address)

    @property
    def unheard_s(self) -> float | None:
        """So long ago it was last heard or connected; None if never since this program began."""
        advert = self.last_advert
        moments = [*([] if self._parted is None else [self._parted]), *([] if advert is None else [advert.at])]
        if self._client is not None:
            return 0.0
        return time.monotonic() - max(moments) if moments else None

    def diagnostics(self) -> dict[str, str]:
        """Radio and connection, in words."""
        advert = self.last_advert
        heard = [at for at in (None if advert is None else advert.at, self._packet_at) if at is not None]
        return {
            "signal": "" if advert is None else f"{advert.rssi} dBm",
            "last heard": f"{time.monotonic() - max(heard):.0f} s" if heard else "",
            "reconnects": str(max(0, self.connects - 1)),
            "power cycles": str(self._radio.scanner.power_cycles),
        }

    async def _keep(self) -> None:
        attempt = 0
        while True:
            await self._back_off(self._timing.back_off[min(attempt, len(self._timing.back_off) - 1)])
            reason, stood_s = await self._supervised()
            attempt = 0 if stood_s > _STOOD_S else attempt + 1
            self._tell_down(reason)

    async def _back_off(self, wait_s: float) -> None:
        """Wait, but no longer once the device comes back: then it is connected at once."""
        wait_s *= random.uniform(0.8, 1.2)
        if wait_s == 0:
            return
        try:
            async with asyncio.timeout(wait_s), self._radio.scanner.listening(self._address) as ear:
                await ear.returned()
        except TimeoutError:
            return
        except RadioGone:
            await asyncio.sleep(wait_s)

    def _tell_down(self, reason: Reason) -> None:
        self.on_down(reason)
        self._tried.set()

    async def _supervised(self) -> tuple[Reason, float]:
        """One connection from search to loss; why it ended, and how many seconds it stood."""
        began = time.monotonic()
        try:
            return await self._connection()
        except Unusable as error:
            return error.reason, 0.0
        except RadioGone:
            return Reason.NO_RADIO, 0.0
        except (BleakError, TimeoutError, OSError, EOFError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and self._cancelled():
                raise
            reason = await self._bond_or(_reason_of(error))
            log.info("no connection", reason=reason.value, seconds=round(time.monotonic() - began, 1))
            return reason, 0.0

    async def _bond_or(self, reason: Reason) -> Reason:
        """Not paired, although this computer holds a bond: then the device has forgotten it."""
        if reason is not Reason.NOT_PAIRED or self._radio.adapter is None:
            return reason
        try:
            return Reason.BOND_LOST if await self._radio.adapter.bonded(self._address) else reason
        except RADIO_ERRORS:
            return reason

    def _cancelled(self) -> bool:
        """A cancelled error is ours only if somebody cancelled this task; a radio may cancel its own futures."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def _connection(self) -> tuple[Reason, float]:
        lost = asyncio.Event()
        advert = await self._heard()
        async with self._radio.scanner.paused(), asyncio.timeout(self._timing.connect):
            client = await connect(self._radio, advert.device, on_lost=lost.set)
        self._client = client
        try:
            with self._radio.scanner.linked():
                self.on_found(await ask(client, self._timing.request))
                await self._subscribe(client)
                began = time.monotonic()
                self.connects += 1
                self.on_up()
                self._tried.set()
                await lost.wait()
        finally:
            self._client = None
            self._parted = time.monotonic()
            await let_go(client)
        return Reason.LINK_LOST, time.monotonic() - began

    async def _heard(self) -> Advert:
        """Wait for the device's next advert, for ever; after a while say why it does not come."""
        self.on_trying()
        async with self._radio.scanner.listening(self._address) as ear:
            while True:
                try:
                    async with asyncio.timeout(self._timing.scan):
                        return await ear.next()
                except TimeoutError:
                    self._tell_down(await self._radio.scanner.examine())

    async def _subscribe(self, client: BleakClient) -> None:
        """To all that the device has; a device need not have every characteristic of its profile."""
        async with asyncio.timeout(self._timing.request):
            for uuid in self._characteristics:
                found = client.services.get_characteristic(uuid)
                if found is not None and {"notify", "indicate"} & set(found.properties):
                    await client.start_notify(uuid, self._receiver(uuid))

    async def write(self, uuid: str, packet: bytes) -> None:
        """
        Raises:
            BleakError: there is no link, the device has no such characteristic, or it refuses.
            TimeoutError: it does not answer.
        """
        async with asyncio.timeout(self._timing.request):
            await self._linked().write_gatt_char(uuid, packet, response=True)

    def has(self, uuid: str) -> bool:
        """Whether the device that is connected now has this characteristic."""
        return self._client is not None and self._client.services.get_characteristic(uuid) is not None

    async def set_clock(self, ahead_s: float) -> float | None:
        """Set the device's clock so far ahead of UTC. By how much it is afterwards; None where it cannot be set."""
        try:
            moment = (real_now() + timedelta(seconds=ahead_s)).replace(tzinfo=None)
            await self.write(about.CURRENT_TIME, about.encode_time(about.CurrentTime(moment, about.SET_BY_OTHERS)))
            async with asyncio.timeout(self._timing.request):
                return _clock_ahead(await _read(self._linked(), about.CURRENT_TIME), real_now())
        except (BleakError, TimeoutError) as error:
            log.info("clock not set", error=type(error).__name__)
            return None

    def _linked(self) -> BleakClient:
        if self._client is None:
            raise BleakError("not connected")
        return self._client

    def _receiver(self, uuid: str) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
        def receive(_characteristic: BleakGATTCharacteristic, data: bytearray) -> None:
            self._packet_at = time.monotonic()
            self.on_packet(uuid, bytes(data))

        return receive


async def connect(
    radio: Radio, device: BLEDevice, *, on_lost: Callable[[], None] = lambda: None, pair: bool = False
) -> BleakClient:
    """Connect, with the retries that BlueZ needs; hold `OneScanner.paused` meanwhile.

    Raises:
        BleakError: it cannot be reached, or pairing failed.
    """
    backend: dict[str, Any] = {} if radio.client is None else {"backend": radio.client}
    client: BleakClient = await establish_connection(
        BleakClient,
        device,
        device.address,
        disconnected_callback=lambda _client: on_lost(),
        max_attempts=1 if pair else 2,
        pair=pair,
        **backend,
    )
    return client


async def let_go(client: BleakClient) -> None:
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


async def ask(client: BleakClient, timeout_s: float) -> Found:
    """Identity, clock and battery, as far as the device has them. The clock is read before anybody sets it."""
    async with asyncio.timeout(timeout_s):
        names = (about.MAKER, about.MODEL, about.SERIAL, about.FIRMWARE)
        maker, model, serial, firmware = [about.decode_text(await _read(client, uuid)) for uuid in names]
        system_id = about.decode_system_id(await _read(client, about.SYSTEM_ID))
        battery = await _read(client, about.BATTERY)
        clock = await _read(client, about.CURRENT_TIME)
    identity = Identity(maker, model, serial, firmware, system_id)
    return Found(identity, _clock_ahead(clock, real_now()), _battery(battery))


def _battery(raw: bytes) -> int | None:
    try:
        return about.decode_battery(raw)
    except Garbled:
        return None


def _clock_ahead(raw: bytes, now: datetime) -> float | None:
    """The device's clock minus UTC in seconds; None for one that was never set."""
    try:
        time = about.decode_time(raw)
    except Garbled:
        return None
    return None if time is None else (time.moment - now.replace(tzinfo=None)).total_seconds()


async def _read(client: BleakClient, uuid: str) -> bytes:
    if client.services.get_characteristic(uuid) is None:
        return b""
    return bytes(await client.read_gatt_char(uuid))
