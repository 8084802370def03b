"""SFLOAT and FLOAT, the decimals of medical devices (ISO/IEEE 11073-20601; GATT: medfloat16 and medfloat32).

SFLOAT: four bits of exponent and twelve of mantissa; FLOAT: eight and twenty-four; all two's complement (not biased).
The exponent carries the precision: SFLOAT 0xF014 is 2.0 and 0x0002 is 2, so numbers are `Decimal`s that keep their
digits.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from room_agent.devices.driver import Absent, Value


@dataclass(frozen=True)
class Format:
    """Sizes in bits. The five mantissas around the largest one are special values, whatever the exponent."""

    exponent_bits: int
    mantissa_bits: int

    @cached_property
    def largest(self) -> int:
        """The largest mantissa that is a number."""
        return (1 << (self.mantissa_bits - 1)) - 3

    @cached_property
    def _specials(self) -> dict[int, Absent]:
        high = 1 << (self.mantissa_bits - 1)
        return {
            high - 1: Absent.NOT_A_NUMBER,
            high: Absent.ERROR,
            high + 1: Absent.ERROR,
            high - 2: Absent.POSITIVE_INFINITY,
            high + 2: Absent.NEGATIVE_INFINITY,
        }

    def read(self, raw: int) -> Value:
        """The number in the bits *raw*, with as many decimals as the device measured.

        The mantissas of the special values mean a number with no exponent either, so they are read as an error.
        """
        specials = self._specials
        if raw in specials:
            return specials[raw]
        exponent = _signed(raw >> self.mantissa_bits, self.exponent_bits)
        mantissa = _signed(raw & ((1 << self.mantissa_bits) - 1), self.mantissa_bits)
        if abs(mantissa) > self.largest:
            return Absent.ERROR
        if exponent > 0:
            return Decimal(mantissa * 10**exponent)
        return Decimal(mantissa).scaleb(exponent)

    def write(self, value: Value) -> int:
        """The bits for *value*; trailing zeros of a whole number go into the exponent only where they must.

        Raises:
            ValueError: the number has more digits than the format holds.
        """
        if isinstance(value, Absent):
            return next(raw for raw, absent in self._specials.items() if absent is value)
        sign, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int):
            raise ValueError("use Absent for what is not a number")
        mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
        while abs(mantissa) > self.largest and mantissa % 10 == 0:
            mantissa, exponent = mantissa // 10, exponent + 1
        half = 1 << (self.exponent_bits - 1)
        if abs(mantissa) > self.largest or not -half <= exponent < half:
            raise ValueError("does not fit")
        exponent_part = (exponent & ((1 << self.exponent_bits) - 1)) << self.mantissa_bits
        return exponent_part | (mantissa & ((1 << self.mantissa_bits) - 1))


SFLOAT = Format(exponent_bits=4, mantissa_bits=12)
FLOAT = Format(exponent_bits=8, mantissa_bits=24)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
