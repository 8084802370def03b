"""Pulse oximeter: PLX Continuous (2A5F), PLX Spot-check (2A5E), and a pleth curve.

Continuous: flags u8 (bit 0 fast pair, 1 slow pair, 2 measurement status u16, 3 device status u24, 4 pulse amplitude
SFLOAT), SpO2 and pulse rate as SFLOAT, then what the flags announce (GATT Specification Supplement).
Spot-check: flags u8 (bit 0 time, 1 measurement status, 2 device status, 3 pulse amplitude, 4 clock not set), SpO2,
pulse rate, then the same.

The Bluetooth SIG defines no characteristic for a pleth wave. `PLETH` is ours, vendor-neutral, notify only, in the
pulse oximeter service: version u8 = 1, counter u16 (wraps), rate u8 in Hz, count u8, then *count* samples i16 without
unit. At 50 Hz a packet of 100 ms is 15 bytes and fits the smallest ATT packet.
"""

import struct
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from room_agent.devices.curve import CurvePiece
from room_agent.devices.driver import Component, Garbled, Value
from room_agent.devices.packet import Packet, date_time_bytes, sfloat_bytes, within
from room_agent.devices.reading import Flag, Reading
from schemas.measurement import WaveKind

SERVICE = "00001822-0000-1000-8000-00805f9b34fb"
SPOT_CHECK = "00002a5e-0000-1000-8000-00805f9b34fb"
CONTINUOUS = "00002a5f-0000-1000-8000-00805f9b34fb"
PLETH = "6c1a0001-8f0e-4d0b-9e57-6f1f3a5d7c21"
PLETH_MDC = 150452
PLETH_SCALE = 1 / 32767

_FAST, _SLOW, _MEASUREMENT, _DEVICE, _AMPLITUDE = 0x01, 0x02, 0x04, 0x08, 0x10
_SPOT_TIME, _SPOT_MEASUREMENT, _SPOT_DEVICE, _SPOT_AMPLITUDE, _SPOT_NO_CLOCK = 0x01, 0x02, 0x04, 0x08, 0x10
_MAX_PULSE = 350
_STORED, _INVALID = 0x0200, 0x8000
_MEASUREMENT_FLAGS = (
    (0x0040, Flag.EARLY),
    (0x4000, Flag.QUESTIONABLE),
    (_INVALID, Flag.INVALID),
    (_STORED, Flag.STORED),
)
_DEVICE_FLAGS = (
    (0x0002, Flag.DEVICE_FAULT),
    (0x0008, Flag.INADEQUATE_SIGNAL),
    (0x0010, Flag.POOR_SIGNAL),
    (0x0020, Flag.LOW_PERFUSION),
    (0x0800, Flag.NO_FINGER),
)
_PLETH = struct.Struct("<BHBB")


@dataclass(frozen=True)
class PulseOximetry(Reading):
    """Saturation in percent, pulse per minute, pulse amplitude in percent; status words as sent, None if not sent."""

    saturation_percent: Value
    pulse_per_min: Value
    amplitude_percent: Value | None = None
    measurement_status: int | None = None
    device_status: int | None = None
    device_time: datetime | None = None

    @property
    def has_value(self) -> bool:
        """There is a saturation above 0, and the device does not call it invalid."""
        found = self.saturation_percent
        return isinstance(found, Decimal) and found > 0 and Flag.INVALID not in self.flags

    @property
    def stored(self) -> bool:
        """The device says itself that this comes from its memory."""
        return bool((self.measurement_status or 0) & _STORED)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What the oximeter noticed, in words."""
        seen = [word for bit, word in _MEASUREMENT_FLAGS if (self.measurement_status or 0) & bit]
        return (*seen, *(word for bit, word in _DEVICE_FLAGS if (self.device_status or 0) & bit))

    @property
    def components(self) -> tuple[Component, ...]:
        """Saturation, pulse, amplitude if sent; codes from ISO/IEEE 11073-10101 and LOINC."""
        found = [
            Component(150456, ("2708-6", "59408-5"), self.saturation_percent, "%"),
            Component(149530, ("8867-4",), self.pulse_per_min, "/min"),
        ]
        if self.amplitude_percent is not None:
            found.append(Component(150320, (), self.amplitude_percent, "%"))
        return tuple(found)


@dataclass(frozen=True)
class Pleth:
    """A piece of the pleth curve; *counter* rises by one with each packet and wraps at 65536."""

    counter: int
    rate_hz: int
    samples: tuple[int, ...]


def decode(packet: bytes) -> PulseOximetry:
    """Read a PLX Continuous Measurement; the fast and slow averages are skipped.

    Raises:
        Garbled: the packet ends early, is longer than its flags say, or holds what no person has.
    """
    reader = Packet(packet)
    flags = reader.uint(1)
    saturation, pulse = _pair(reader)
    for average in (_FAST, _SLOW):
        if flags & average:
            _pair(reader)
    found = PulseOximetry(
        saturation,
        pulse,
        measurement_status=reader.uint(2) if flags & _MEASUREMENT else None,
        device_status=reader.uint(3) if flags & _DEVICE else None,
        amplitude_percent=within(reader.sfloat(), 0, 100) if flags & _AMPLITUDE else None,
    )
    reader.end()
    return found


def decode_spot(packet: bytes) -> PulseOximetry:
    """Read a PLX Spot-check Measurement; the time of a clock that was never set is dropped.

    Raises:
        Garbled: as `decode`.
    """
    reader = Packet(packet)
    flags = reader.uint(1)
    saturation, pulse = _pair(reader)
    moment = reader.date_time() if flags & _SPOT_TIME else None
    found = PulseOximetry(
        saturation,
        pulse,
        device_time=None if flags & _SPOT_NO_CLOCK else moment,
        measurement_status=reader.uint(2) if flags & _SPOT_MEASUREMENT else None,
        device_status=reader.uint(3) if flags & _SPOT_DEVICE else None,
        amplitude_percent=within(reader.sfloat(), 0, 100) if flags & _SPOT_AMPLITUDE else None,
    )
    reader.end()
    return found


def _pair(reader: Packet) -> tuple[Value, Value]:
    return within(reader.sfloat(), 0, 100), within(reader.sfloat(), 0, _MAX_PULSE)


def encode(value: PulseOximetry) -> bytes:
    """The continuous packet of an oximeter that measures *value*."""
    flags = (
        (_MEASUREMENT if value.measurement_status is not None else 0)
        | (_DEVICE if value.device_status is not None else 0)
        | (_AMPLITUDE if value.amplitude_percent is not None else 0)
    )
    return bytes([flags]) + sfloat_bytes(value.saturation_percent, value.pulse_per_min) + _rest(value)


def encode_spot(value: PulseOximetry) -> bytes:
    """The spot-check packet of an oximeter that measured *value*."""
    flags = (
        (_SPOT_TIME if value.device_time else 0)
        | (_SPOT_MEASUREMENT if value.measurement_status is not None else 0)
        | (_SPOT_DEVICE if value.device_status is not None else 0)
        | (_SPOT_AMPLITUDE if value.amplitude_percent is not None else 0)
    )
    numbers = sfloat_bytes(value.saturation_percent, value.pulse_per_min)
    moment = date_time_bytes(value.device_time) if value.device_time else b""
    return bytes([flags]) + numbers + moment + _rest(value)


def _rest(value: PulseOximetry) -> bytes:
    status, device, amplitude = value.measurement_status, value.device_status, value.amplitude_percent
    return b"".join(
        (
            status.to_bytes(2, "little") if status is not None else b"",
            device.to_bytes(3, "little") if device is not None else b"",
            sfloat_bytes(amplitude) if amplitude is not None else b"",
        )
    )


def decode_pleth(packet: bytes) -> Pleth:
    """Read a piece of the pleth curve.

    Raises:
        Garbled: another version, no rate, or a length that is not the one announced.
    """
    if len(packet) < _PLETH.size:
        raise Garbled("short")
    version, counter, rate_hz, count = _PLETH.unpack_from(packet)
    if version != 1 or rate_hz == 0 or count == 0:
        raise Garbled("header")
    if len(packet) != _PLETH.size + 2 * count:
        raise Garbled("short" if len(packet) < _PLETH.size + 2 * count else "long")
    return Pleth(counter, rate_hz, struct.unpack_from(f"<{count}h", packet, _PLETH.size))


def decode_curve(packet: bytes) -> CurvePiece:
    """`decode_pleth`, with its place: the counter counts packets, which are all as long as this one.

    Raises:
        Garbled: as `decode_pleth`.
    """
    piece = decode_pleth(packet)
    count = len(piece.samples)
    samples = struct.pack(f"<{count}h", *piece.samples)
    place, turns = piece.counter * count, 0x10000 * count
    return CurvePiece(WaveKind.PLETH, (PLETH_MDC,), piece.rate_hz, PLETH_SCALE, samples, place, turns)


def encode_pleth(piece: Pleth) -> bytes:
    """The packet for a piece of the curve."""
    count = len(piece.samples)
    header = _PLETH.pack(1, piece.counter & 0xFFFF, piece.rate_hz, count)
    return header + struct.pack(f"<{count}h", *piece.samples)
