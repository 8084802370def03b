"""One Bluetooth scanner for all devices of an adapter, and what the computer's Bluetooth service can do besides.

Every driver waits here for its own device and connects as soon as it is heard; nobody scans by himself. While somebody
connects the scan pauses: most adapters cannot do both. An adapter that hears nothing any more is switched off and on.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from room_agent.devices.driver import Reason
from telemed.kit.logs import logger

log = logger("devices.scanner")

SILENT_S = 60.0
"""An adapter that heard something before and then nothing for so long is stuck (Home Assistant core #157211)."""
RETURNED_S = 2.0
"""A device that is heard after so long a silence has come back."""
_KNOWN = 500

RADIO_ERRORS = (BleakError, OSError, EOFError, TimeoutError)
"""What the computer's Bluetooth raises when it does not work."""


class Person(Protocol):
    """Somebody who looks at the device while it is paired."""

    async def passkey(self) -> int | None:
        """The six digits that the device shows; None when they give up."""

    async def sees(self, number: int) -> bool:
        """Whether the device shows *number* too."""


class RadioGone(Exception):
    """This computer has no Bluetooth that works now."""


class Adapter(Protocol):
    """The adapter and its bonds. Each may raise one of `RADIO_ERRORS`."""

    async def ready(self) -> bool:
        """Whether it is there and switched on; one that is off is switched on first."""

    async def power_cycle(self) -> None: ...

    async def bonded(self, address: str) -> bool: ...

    async def remove_bond(self, address: str) -> bool:
        """Forget the device; False if there was no bond."""

    async def trust(self, address: str) -> None:
        """Let the device connect without asking anybody."""

    async def drop_stale(self, addresses: frozenset[str]) -> int:
        """Disconnect what an earlier run of this program left connected; how many."""

    def pairing(self, address: str, person: Person | None) -> AbstractAsyncContextManager[None]:
        """Answer what the pairing with this device asks while this is open; no other device, and at no other time."""


@dataclass(frozen=True)
class Advert:
    """What a device last said of itself. *at*: monotonic seconds."""

    device: BLEDevice
    name: str
    services: tuple[str, ...]
    rssi: int
    at: float


class Ear:
    """Waits for one device; only what is heard from now on counts."""

    def __init__(self) -> None:
        self._heard = asyncio.Event()
        self._back = asyncio.Event()
        self._advert: Advert | None = None

    def take(self, advert: Advert, *, back: bool) -> None:
        self._advert = advert
        self._heard.set()
        if back:
            self._back.set()

    async def next(self) -> Advert:
        """The next advert."""
        while self._advert is None:
            self._heard.clear()
            await self._heard.wait()
        advert, self._advert = self._advert, None
        return advert

    async def returned(self) -> None:
        """Until it is heard after a silence."""
        await self._back.wait()


class OneScanner:
    """Scans while somebody listens and nobody connects. *backend*: None is the platform's.

    *links*: how many devices are connected; with one connected the adapter is not switched off.
    """

    def __init__(
        self,
        backend: type[BaseBleakScanner] | None = None,
        *,
        adapter: Adapter | None = None,
        adapter_name: str = "",
        silent_s: float = SILENT_S,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options: dict[str, Any] = {} if backend is None else {"backend": backend}
        # a controller that drops duplicates does not tell that a device has come back
        self._options["bluez"] = {"filters": {"DuplicateData": True}} | (
            {"adapter": adapter_name} if adapter_name else {}
        )
        self._adapter = adapter
        self._silent_s = silent_s
        self._mono = mono
        self._known: dict[str, Advert] = {}
        self._ears: set[tuple[str, Ear]] = set()
        self._scanner: BleakScanner | None = None
        self._adjusting = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._paused = False
        self._stopped_at = mono()
        self._unheard_s = 0.0
        self._quiet_since = mono()
        self._heard_at: dict[str, float] = {}
        self._heard_any = False
        self._cycled = False
        self.stuck = False
        self.power_cycles = 0
        self.links = 0

    def last(self, address: str) -> Advert | None:
        """The newest advert of a device, however old."""
        return self._known.get(address.upper())

    @property
    def known(self) -> tuple[Advert, ...]:
        return tuple(self._known.values())

    @asynccontextmanager
    async def listening(self, address: str = "") -> AsyncIterator[Ear]:
        """Scan, and hear the device at *address* (every device, if empty).

        Raises:
            RadioGone: it cannot scan.
        """
        ear = Ear()
        self._ears.add((address.upper(), ear))
        try:
            await self._adjust()
            yield ear
        finally:
            self._ears.discard((address.upper(), ear))
            await self._adjust_quietly()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Nobody scans, and nobody else connects."""
        async with self._turn:
            self._paused = True
            try:
                await self._adjust_quietly()
                yield
            finally:
                self._paused = False
                await self._adjust_quietly()

    @contextmanager
    def linked(self) -> Iterator[None]:
        """A device is connected meanwhile."""
        self.links += 1
        try:
            yield
        finally:
            self.links -= 1

    async def examine(self) -> Reason:
        """Why nothing is heard of a device: it is away, or the radio is. Mends the radio where it can."""
        try:
            if self._adapter is not None and not await self._adapter.ready():
                await self._halt()
                return Reason.NO_RADIO
            await self._mend()
            await self._adjust()
        except (*RADIO_ERRORS, RadioGone) as error:
            log.warning("no radio", error=type(error).__name__)
            await self._halt()
            return Reason.NO_RADIO
        return Reason.RADIO_STUCK if self.stuck else Reason.NOT_FOUND

    async def _mend(self) -> None:
        """After a silence scan anew, and if that may help switch the adapter off and on, once; then it is stuck.

        Nobody begins to scan meanwhile.
        """
        async with self._adjusting:
            silent_s = self._listened() - self._quiet_since if self._scanner is not None else 0.0
            if silent_s <= self._silent_s:
                return
            if self._cycled:
                self.stuck = True
                return
            log.warning("adapter is silent", seconds=round(silent_s))
            await self._stop()
            self._quiet_since = self._listened()
            if self._heard_any and self.links == 0 and self._adapter is not None:
                self._cycled = True
                self.power_cycles += 1
                await self._adapter.power_cycle()

    def _listened(self) -> float:
        """The clock of listening: it stands while nobody scans, so what was not listened to is no silence."""
        now = self._mono() if self._scanner is not None else self._stopped_at
        return now - self._unheard_s

    async def _adjust(self) -> None:
        async with self._adjusting:
            wanted = bool(self._ears) and not self._paused
            if wanted and self._scanner is None:
                await self._start()
            elif not wanted and self._scanner is not None:
                await self._stop()

    async def _adjust_quietly(self) -> None:
        try:
            await self._adjust()
        except RadioGone:
            log.info("scan not resumed")

    async def _halt(self) -> None:
        async with self._adjusting:
            if self._scanner is not None:
                await self._stop()

    async def _start(self) -> None:
        scanner = BleakScanner(self._heard, **self._options)
        try:
            await scanner.start()
        except RADIO_ERRORS as error:
            raise RadioGone(str(error)) from error
        except asyncio.CancelledError:
            await self._end(scanner)  # the radio must not go on scanning for nobody
            raise
        self._unheard_s += self._mono() - self._stopped_at
        self._scanner = scanner

    async def _stop(self) -> None:
        scanner, self._scanner = self._scanner, None
        self._stopped_at = self._mono()
        if scanner is not None:
            await self._end(scanner)

    async def _end(self, scanner: BleakScanner) -> None:
        try:
            await scanner.stop()
        except RADIO_ERRORS as error:
            log.info("scan not stopped", error=type(error).__name__)

    def _heard(self, device: BLEDevice, data: AdvertisementData) -> None:
        address = device.address.upper()
        now = self._listened()
        before = self._heard_at.pop(address, None)
        services = tuple(data.service_uuids)
        advert = Advert(device, data.local_name or device.name or "", services, data.rssi, self._mono())
        self._known[address], self._heard_at[address] = advert, now
        if len(self._heard_at) > _KNOWN:
            oldest = next(iter(self._heard_at))
            del self._heard_at[oldest], self._known[oldest]
        self._quiet_since, self._heard_any, self._cycled, self.stuck = now, True, False, False
        back = before is None or now - before > RETURNED_S
        for wanted, ear in self._ears:
            if wanted in ("", address):
                ear.take(advert, back=back)
