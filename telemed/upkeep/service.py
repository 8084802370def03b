"""Takes in what a room cannot use, and keeps it out of the plan until the room says that it works again."""

from collections.abc import Iterable
from datetime import datetime

from schemas.checks import BlockedDevice
from telemed.directory import service as directory
from telemed.kit.db import Tx, take_turn
from telemed.kit.outbox import emit
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


def broken(tx: Tx) -> list[Broken]:
    """Every device that is blocked now, by room."""
    return store.of(tx)
