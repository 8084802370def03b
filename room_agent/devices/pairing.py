"""Making a device known to this computer: pair, part, meet again, and read without pairing.

Only the last step proves anything: a device may say "paired" and keep no bond (eigger/hass-omron #24).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bleak import BleakClient
from bleak.exc import BleakError

from room_agent.devices.ble_link import Found, Radio, ask, connect, let_go
from room_agent.devices.profile import PROFILES, Profile
from room_agent.devices.scanner import RADIO_ERRORS, Advert, Person, RadioGone
from telemed.kit.logs import logger

log = logger("devices.pairing")


class Why(StrEnum):
    """Why a device is not known to this computer now."""

    NO_RADIO = "no-radio"
    NOT_HEARD = "not-heard"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    NO_PROFILE = "no-profile"
    NOT_HEARD_AGAIN = "not-heard-again"
    NOT_KEPT = "not-kept"


class PairingFailed(Exception):
    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True)
class Patience:
    """Seconds. *heard*: until the device is in pairing mode; *again*: until somebody has used it once more."""

    heard: float = 60.0
    again: float = 120.0
    request: float = 10.0


@dataclass(frozen=True)
class Known:
    """A device that can be read without pairing mode. *advert*: as it was heard; *replaced*: there was an old bond."""

    profile: Profile
    found: Found
    advert: Advert
    replaced: bool


async def pair(
    radio: Radio,
    address: str,
    *,
    person: Person | None = None,
    patience: Patience | None = None,
    told: Callable[[], None] = lambda: None,
) -> Known:
    """Pair with the device at *address*, which is in pairing mode, and prove it.

    *told* is called when the device must be used once more, without pairing mode.

    Raises:
        PairingFailed: it is not known afterwards.
    """
    wait = patience or Patience()
    try:
        replaced = await _forget(radio, address)
        advert = await _hear(radio, address, wait.heard, Why.NOT_HEARD)
        await _bond(radio, advert, person)
        told()
        again = await _hear(radio, address, wait.again, Why.NOT_HEARD_AGAIN)
        profile, found = await _read(radio, again, wait.request)
    except RadioGone:
        raise PairingFailed(Why.NO_RADIO) from None
    return Known(profile, found, again, replaced)


async def _forget(radio: Radio, address: str) -> bool:
    """Remove an old bond if there is one: the device may have forgotten it, and then nothing goes any more."""
    try:
        return radio.adapter is not None and await radio.adapter.remove_bond(address)
    except RADIO_ERRORS as error:
        raise RadioGone from error


async def _hear(radio: Radio, address: str, patience_s: float, why: Why) -> Advert:
    try:
        async with asyncio.timeout(patience_s), radio.scanner.listening(address) as ear:
            return await ear.next()
    except TimeoutError:
        raise PairingFailed(why) from None


async def _bond(radio: Radio, advert: Advert, person: Person | None) -> None:
    address = advert.device.address
    try:
        async with radio.scanner.paused():
            if radio.adapter is None:
                await let_go(await connect(radio, advert.device, pair=True))
                return
            async with radio.adapter.pairing(address, person):
                client = await connect(radio, advert.device, pair=True)
            await radio.adapter.trust(address)
            await let_go(client)
    except RADIO_ERRORS as error:
        log.info("not paired", error=type(error).__name__)
        given_up = "authenticationcanceled" in str(error).lower()
        raise PairingFailed(Why.CANCELLED if given_up else Why.REFUSED) from error


async def _read(radio: Radio, advert: Advert, timeout_s: float) -> tuple[Profile, Found]:
    """Connect as in everyday use; subscribing is what needs the bond."""
    try:
        async with radio.scanner.paused():
            client = await connect(radio, advert.device)
        try:
            profile = _profile(client)
            found = await ask(client, timeout_s)
            async with asyncio.timeout(timeout_s):
                for uuid in profile.characteristics:
                    if client.services.get_characteristic(uuid) is not None:
                        await client.start_notify(uuid, lambda _characteristic, _data: None)
            return profile, found
        finally:
            await let_go(client)
    except (BleakError, OSError, EOFError, TimeoutError) as error:
        log.info("not kept", error=type(error).__name__)
        raise PairingFailed(Why.NOT_KEPT) from error


def _profile(client: BleakClient) -> Profile:
    """The profile of which the device has most: an ECG belt is a heart rate belt as well."""
    there = {characteristic.uuid.lower() for characteristic in client.services.characteristics.values()}
    found = max(PROFILES.values(), key=lambda profile: _share(profile, there))
    if not _share(found, there):
        raise PairingFailed(Why.NO_PROFILE)
    return found


def _share(profile: Profile, there: set[str]) -> int:
    return len(there & {uuid.lower() for uuid in profile.characteristics})
