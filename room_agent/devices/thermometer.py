"""Temperature Measurement (2A1C) and Intermediate Temperature (2A1E), GATT Specification Supplement.

Layout: flags u8 (bit 0 Fahrenheit, 1 time, 2 type), temperature FLOAT, Date Time 7 bytes, type u8.

Fahrenheit stays Fahrenheit (UCUM ``[degF]``, which R4's body temperature profile allows beside ``Cel``): 98.6 °F is
37.0 °C only by a rounding that the device did not do, and the practice's program converts what it shows anyway.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from room_agent.devices.driver import Absent, Component, Garbled, Value
from room_agent.devices.packet import Packet, date_time_bytes, float_bytes, within
from room_agent.devices.reading import Reading

SERVICE = "00001809-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a1c-0000-1000-8000-00805f9b34fb"
INTERMEDIATE = "00002a1e-0000-1000-8000-00805f9b34fb"

BODY_MDC = 150364
SITE_MDC = {
    1: 188452,
    2: BODY_MDC,
    3: 188428,
    4: 188432,
    5: 188456,
    6: 188424,
    7: 188420,
    8: 188448,
    9: 150392,
}
"""By the packet's type: armpit, body, ear, finger, gastro-intestinal tract, mouth, rectum, toe, tympanum."""

_FAHRENHEIT, _TIME, _TYPE = 0x01, 0x02, 0x04
_CELSIUS_RANGE = (25, 45)
_FAHRENHEIT_RANGE = (77, 113)
"""Thermometers for people measure from 32 to 43 °C; a room or a bath is no body."""


@dataclass(frozen=True)
class Temperature(Reading):
    """In °C, or in °F where *fahrenheit*. *site*: a key of `SITE_MDC`, None where the thermometer does not say."""

    degrees: Value
    fahrenheit: bool = False
    device_time: datetime | None = None
    site: int | None = None

    @property
    def has_value(self) -> bool:
        return not isinstance(self.degrees, Absent)

    @property
    def components(self) -> tuple[Component, ...]:
        ucum = "[degF]" if self.fahrenheit else "Cel"
        return (Component(SITE_MDC[self.site or 2], ("8310-5",), self.degrees, ucum),)


def decode(packet: bytes) -> Temperature:
    """Read a Temperature Measurement, or an intermediate one, which is written alike.

    Raises:
        Garbled: the packet ends early, is longer than its flags say, names no known site, or holds what no person has.
    """
    reader = Packet(packet)
    flags = reader.uint(1)
    fahrenheit = bool(flags & _FAHRENHEIT)
    low, high = _FAHRENHEIT_RANGE if fahrenheit else _CELSIUS_RANGE
    found = Temperature(
        within(reader.medfloat(), low, high),
        fahrenheit,
        device_time=reader.date_time() if flags & _TIME else None,
        site=reader.uint(1) if flags & _TYPE else None,
    )
    reader.end()
    if found.site is not None and found.site not in SITE_MDC:
        raise Garbled("site")
    return found


def begun(packet: bytes) -> None:
    """An intermediate temperature shows that it measures; its number is no result and is not passed on.

    Raises:
        Garbled: as `decode`.
    """
    decode(packet)


def encode(value: Temperature) -> bytes:
    """The packet of a thermometer that measured *value*."""
    flags = (
        (_FAHRENHEIT if value.fahrenheit else 0)
        | (_TIME if value.device_time else 0)
        | (_TYPE if value.site is not None else 0)
    )
    return b"".join(
        (
            bytes([flags]),
            float_bytes(value.degrees),
            date_time_bytes(value.device_time) if value.device_time else b"",
            bytes([value.site]) if value.site is not None else b"",
        )
    )


def in_fahrenheit(celsius: Decimal) -> Decimal:
    """As a thermometer that is set to Fahrenheit rounds it, to a tenth of a degree."""
    return (celsius * 9 / 5 + 32).quantize(Decimal("0.1"))
