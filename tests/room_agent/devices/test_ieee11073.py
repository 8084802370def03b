"""Numbers of medical devices, held to other people's tables."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_agent.devices.driver import Absent
from room_agent.devices.ieee11073 import FLOAT, SFLOAT, Format

HL7_SFLOATS = [
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

SPECIAL_SFLOATS = [
    (0x07FF, Absent.NOT_A_NUMBER),
    (0x07FE, Absent.POSITIVE_INFINITY),
    (0x0802, Absent.NEGATIVE_INFINITY),
    (0x0800, Absent.ERROR),
    (0x0801, Absent.ERROR),
]


HL7_FLOATS = [
    (0x00000002, "2"),
    (0xFF000014, "2.0"),
    (0xFE0000C8, "2.00"),
    (0x01000002, "20"),
    (0x00FFFB2E, "-1234"),
    (0xFF00016C, "36.4"),
    (0xFE000E38, "36.40"),
    (0xFF0003DA, "98.6"),
]
"""The same table; 0xFF00016C is the 36.4 of the Health Thermometer Profile's example."""

SPECIAL_FLOATS = [
    (0x007FFFFF, Absent.NOT_A_NUMBER),
    (0x007FFFFE, Absent.POSITIVE_INFINITY),
    (0x00800002, Absent.NEGATIVE_INFINITY),
    (0x00800000, Absent.ERROR),
    (0x00800001, Absent.ERROR),
]

NUMBERS = [*((SFLOAT, raw, text) for raw, text in HL7_SFLOATS), *((FLOAT, raw, text) for raw, text in HL7_FLOATS)]
SPECIALS = [
    *((SFLOAT, raw, kind) for raw, kind in SPECIAL_SFLOATS),
    *((FLOAT, raw, kind) for raw, kind in SPECIAL_FLOATS),
]
SIZES = [(SFLOAT, 16), (FLOAT, 32)]


@pytest.mark.parametrize(("form", "raw", "text"), NUMBERS)
def test_the_digits_are_those_of_the_hl7_table(form: Format, raw: int, text: str) -> None:
    assert str(form.read(raw)) == text


@pytest.mark.parametrize(("form", "raw", "absent"), SPECIALS)
def test_special_values_are_absent_with_the_fhir_reason(form: Format, raw: int, absent: Absent) -> None:
    assert form.read(raw) is absent


@pytest.mark.parametrize(("form", "bits"), SIZES)
@given(data=st.data())
def test_every_pattern_is_read_and_written_back_as_the_same_value(form: Format, bits: int, data: st.DataObject) -> None:
    value = form.read(data.draw(st.integers(0, 2**bits - 1)))
    assert form.read(form.write(value)) == value


@pytest.mark.parametrize("form", [SFLOAT, FLOAT])
@given(data=st.data())
def test_decimals_survive_the_round_trip(form: Format, data: st.DataObject) -> None:
    mantissa = data.draw(st.integers(-form.largest, form.largest))
    value = Decimal(mantissa).scaleb(data.draw(st.integers(-8, 0)))
    assert str(form.read(form.write(value))) == str(value)


@pytest.mark.parametrize("text", ["20470001", "0.000000001", "123.45", "NaN"])
def test_what_does_not_fit_16_bits_is_refused_not_rounded(text: str) -> None:
    with pytest.raises(ValueError):
        SFLOAT.write(Decimal(text))


@pytest.mark.parametrize("text", ["8388606", "1e-129", "1e200", "Infinity"])
def test_what_does_not_fit_32_bits_is_refused_not_rounded(text: str) -> None:
    with pytest.raises(ValueError):
        FLOAT.write(Decimal(text))
