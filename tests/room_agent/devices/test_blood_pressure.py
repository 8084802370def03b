"""Blood pressure packets: foreign vectors, round trip, truncation, mutation."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_agent.devices.blood_pressure import (
    BloodPressure,
    decode,
    decode_cuff_pressure,
    encode,
    encode_cuff_pressure,
)
from room_agent.devices.driver import Absent, Garbled

WITH_EVERYTHING = BloodPressure(
    Decimal(121),
    Decimal(79),
    Decimal(93),
    pulse_per_min=Decimal(72),
    device_time=datetime(2026, 11, 24, 9, 0, 30),
    user=1,
    status=0x0004,
)


@st.composite
def pressures(draw: st.DrawFn) -> BloodPressure:
    diastolic = draw(st.integers(20, 200))
    return BloodPressure(
        Decimal(draw(st.integers(max(40, diastolic + 1), 400))),
        Decimal(diastolic),
        draw(st.one_of(st.just(Absent.NOT_A_NUMBER), st.integers(20, 400).map(Decimal))),
        pulse_per_min=draw(st.one_of(st.none(), st.integers(20, 350).map(Decimal))),
        device_time=draw(
            st.one_of(
                st.none(),
                st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(microsecond=0)),
            )
        ),
        user=draw(st.one_of(st.none(), st.integers(0, 255))),
        status=draw(st.one_of(st.none(), st.integers(0, 0xFFFF))),
    )


def test_a_cuffs_packet_of_121_over_79_is_read_as_such() -> None:
    found = decode(bytes.fromhex("14 7900 4f00 5d00 4800 0000"))
    assert (found.systolic_mmhg, found.diastolic_mmhg, found.mean_mmhg, found.pulse_per_min) == (121, 79, 93, 72)


def test_a_failed_measurement_of_2047_over_2047_has_no_value() -> None:
    """What a real cuff sent, without any status bit (blood-pressure-monitor-fl, issue 80: 2047 in all fields)."""
    found = decode(bytes.fromhex("00 ff07 ff07 ff07"))
    assert not found.has_value
    assert {c.value for c in found.components} == {Absent.NOT_A_NUMBER}


def test_kilopascal_is_shown_in_mmhg() -> None:
    found = decode(bytes.fromhex("01 a1f0 69f0 7bf0"))
    assert (found.systolic_mmhg, found.diastolic_mmhg) == (121, 79)


def test_what_the_cuff_noticed_is_said_in_words() -> None:
    assert decode(encode(WITH_EVERYTHING)).flags == ("irregular-pulse",)
    assert decode(bytes.fromhex("10 7900 4f00 5d00 2b00")).flags == (
        "body-movement",
        "cuff-loose",
        "wrong-position",
        "pulse-high",
    )


@given(pressures())
def test_what_is_written_is_read_back(value: BloodPressure) -> None:
    assert decode(encode(value)) == value


@given(pressures())
def test_every_truncated_packet_is_refused(value: BloodPressure) -> None:
    packet = encode(value)
    for length in range(len(packet)):
        with pytest.raises(Garbled):
            decode(packet[:length])


@given(pressures(), st.data())
def test_a_mutated_packet_gives_a_possible_value_or_is_refused(value: BloodPressure, data: st.DataObject) -> None:
    packet = bytearray(encode(value))
    packet[data.draw(st.integers(0, len(packet) - 1))] ^= data.draw(st.integers(1, 255))
    assert _refused_or_possible(bytes(packet))


@given(st.binary(max_size=32))
def test_any_bytes_give_a_possible_value_or_are_refused(packet: bytes) -> None:
    assert _refused_or_possible(packet)


def _refused_or_possible(packet: bytes) -> bool:
    try:
        found = decode(packet)
    except Garbled:
        return True
    if isinstance(found.systolic_mmhg, Absent) or isinstance(found.diastolic_mmhg, Absent):
        return not found.has_value
    return 0 <= found.diastolic_mmhg < found.systolic_mmhg <= 400 and found.systolic_mmhg >= 40


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        ("00 9101 4f00 5d00", "range"),
        ("00 79ff 4f00 5d00", "range"),
        ("00 4f00 7900 5d00", "order"),
        ("00 a1f0 69f0 7bf0", "range"),
        ("00 7900 4f00 5d00 00", "long"),
        ("04 7900 4f00 5d00 e803", "range"),
        ("02 7900 4f00 5d00 ea07 0d01 000000", "time"),
        ("", "short"),
    ],
)
def test_the_absurd_is_refused_with_a_word(packet: str, code: str) -> None:
    with pytest.raises(Garbled) as refused:
        decode(bytes.fromhex(packet))
    assert refused.value.code == code


def test_an_unknown_time_is_none() -> None:
    assert decode(bytes.fromhex("02 7900 4f00 5d00 00000000000000")).device_time is None


def test_the_cuff_pressure_on_the_way_up() -> None:
    assert decode_cuff_pressure(encode_cuff_pressure(Decimal(140))) == 140
