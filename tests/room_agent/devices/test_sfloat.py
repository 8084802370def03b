"""Numbers of medical devices, held to other people's tables."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_agent.devices.driver import Absent
from room_agent.devices.sfloat import from_sfloat, to_sfloat

HL7_TABLE = [
    (0x0002, "2"),
    (0xF014, "2.0"),
    (0xE0C8, "2.00"),
    (0x1002, "20"),
    (0x2002, "200"),
    (0x00C8, "200"),
    (0x04D2, "1234"),
    (0x0B2E, "-1234"),
    (0x0079, "121"),
]
"""HL7 Personal Health Device Implementation Guide, "Mder FLOATs and SFLOATs"; the last from a cuff's 121 mmHg."""

HL7_SPECIAL = [
    (0x07FF, Absent.NOT_A_NUMBER),
    (0x07FE, Absent.POSITIVE_INFINITY),
    (0x0802, Absent.NEGATIVE_INFINITY),
    (0x0800, Absent.ERROR),
    (0x0801, Absent.ERROR),
]


@pytest.mark.parametrize(("raw", "text"), HL7_TABLE)
def test_the_digits_are_those_of_the_hl7_table(raw: int, text: str) -> None:
    assert str(from_sfloat(raw)) == text


@pytest.mark.parametrize(("raw", "absent"), HL7_SPECIAL)
def test_special_values_are_absent_with_the_fhir_reason(raw: int, absent: Absent) -> None:
    assert from_sfloat(raw) is absent


@given(st.integers(0, 0xFFFF))
def test_every_pattern_is_read_and_written_back_as_the_same_value(raw: int) -> None:
    value = from_sfloat(raw)
    assert from_sfloat(to_sfloat(value)) == value


@given(st.integers(-0x7FD, 0x7FD), st.integers(-8, 0))
def test_decimals_survive_the_round_trip(mantissa: int, exponent: int) -> None:
    value = Decimal(mantissa).scaleb(exponent)
    assert str(from_sfloat(to_sfloat(value))) == str(value)


@pytest.mark.parametrize("text", ["20470001", "0.000000001", "123.45", "NaN"])
def test_what_does_not_fit_is_refused_not_rounded(text: str) -> None:
    with pytest.raises(ValueError):
        to_sfloat(Decimal(text))
