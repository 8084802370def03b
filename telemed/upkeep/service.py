"""Takes in what a room cannot use, and keeps it out of the plan until the room says that it works again."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from schemas.checks import BlockedDevice
from telemed.booking import service as booking
from telemed.booking import several
from telemed.booking.search import Rule
from telemed.directory import service as directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx, take_turn
from telemed.kit.outbox import emit
from telemed.kit.secrets import Secrets
from telemed.people.model import Erased
from telemed.upkeep import store
from telemed.upkeep.model import Broken, DeviceBlocked, DeviceFreed


def take_in(tx: Tx, room_id: str, told: Iterable[BlockedDevice], *, now: datetime) -> None:
    """All that the room has blocked now. What is not in the room is no matter of this room's, and is passed over.

    Offers lack a blocked device from this moment on; bookings ahead that need it are among those that must be moved.
    """
    take_turn(tx, f"upkeep {room_id}")
    here = {device.id for device in directory.load(tx).devices_in(room_id)}
    wanted = {one.device_id: one for one in told if one.device_id in here}
    before = {one.device_id for one in store.of(tx, room_id)}
    for device_id in sorted(before - wanted.keys()):
        store.remove(tx, device_id)
        directory.free(tx, device_id)
        emit(tx, DeviceFreed(device_id, room_id), now=now)
    for device_id in sorted(wanted.keys() - before):
        one = wanted[device_id]
        store.add(tx, Broken(device_id, room_id, one.kind, one.code, one.since))
        directory.block(tx, device_id, since=now)
        emit(tx, DeviceBlocked(device_id, room_id), now=now)


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
