"""The bytes of an ECG recorder and of a Polar belt: round trips, foreign vectors, every prefix, gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from room_agent.devices import ecg, polar
from room_agent.devices.curve import NO_VALUE, CurvePiece
from room_agent.devices.driver import Garbled
from room_agent.devices.ecg import EcgPacket
from schemas.measurement import WaveKind

TWELVE = tuple(range(12))


def packet(begin: int = 0, *, leads: tuple[int, ...] = TWELVE, rows: int = 20, rate_hz: int = 500) -> bytes:
    frames = np.arange(rows * len(leads), dtype=np.int16).reshape(rows, len(leads))
    return ecg.encode(EcgPacket(leads, rate_hz, 2500, begin, frames))


@given(
    st.sets(st.integers(0, 11), min_size=1),
    st.integers(1, 2000),
    st.integers(1, 65535),
    st.integers(0, 2**32 - 1),
    st.integers(1, 20),
)
def test_what_a_recorder_writes_is_what_is_read(
    leads: set[int], rate_hz: int, resolution_nv: int, begin: int, rows: int
) -> None:
    frames = np.arange(-5, -5 + rows * len(leads), dtype=np.int16).reshape(rows, len(leads))
    made = EcgPacket(tuple(sorted(leads)), rate_hz, resolution_nv, begin, frames)
    piece = ecg.decode(ecg.encode(made))
    assert piece.mdc == tuple(ecg.LEAD_MDC[place] for place in made.leads)
    assert (piece.rate_hz, piece.begin, piece.length) == (rate_hz, begin, rows)
    assert piece.scale == pytest.approx(resolution_nv / 1e6)
    assert np.array_equal(np.frombuffer(piece.samples, "<i2").reshape(rows, len(leads)), frames)


def test_the_documented_bytes_of_one_packet() -> None:
    piece = ecg.decode(bytes.fromhex("01 0200 f401 c409 0a000000 9001 0080"))
    assert piece == CurvePiece(WaveKind.ECG, (131330,), 500, 0.0025, bytes.fromhex("90010080"), 10)
    assert list(np.frombuffer(piece.samples, "<i2")) == [400, NO_VALUE]


def test_no_part_of_a_packet_is_taken_for_a_whole_one() -> None:
    whole = packet(rows=2)
    for size in range(len(whole)):
        if size > 11 and (size - 11) % 24 == 0:
            assert ecg.decode(whole[:size]).length == (size - 11) // 24
        else:
            with pytest.raises(Garbled):
                ecg.decode(whole[:size])


@pytest.mark.parametrize(
    "spoilt", [(0, 2), (1, 0), (2, 0x1F), (4, 0x40)], ids=["version", "too few leads", "unknown lead", "rate"]
)
def test_an_absurd_header_is_refused(spoilt: tuple[int, int]) -> None:
    whole = bytearray(packet(leads=(0,), rows=1))
    whole[spoilt[0]] = spoilt[1]
    with pytest.raises(Garbled):
        ecg.decode(bytes(whole))


def test_a_packet_is_as_long_as_the_radio_allows() -> None:
    assert ecg.frames_for(517, 12) == 20
    assert ecg.frames_for(247, 12) == 9
    assert ecg.frames_for(23, 1) == 4
    assert len(packet()) + 3 <= 517
    with pytest.raises(ValueError, match="too small"):
        ecg.frames_for(23, 12)


def test_lost_packets_are_counted_in_samples_also_where_the_counter_wraps() -> None:
    first, second, fourth = (ecg.decode(packet(2**32 - 20 + 20 * n)) for n in (0, 1, 3))
    assert first.missing_after(None) == second.missing_after(first) == 0
    assert fourth.missing_after(second) == 20


def test_a_recorder_that_was_switched_off_and_on_leaves_a_gap() -> None:
    before, after = ecg.decode(packet(80_000)), ecg.decode(packet(0))
    assert after.missing_after(before) == 1


BELT = bytes.fromhex("00 00ca9a3b00000000 00 ffffff d2ff ff 000080 ffff7f")


def test_the_belts_samples_are_signed_microvolts_of_24_bit() -> None:
    piece = polar.decode(BELT)
    assert list(np.frombuffer(piece.samples, "<i2")) == [-1, -46, -32767, 32767]
    assert (piece.rate_hz, piece.mdc, piece.scale) == (130, (131328,), 0.001)
    assert piece.begin == 130 - 4 + 1


def test_what_a_belt_writes_is_what_is_read() -> None:
    microvolts = np.array([-900, 0, 1250, 32000], dtype=np.int32)
    piece = polar.decode(polar.encode(microvolts, 10**18))
    assert list(np.frombuffer(piece.samples, "<i2")) == list(microvolts)


def test_no_part_of_a_belts_packet_is_taken_for_a_whole_one() -> None:
    for size in range(len(BELT)):
        if size > 10 and (size - 10) % 3 == 0:
            assert polar.decode(BELT[:size]).length == (size - 10) // 3
        else:
            with pytest.raises(Garbled):
                polar.decode(BELT[:size])
    for place, value in ((0, 2), (9, 1)):
        spoilt = bytearray(BELT)
        spoilt[place] = value
        with pytest.raises(Garbled):
            polar.decode(bytes(spoilt))


@given(st.integers(0, 2**60), st.floats(0.99, 1.01))
def test_a_belts_own_clock_is_no_gap_but_a_lost_packet_is(began_ns: int, speed: float) -> None:
    lasts_ns = int(73 / 130 * 1e9 * speed)
    silence = np.zeros(73, dtype=np.int32)
    first, second, fourth = (polar.decode(polar.encode(silence, began_ns + n * lasts_ns)) for n in (0, 1, 3))
    assert second.missing_after(first) == 0
    assert 71 <= fourth.missing_after(second) <= 76


def test_the_control_point_answers_for_an_ecg_only() -> None:
    assert polar.decode_answer(polar.encode_answer(2, polar.Status.ALREADY)) == polar.Status.ALREADY
    assert polar.decode_answer(bytes.fromhex("f0 02 00 00 00 00 00")) == polar.Status.SUCCESS
    for bad in ("f0 02 00", "f1 02 00 00 00", "f0 01 00 00 00", "f0 02 02 00 00"):
        with pytest.raises(Garbled):
            polar.decode_answer(bytes.fromhex(bad))
