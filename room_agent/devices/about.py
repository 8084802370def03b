"""What a device says of itself: Battery Level (2A19), Current Time (2A2B), the Device Information Service (180A)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from room_agent.devices.driver import Garbled
from room_agent.devices.packet import Packet, date_time_bytes

BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
CURRENT_TIME = "00002a2b-0000-1000-8000-00805f9b34fb"
MAKER, MODEL = "00002a29-0000-1000-8000-00805f9b34fb", "00002a24-0000-1000-8000-00805f9b34fb"
SERIAL, FIRMWARE = "00002a25-0000-1000-8000-00805f9b34fb", "00002a26-0000-1000-8000-00805f9b34fb"
SYSTEM_ID = "00002a23-0000-1000-8000-00805f9b34fb"

SET_BY_OTHERS = 0x02
"""Adjust reason: an external reference."""

_FRACTIONS = 256
_LONGEST_TEXT = 200


def decode_battery(packet: bytes) -> int:
    """Percent.

    Raises:
        Garbled: not one byte, or more than all.
    """
    reader = Packet(packet)
    percent = reader.uint(1)
    reader.end()
    if percent > 100:
        raise Garbled("range")
    return percent


def encode_battery(percent: int) -> bytes:
    return bytes([percent])


@dataclass(frozen=True)
class CurrentTime:
    """A wall clock without a zone. *adjusted*: bits why it was set (1 by hand, 2 from elsewhere, 4 zone, 8 summer)."""

    moment: datetime
    adjusted: int = 0


def decode_time(packet: bytes) -> CurrentTime | None:
    """Date Time 7 bytes, day of week u8 (1 Monday, 0 unknown), 1/256 s u8, adjust reason u8; None if never set.

    Raises:
        Garbled: the packet ends early, is too long, or holds no time.
    """
    reader = Packet(packet)
    moment = reader.date_time()
    weekday, fractions, adjusted = reader.uint(1), reader.uint(1), reader.uint(1)
    reader.end()
    if weekday > 7 or adjusted > 0x0F:
        raise Garbled("time")
    if moment is None:
        return None
    return CurrentTime(moment + timedelta(seconds=fractions / _FRACTIONS), adjusted)


def encode_time(time: CurrentTime) -> bytes:
    """What a device answers when its clock is read, or what is written to set it."""
    moment = time.moment
    fractions = moment.microsecond * _FRACTIONS // 1_000_000
    return date_time_bytes(moment) + bytes([moment.isoweekday(), fractions, time.adjusted])


def decode_system_id(packet: bytes) -> str | None:
    """The EUI-64 as 16 hex digits: eight bytes, the manufacturer's part last; None where the device has none."""
    if len(packet) != 8 or not any(packet):
        return None
    return packet[::-1].hex()


def encode_system_id(eui64: str) -> bytes:
    return bytes.fromhex(eui64)[::-1]


def decode_text(packet: bytes) -> str:
    """A name or number of the device, without the zeros that some makers put behind it, and not endless."""
    return packet.decode("utf-8", "replace").strip("\0 ")[:_LONGEST_TEXT]


def encode_text(text: str) -> bytes:
    return text.encode()
