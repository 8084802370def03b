"""Devices that a room found broken, and what people report. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from telemed.kit.outbox import Event


class What(StrEnum):
    """What is wrong, in a word of a closed set: nothing of a person is written down."""

    NO_REACTION = "no-reaction"
    WRONG = "wrong"
    DAMAGED = "damaged"
    DIRTY = "dirty"
    MISSING = "missing"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True)
class Defect:
    """Somebody reported that something is wrong in a room, and it is not mended yet.

    *device_id*: None where it is something else in the room. *is_out*: the device is not to be used until then.
    """

    id: str
    room_id: str
    device_id: str | None
    what: What
    is_out: bool
    reported_at: datetime


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
