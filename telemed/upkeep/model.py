"""Devices that a room found broken. Pure."""

from dataclasses import dataclass
from datetime import datetime

from telemed.kit.outbox import Event


@dataclass(frozen=True)
class Broken:
    """*code*: what is wrong, in a word of the room's checks; *since* when, on the room's clock."""

    device_id: str
    room_id: str
    kind: str
    code: str
    since: datetime


@dataclass(frozen=True)
class DeviceBlocked(Event):
    """A device cannot be used, and nobody has mended it in time: it is planned without."""

    device_id: str
    room_id: str


@dataclass(frozen=True)
class DeviceFreed(Event):
    """A device that was blocked works again."""

    device_id: str
    room_id: str
