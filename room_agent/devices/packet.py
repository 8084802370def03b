"""Reading and writing the fields that GATT health packets have in common; all little-endian."""

import struct
from datetime import datetime
from decimal import Decimal

from room_agent.devices.driver import Garbled, Value
from room_agent.devices.ieee11073 import FLOAT, SFLOAT

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

    def sint(self, size: int) -> int:
        """The same with a sign, two's complement.

        Raises:
            Garbled: the packet ends early.
        """
        value, half = self.uint(size), 1 << (8 * size - 1)
        return value - 2 * half if value >= half else value

    def sfloat(self) -> Value:
        return SFLOAT.read(self.uint(2))

    def medfloat(self) -> Value:
        return FLOAT.read(self.uint(4))

    @property
    def left(self) -> int:
        """How many bytes were not read yet."""
        return len(self._raw) - self._at

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
    return b"".join(SFLOAT.write(value).to_bytes(2, "little") for value in values)


def float_bytes(value: Value) -> bytes:
    return FLOAT.write(value).to_bytes(4, "little")


def within(value: Value, low: Decimal | int, high: Decimal | int) -> Value:
    """*value* if it can be true of a living person or is absent.

    Raises:
        Garbled: it cannot.
    """
    if isinstance(value, Decimal) and not low <= value <= high:
        raise Garbled("range")
    return value
