"""Takes in what a room cannot use, and keeps it out of the plan until the room says that it works again."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime

from schemas.checks import BlockedDevice
from telemed.booking import service as booking
from telemed.booking import several
from telemed.booking.search import Rule
from telemed.directory import service as directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx, take_turn
from telemed.kit.ids import new_id
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people.model import Erased
from telemed.upkeep import store
from telemed.upkeep.model import Broken, Defect, DeviceBlocked, DeviceFreed, What


def take_in(tx: Tx, room_id: str, told: Iterable[BlockedDevice], *, now: datetime) -> None:
    """All that the room has blocked now. What is not in the room is no matter of this room's, and is passed over.

    Offers lack a blocked device from this moment on; bookings ahead that need it are among those that must be moved.
    """
    take_turn(tx, f"upkeep {room_id}")
    here = {device.id for device in directory.load(tx).devices_in(room_id)}
    wanted = {one.device_id: one for one in told if one.device_id in here}
    before, out = {one.device_id for one in store.of(tx, room_id)}, _out(tx)
    for device_id in sorted(before - wanted.keys()):
        store.remove(tx, device_id)
        if device_id not in out:
            _free(tx, device_id, room_id, now=now)
    for device_id in sorted(wanted.keys() - before):
        one = wanted[device_id]
        store.add(tx, Broken(device_id, room_id, one.kind, one.code, one.since))
        if device_id not in out:
            _block(tx, device_id, room_id, now=now)


def report(
    tx: Tx, room_id: str, what: What, *, now: datetime, device_id: str | None = None, is_out: bool = False
) -> Defect:
    """Somebody says what is wrong. A device that *is_out* is planned without from this moment on.

    Raises:
        NotFound: there is no such room, or the device does not stand in it.
    """
    known = directory.load(tx)
    here = {device.id for device in known.devices_in(room_id)}
    if room_id not in known.rooms or (device_id is not None and device_id not in here):
        raise NotFound
    take_turn(tx, f"upkeep {room_id}")
    made = Defect(new_id(), room_id, device_id, what, is_out and device_id is not None, now)
    if made.is_out and device_id is not None and device_id not in _out(tx) | _found_broken(tx, room_id):
        _block(tx, device_id, room_id, now=now)
    store.report(tx, made)
    return made


def mended(tx: Tx, defect_id: str, room_ids: Collection[str], *, now: datetime) -> Defect:
    """Somebody who looks after these rooms says that it works again. What the room itself finds broken stays out.

    Raises:
        NotFound: nothing like that is reported in these rooms.
    """
    found = next((one for one in store.reported(tx) if one.id == defect_id and one.room_id in room_ids), None)
    if found is None:
        raise NotFound
    take_turn(tx, f"upkeep {found.room_id}")
    store.mended(tx, defect_id)
    if found.is_out and found.device_id not in _out(tx) | _found_broken(tx, found.room_id):
        assert found.device_id is not None
        _free(tx, found.device_id, found.room_id, now=now)
    return found


def defects(tx: Tx) -> list[Defect]:
    """What people reported and is not mended, the oldest first."""
    return store.reported(tx)


def _out(tx: Tx) -> set[str]:
    """Devices that people took out of use."""
    return {one.device_id for one in store.reported(tx) if one.is_out and one.device_id is not None}


def _found_broken(tx: Tx, room_id: str) -> set[str]:
    return {one.device_id for one in store.of(tx, room_id)}


def _block(tx: Tx, device_id: str, room_id: str, *, now: datetime) -> None:
    directory.block(tx, device_id, since=now)
    emit(tx, DeviceBlocked(device_id, room_id), now=now)


def _free(tx: Tx, device_id: str, room_id: str, *, now: datetime) -> None:
    directory.free(tx, device_id)
    emit(tx, DeviceFreed(device_id, room_id), now=now)


def use_others(tx: Tx, secrets: Secrets, happened: DeviceBlocked, *, now: datetime) -> None:
    """Bookings that need a blocked device get another of its kind in their room where one is free; the rest must be
    moved by staff, who ask the person."""
    for one, objection in booking.unplaceable(tx, directory.load(tx), now=now):
        if objection.rule is Rule.BLOCKED and objection.resource_id == happened.device_id:
            room = Actor(Role.MACHINE, room_id=happened.room_id)
            with suppress(Erased):
                several.use_another(tx, secrets, one.id, happened.device_id, actor=room, now=now)


def broken(tx: Tx) -> list[Broken]:
    """Every device that is blocked now, by room."""
    return store.of(tx)
