"""Glucose Measurement (2A18), GATT Specification Supplement; read through record access (`racp`).

Layout: flags u8 (bit 0 time offset, 1 concentration with type and location, 2 mol/L instead of kg/L, 3 status,
4 context follows), sequence u16, base time 7 bytes, offset i16 in minutes, concentration SFLOAT, type and location one
nibble each (type in the lower), status u16.

kg/L and mol/L are told in mg/dL and mmol/L, which only moves the point; between the two nothing is ever converted: the
LOINC code depends on the unit.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from room_agent.devices.driver import Absent, Component, Garbled, Value
from room_agent.devices.packet import Packet, date_time_bytes, sfloat_bytes, within
from room_agent.devices.reading import Flag, Reading

SERVICE = "00001808-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a18-0000-1000-8000-00805f9b34fb"

_OFFSET, _CONCENTRATION, _MOLES, _STATUS = 0x01, 0x02, 0x04, 0x08
_MG_PER_DL, _MMOL_PER_L = 5, 3
"""Decimal places from kg/L to mg/dL, from mol/L to mmol/L."""
_RANGE_MG, _RANGE_MMOL = (1, 2000), (Decimal("0.1"), 111)
_CONTROL_TYPE, _CONTROL_LOCATION = 10, 4
_LOCATIONS: dict[int, Flag | None] = {
    1: None,
    2: Flag.ALTERNATE_SITE,
    3: Flag.EARLOBE,
    4: Flag.CONTROL_SOLUTION,
    15: None,
}
_BLOOD, _PLASMA, _CAPILLARY = ("2339-0", "15074-8"), ("2345-7", "14749-6"), ("41653-7", "14743-9")
"""LOINC in mg/dL and in mmol/L."""
SAMPLES: dict[int, tuple[int, tuple[str, str]]] = {
    1: (160184, _CAPILLARY),
    2: (160188, _PLASMA),
    3: (160192, _BLOOD),
    4: (160196, _PLASMA),
    5: (160200, _BLOOD),
    6: (160204, _PLASMA),
    7: (160364, _BLOOD),
    8: (160368, _PLASMA),
    9: (160212, ("", "")),
    10: (160208, ("", "")),
}
"""MDC and LOINC by the packet's type: capillary, venous, arterial, undetermined whole blood and plasma, interstitial
fluid, control solution. The last two have no LOINC code that both units share; glucose is no vital sign and needs
none."""
_FLAGS = (
    (0x0001, Flag.BATTERY_LOW),
    (0x0002, Flag.SENSOR_MALFUNCTION),
    (0x0004, Flag.SAMPLE_TOO_SMALL),
    (0x0008, Flag.STRIP_ERROR),
    (0x0010, Flag.STRIP_WRONG),
    (0x0020, Flag.ABOVE_RANGE),
    (0x0040, Flag.BELOW_RANGE),
    (0x0080, Flag.TOO_HOT),
    (0x0100, Flag.TOO_COLD),
    (0x0200, Flag.INTERRUPTED),
    (0x0400, Flag.DEVICE_FAULT),
    (0x0800, Flag.TIME_FAULT),
)
_NO_RESULT = 0x07FE
"""All but battery and time: with one of these the number is no valid result."""


@dataclass(frozen=True)
class Glucose(Reading):
    """*concentration* in mg/dL, or in mmol/L where *moles*; None: the record has none.

    *device_time*: what the meter showed, base time and the offset that its user set. *sample*: a key of `SAMPLES`.
    """

    sequence: int = field()
    device_time: datetime | None = None
    concentration: Value | None = None
    moles: bool = False
    sample: int = 1
    location: int = 1
    status: int | None = None

    @property
    def control(self) -> bool:
        """A drop of control solution, not of a person."""
        return self.sample == _CONTROL_TYPE or self.location == _CONTROL_LOCATION

    @property
    def has_value(self) -> bool:
        faulty = (self.status or 0) & _NO_RESULT
        return isinstance(self.concentration, Decimal) and not self.control and not faulty

    @property
    def flags(self) -> tuple[Flag, ...]:
        location = None if self.concentration is None else _LOCATIONS[self.location]
        words = tuple(word for bit, word in _FLAGS if (self.status or 0) & bit)
        return words if location is None else (*words, location)

    @property
    def components(self) -> tuple[Component, ...]:
        mdc, loinc = SAMPLES[self.sample]
        code = loinc[1 if self.moles else 0]
        value = Absent.ERROR if self.concentration is None else self.concentration
        return (Component(mdc, (code,) if code else (), value, "mmol/L" if self.moles else "mg/dL"),)


def decode(packet: bytes) -> Glucose:
    """Read a Glucose Measurement.

    Raises:
        Garbled: the packet ends early, is too long, uses a reserved value, or holds what no person has.
    """
    reader = Packet(packet)
    flags = reader.uint(1)
    sequence, base = reader.uint(2), reader.date_time()
    moment = _displayed(base, reader.sint(2) if flags & _OFFSET else 0)
    moles = bool(flags & _MOLES)
    value = _concentration(reader.sfloat(), moles=moles) if flags & _CONCENTRATION else None
    nibbles = reader.uint(1) if flags & _CONCENTRATION else 0x11
    status = reader.uint(2) if flags & _STATUS else None
    reader.end()
    sample, location = nibbles & 0x0F, nibbles >> 4
    if sample not in SAMPLES or location not in _LOCATIONS:
        raise Garbled("sample")
    return Glucose(sequence, moment, value, moles, sample, location, status)


def _concentration(value: Value, *, moles: bool) -> Value:
    """In mmol/L or mg/dL with the meter's digits: the point moves and nothing is rounded."""
    if isinstance(value, Absent):
        return value
    moved = value.scaleb(_MMOL_PER_L if moles else _MG_PER_DL)
    exponent = moved.as_tuple().exponent
    whole = moved.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else moved
    low, high = _RANGE_MMOL if moles else _RANGE_MG
    return within(whole, low, high)


def _displayed(base: datetime | None, offset_min: int) -> datetime | None:
    """An offset that leads out of the calendar is no time."""
    try:
        return base and base + timedelta(minutes=offset_min)
    except OverflowError as error:
        raise Garbled("time") from error


def encode(value: Glucose) -> bytes:
    """The record of a meter that measured *value*; its user set no offset."""
    flags = (
        (_CONCENTRATION if value.concentration is not None else 0)
        | (_MOLES if value.moles else 0)
        | (_STATUS if value.status is not None else 0)
    )
    concentration = b""
    if value.concentration is not None:
        sent = value.concentration
        if isinstance(sent, Decimal):
            sent = sent.scaleb(-(_MMOL_PER_L if value.moles else _MG_PER_DL))
        concentration = sfloat_bytes(sent) + bytes([value.location << 4 | value.sample])
    return b"".join(
        (
            bytes([flags]),
            value.sequence.to_bytes(2, "little"),
            date_time_bytes(value.device_time),
            concentration,
            value.status.to_bytes(2, "little") if value.status is not None else b"",
        )
    )
