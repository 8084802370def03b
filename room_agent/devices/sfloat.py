"""SFLOAT, the 16-bit decimal of medical devices (ISO/IEEE 11073-20601; GATT: medfloat16).

Four bits of exponent and twelve of mantissa, both two's complement (not biased). The exponent carries the precision:
0xF014 is 2.0 and 0x0002 is 2, so numbers are `Decimal`s that keep their digits.
"""

from decimal import Decimal

from room_agent.devices.driver import Absent, Value

_SPECIAL = {
    0x07FF: Absent.NOT_A_NUMBER,
    0x0800: Absent.ERROR,
    0x0801: Absent.ERROR,
    0x07FE: Absent.POSITIVE_INFINITY,
    0x0802: Absent.NEGATIVE_INFINITY,
}
_BYTES = {
    Absent.NOT_A_NUMBER: 0x07FF,
    Absent.ERROR: 0x0800,
    Absent.POSITIVE_INFINITY: 0x07FE,
    Absent.NEGATIVE_INFINITY: 0x0802,
}
_MANTISSAS = range(-0x7FD, 0x7FE)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def from_sfloat(raw: int) -> Value:
    """The number in the 16 bits *raw*, with as many decimals as the device measured.

    The five mantissas of the special values mean a number with no exponent either, so they are read as an error.
    """
    if raw in _SPECIAL:
        return _SPECIAL[raw]
    exponent, mantissa = _signed(raw >> 12, 4), _signed(raw & 0x0FFF, 12)
    if mantissa not in _MANTISSAS:
        return Absent.ERROR
    if exponent > 0:
        return Decimal(mantissa * 10**exponent)
    return Decimal(mantissa).scaleb(exponent)


def to_sfloat(value: Value) -> int:
    """The 16 bits for *value*; trailing zeros of a whole number go into the exponent only where they must.

    Raises:
        ValueError: the number has more digits than an SFLOAT holds.
    """
    if isinstance(value, Absent):
        return _BYTES[value]
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("use Absent for what is not a number")
    mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
    while mantissa not in _MANTISSAS and mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    if mantissa not in _MANTISSAS or not -8 <= exponent <= 7:
        raise ValueError("does not fit an SFLOAT")
    return ((exponent & 0xF) << 12) | (mantissa & 0x0FFF)
