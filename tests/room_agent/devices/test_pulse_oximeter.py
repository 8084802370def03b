"""Oximeter packets: foreign vectors, round trip, truncation, mutation."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_agent.devices import pulse_oximeter
from room_agent.devices.driver import Absent, Garbled
from room_agent.devices.pulse_oximeter import Pleth, PulseOximetry, decode, decode_pleth, encode, encode_pleth

readings = st.builds(
    PulseOximetry,
    st.one_of(st.just(Absent.NOT_A_NUMBER), st.integers(0, 100).map(Decimal)),
    st.one_of(st.just(Absent.NOT_A_NUMBER), st.integers(0, 350).map(Decimal)),
    amplitude_percent=st.one_of(st.none(), st.integers(0, 1000).map(lambda n: Decimal(n).scaleb(-1))),
    measurement_status=st.one_of(st.none(), st.integers(0, 0xFFFF)),
    device_status=st.one_of(st.none(), st.integers(0, 0xFFFFFF)),
)
pieces = st.builds(
    Pleth,
    st.integers(0, 0xFFFF),
    st.integers(1, 255),
    st.lists(st.integers(-0x8000, 0x7FFF), min_size=1, max_size=9).map(tuple),
)


def test_97_percent_and_71_beats() -> None:
    found = decode(bytes.fromhex("00 6100 4700"))
    assert (found.saturation_percent, found.pulse_per_min) == (97, 71)


def test_the_digits_of_the_oximeter_are_kept() -> None:
    assert str(decode(bytes.fromhex("00 caf3 4700")).saturation_percent) == "97.0"


def test_fast_and_slow_averages_are_skipped() -> None:
    found = decode(bytes.fromhex("03 6100 4700 6000 4600 6200 4800"))
    assert (found.saturation_percent, found.pulse_per_min) == (97, 71)


def test_an_oximeter_without_a_finger_has_no_value() -> None:
    found = decode(bytes.fromhex("08 ff07 ff07 000800"))
    assert not found.has_value
    assert found.flags == ("no-finger",)


def test_what_the_device_calls_invalid_or_stored_is_no_live_value() -> None:
    assert not decode(bytes.fromhex("04 6100 4700 0080")).has_value
    assert decode(bytes.fromhex("04 6100 4700 0002")).stored


@given(readings)
def test_what_is_written_is_read_back(value: PulseOximetry) -> None:
    assert decode(encode(value)) == value


@given(readings, st.one_of(st.none(), st.just(datetime(2026, 11, 24, 9, 1))))
def test_a_spot_check_is_read_back(value: PulseOximetry, moment: datetime | None) -> None:
    spot = PulseOximetry(**{**vars(value), "device_time": moment})
    assert pulse_oximeter.decode_spot(pulse_oximeter.encode_spot(spot)) == spot


def test_the_time_of_a_clock_never_set_is_dropped() -> None:
    packet = bytearray(
        pulse_oximeter.encode_spot(PulseOximetry(Decimal(97), Decimal(71), device_time=datetime(2021, 1, 1)))
    )
    packet[0] |= 0x10
    assert pulse_oximeter.decode_spot(bytes(packet)).device_time is None


@given(readings)
def test_every_truncated_packet_is_refused(value: PulseOximetry) -> None:
    for packet, reader in ((encode(value), decode), (pulse_oximeter.encode_spot(value), pulse_oximeter.decode_spot)):
        for length in range(len(packet)):
            with pytest.raises(Garbled):
                reader(packet[:length])


@given(st.binary(max_size=32))
def test_any_bytes_give_a_possible_value_or_are_refused(packet: bytes) -> None:
    try:
        found = decode(packet)
    except Garbled:
        return
    assert isinstance(found.saturation_percent, Absent) or 0 <= found.saturation_percent <= 100


@given(pieces)
def test_a_piece_of_the_curve_is_read_back_and_every_truncation_refused(piece: Pleth) -> None:
    packet = encode_pleth(piece)
    assert decode_pleth(packet) == piece
    for length in range(len(packet)):
        with pytest.raises(Garbled):
            decode_pleth(packet[:length])


def test_a_curve_of_another_version_is_refused() -> None:
    with pytest.raises(Garbled):
        decode_pleth(b"\x02" + encode_pleth(Pleth(1, 50, (1, 2)))[1:])
