"""Weight Measurement (2A9D), GATT Specification Supplement.

Layout: flags u8 (bit 0 imperial, 1 time, 2 user, 3 BMI and height), weight u16 in steps of 0.005 kg or 0.01 lb
(0xFFFF: the measurement was not successful), Date Time 7 bytes, user u8 (255 unknown), BMI u16 in steps of 0.1 kg/m²,
height u16 in steps of 0.001 m or 0.1 in.

Pounds stay what they are (UCUM ``[lb_av]``, which R4's profiles allow). BMI and height are read, to know where the
packet ends, and go no further: the scale did not measure them. They are from a profile that somebody stored in it once,
maybe of another person, and would be shown and confirmed like what was measured.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from room_agent.devices.driver import Absent, Component, Value
from room_agent.devices.packet import Packet, date_time_bytes, within
from room_agent.devices.reading import Reading

SERVICE = "0000181d-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a9d-0000-1000-8000-00805f9b34fb"

WEIGHT_MDC = 188736
_IMPERIAL, _TIME, _USER, _BMI = 0x01, 0x02, 0x04, 0x08
_UNSUCCESSFUL = 0xFFFF
_STEP_KG, _STEP_LB = Decimal("0.005"), Decimal("0.01")
_STEP_BMI, _STEP_CM, _STEP_IN = Decimal("0.1"), Decimal("0.1"), Decimal("0.1")
_LIGHTEST = Decimal("0.3")
_KG_PER_LB, _CM_PER_IN = Decimal("0.45359237"), Decimal("2.54")


@dataclass(frozen=True)
class Weight(Reading):
    """*weight* in kg and *height* in cm, or in lb and in where *imperial*; *bmi* in kg/m². None: not sent.

    *bmi* and *height* are of the profile that is stored in the scale, and never among the `components`.
    """

    weight: Value
    imperial: bool = False
    device_time: datetime | None = None
    user: int | None = None
    bmi: Value | None = None
    height: Value | None = None

    @property
    def has_value(self) -> bool:
        return not isinstance(self.weight, Absent)

    @property
    def components(self) -> tuple[Component, ...]:
        return (Component(WEIGHT_MDC, ("29463-7",), self.weight, "[lb_av]" if self.imperial else "kg"),)


def decode(packet: bytes) -> Weight:
    """Read a Weight Measurement.

    Raises:
        Garbled: the packet ends early, is longer than its flags say, or holds what no person has.
    """
    reader = Packet(packet)
    flags = reader.uint(1)
    imperial = bool(flags & _IMPERIAL)
    raw = reader.uint(2)
    weight: Value = Absent.ERROR if raw == _UNSUCCESSFUL else raw * (_STEP_LB if imperial else _STEP_KG)
    device_time = reader.date_time() if flags & _TIME else None
    user = reader.uint(1) if flags & _USER else None
    bmi = reader.uint(2) * _STEP_BMI if flags & _BMI else None
    height = reader.uint(2) * (_STEP_IN if imperial else _STEP_CM) if flags & _BMI else None
    reader.end()
    return Weight(
        within(weight, _LIGHTEST, 700),
        imperial,
        device_time,
        user,
        bmi=_sent(bmi, 5, 200),
        height=_sent(height, 10, 275),
    )


def _sent(value: Decimal | None, low: int, high: int) -> Value | None:
    """Zero is what scales send that know neither BMI nor height."""
    return None if value is None or value == 0 else within(value, low, high)


def encode(value: Weight) -> bytes:
    """The packet of a scale that measured *value*.

    Raises:
        ValueError: a number that the packet's steps do not hold.
    """
    with_bmi = value.bmi is not None or value.height is not None
    flags = (
        (_IMPERIAL if value.imperial else 0)
        | (_TIME if value.device_time else 0)
        | (_USER if value.user is not None else 0)
        | (_BMI if with_bmi else 0)
    )
    weight = _UNSUCCESSFUL if isinstance(value.weight, Absent) else _steps(value.weight, _step(value))
    return b"".join(
        (
            bytes([flags]),
            weight.to_bytes(2, "little"),
            date_time_bytes(value.device_time) if value.device_time else b"",
            bytes([value.user]) if value.user is not None else b"",
            _steps(value.bmi, _STEP_BMI).to_bytes(2, "little") if with_bmi else b"",
            _steps(value.height, _STEP_IN if value.imperial else _STEP_CM).to_bytes(2, "little") if with_bmi else b"",
        )
    )


def in_pounds(value: Weight) -> Weight:
    """What a scale shows that is set to pounds and inches, to its own steps."""
    if isinstance(value.weight, Absent):
        return replace(value, imperial=True, bmi=None, height=None)
    height = value.height
    inches = (height / _CM_PER_IN).quantize(_STEP_IN) if isinstance(height, Decimal) else None
    return replace(value, weight=(value.weight / _KG_PER_LB).quantize(_STEP_LB), imperial=True, height=inches)


def _step(value: Weight) -> Decimal:
    return _STEP_LB if value.imperial else _STEP_KG


def _steps(value: Value | None, step: Decimal) -> int:
    if not isinstance(value, Decimal):
        return 0
    if value % step:
        raise ValueError("between two steps")
    return int(value / step)
