"""Reading and writing the fields that GATT health packets have in common; all little-endian."""

import struct
from datetime import datetime

from room_agent.devices.driver import Garbled, Value
from room_agent.devices.sfloat import from_sfloat, to_sfloat

_DATE_TIME = struct.Struct("<HBBBBB")


class Packet:
    """Reads a packet from the front; whoever has read all fields calls `end`."""

    def __init__(self, raw: bytes) -> None:
        self._raw = bytes(raw)
        self._at = 0

    def uint(self, size: int) -> int:
        """An unsigned number of *size* bytes.

        Raises:
            Garbled: the packet ends early.
        """
        piece = self._raw[self._at : self._at + size]
        if len(piece) < size:
            raise Garbled("short")
        self._at += size
        return int.from_bytes(piece, "little")

    def sfloat(self) -> Value:
        return from_sfloat(self.uint(2))

    def date_time(self) -> datetime | None:
        """A Date Time (GATT: org.bluetooth.characteristic.date_time), without zone; None when not known."""
        size = _DATE_TIME.size
        year, month, day, hour, minute, second = _DATE_TIME.unpack(self.uint(size).to_bytes(size, "little"))
        if 0 in (year, month, day):
            return None
        try:
            return datetime(year, month, day, hour, minute, second)
        except ValueError as error:
            raise Garbled("time") from error

    def end(self) -> None:
        """Nothing may follow: bytes that the flags do not announce mean that we read the packet wrongly."""
        if self._at != len(self._raw):
            raise Garbled("long")


def date_time_bytes(moment: datetime | None) -> bytes:
    """The seven bytes of a Date Time; all zero for an unknown one."""
    if moment is None:
        return bytes(_DATE_TIME.size)
    return _DATE_TIME.pack(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def sfloat_bytes(*values: Value) -> bytes:
    return b"".join(to_sfloat(value).to_bytes(2, "little") for value in values)


def within(value: Value, low: int, high: int) -> Value:
    """*value* if it can be true of a living person or is absent.

    Raises:
        Garbled: it cannot.
    """
    if not isinstance(value, str) and not low <= value <= high:
        raise Garbled("range")
    return value
