"""Blood Pressure Measurement (2A35) and Intermediate Cuff Pressure (2A36), GATT Specification Supplement.

Layout: flags u8 (bit 0 kPa, 1 time, 2 pulse, 3 user, 4 status), systolic, diastolic, mean as SFLOAT, then what the
flags announce: Date Time 7 bytes, pulse SFLOAT, user u8 (255 unknown), status u16.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from room_agent.devices.driver import Absent, Component, Garbled, Value
from room_agent.devices.packet import Packet, date_time_bytes, sfloat_bytes, within
from room_agent.devices.reading import Flag, Reading

SERVICE = "00001810-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a35-0000-1000-8000-00805f9b34fb"
INTERMEDIATE_CUFF_PRESSURE = "00002a36-0000-1000-8000-00805f9b34fb"

_KPA, _TIME, _PULSE, _USER, _STATUS = 0x01, 0x02, 0x04, 0x08, 0x10
_MMHG_PER_KPA = Decimal("7.500617")
_MAX_MMHG = 400
_MIN_SYSTOLIC_MMHG = 40
"""No automatic cuff finds less; kilopascals that were sent as mmHg lie below."""
_MAX_PULSE = 350
_STATUS_FLAGS = (
    (0x01, Flag.BODY_MOVEMENT),
    (0x02, Flag.CUFF_LOOSE),
    (0x04, Flag.IRREGULAR_PULSE),
    (0x20, Flag.WRONG_POSITION),
)
_PULSE_RANGE = {1: Flag.PULSE_HIGH, 2: Flag.PULSE_LOW}


@dataclass(frozen=True)
class BloodPressure(Reading):
    """Pressures in mmHg whatever the cuff sent, pulse per minute; `Absent` where the cuff has no number.

    *pulse_per_min* is None when the packet has no such field. *status* is the measurement status, 16 bits.
    """

    systolic_mmhg: Value
    diastolic_mmhg: Value
    mean_mmhg: Value = Absent.NOT_A_NUMBER
    pulse_per_min: Value | None = None
    device_time: datetime | None = None
    user: int | None = None
    status: int | None = None

    @property
    def has_value(self) -> bool:
        """Both pressures are numbers. A cuff that failed sends 2047/2047 without any status bit."""
        return not isinstance(self.systolic_mmhg, Absent) and not isinstance(self.diastolic_mmhg, Absent)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What the cuff noticed, in words."""
        status = self.status or 0
        pulse = _PULSE_RANGE.get((status >> 3) & 0b11)
        words = tuple(word for bit, word in _STATUS_FLAGS if status & bit)
        return (*words, pulse) if pulse else words

    @property
    def components(self) -> tuple[Component, ...]:
        """Systolic, diastolic, mean if measured, pulse if sent; codes from ISO/IEEE 11073-10101 and LOINC."""
        found = [
            Component(150021, ("8480-6",), self.systolic_mmhg, "mm[Hg]"),
            Component(150022, ("8462-4",), self.diastolic_mmhg, "mm[Hg]"),
        ]
        if not isinstance(self.mean_mmhg, Absent):
            found.append(Component(150023, ("8478-0",), self.mean_mmhg, "mm[Hg]"))
        if self.pulse_per_min is not None:
            found.append(Component(149546, ("8867-4",), self.pulse_per_min, "/min"))
        return tuple(found)


def decode(packet: bytes) -> BloodPressure:
    """Read a Blood Pressure Measurement.

    Raises:
        Garbled: the packet ends early, is longer than its flags say, or holds what no person has.
    """
    found = _read(packet)
    systolic, diastolic = found.systolic_mmhg, found.diastolic_mmhg
    if isinstance(systolic, Decimal) and isinstance(diastolic, Decimal) and systolic <= diastolic:
        raise Garbled("order")
    within(systolic, _MIN_SYSTOLIC_MMHG, _MAX_MMHG)
    return found


def decode_cuff_pressure(packet: bytes) -> int | None:
    """Read an Intermediate Cuff Pressure in whole mmHg: the first of the three pressures, the others are NaN.

    Raises:
        Garbled: as `decode`.
    """
    pressure = _read(packet).systolic_mmhg
    return None if isinstance(pressure, Absent) else int(pressure.quantize(Decimal(1), ROUND_HALF_EVEN))


def _read(raw: bytes) -> BloodPressure:
    packet = Packet(raw)
    flags = packet.uint(1)
    systolic, diastolic, mean = (_mmhg(packet.sfloat(), kpa=bool(flags & _KPA)) for _ in range(3))
    found = BloodPressure(
        systolic,
        diastolic,
        mean,
        device_time=packet.date_time() if flags & _TIME else None,
        pulse_per_min=within(packet.sfloat(), 0, _MAX_PULSE) if flags & _PULSE else None,
        user=packet.uint(1) if flags & _USER else None,
        status=packet.uint(2) if flags & _STATUS else None,
    )
    packet.end()
    return found


def _mmhg(value: Value, *, kpa: bool) -> Value:
    """In mmHg and possible; converted values are rounded to whole mmHg, as exact as a tenth of a kPa is."""
    if kpa and isinstance(value, Decimal):
        value = (value * _MMHG_PER_KPA).quantize(Decimal(1), ROUND_HALF_EVEN)
    return within(value, 0, _MAX_MMHG)


def encode(value: BloodPressure) -> bytes:
    """The packet of a cuff that measured *value*, always in mmHg."""
    flags = (
        (_TIME if value.device_time else 0)
        | (_PULSE if value.pulse_per_min is not None else 0)
        | (_USER if value.user is not None else 0)
        | (_STATUS if value.status is not None else 0)
    )
    return b"".join(
        (
            bytes([flags]),
            sfloat_bytes(value.systolic_mmhg, value.diastolic_mmhg, value.mean_mmhg),
            date_time_bytes(value.device_time) if value.device_time else b"",
            sfloat_bytes(value.pulse_per_min) if value.pulse_per_min is not None else b"",
            bytes([value.user]) if value.user is not None else b"",
            value.status.to_bytes(2, "little") if value.status is not None else b"",
        )
    )


def encode_kpa(value: BloodPressure) -> bytes:
    """The packet of a cuff that is set to kilopascals and measured *value*, to a tenth."""
    high, low, mean = (_kpa(each) for each in (value.systolic_mmhg, value.diastolic_mmhg, value.mean_mmhg))
    packet = encode(replace(value, systolic_mmhg=high, diastolic_mmhg=low, mean_mmhg=mean))
    return bytes([packet[0] | _KPA, *packet[1:]])


def _kpa(value: Value) -> Value:
    if isinstance(value, Absent):
        return value
    return (value / _MMHG_PER_KPA).quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def encode_cuff_pressure(mmhg: Value) -> bytes:
    """The packet that a cuff sends while it inflates."""
    return encode(BloodPressure(mmhg, Absent.NOT_A_NUMBER))
