"""The filter between two sampling rates: flat where it should be, nothing folds back, pieces make no difference."""

import numpy as np
import pytest

from room_agent.media.heart import Samples
from room_agent.media.resample import Resampler

RATES = [(48_000, 4_000), (44_100, 4_000), (8_000, 4_000), (4_000, 48_000), (44_100, 48_000)]


def tone(hz: float, rate_hz: int, seconds: float = 1.5) -> Samples:
    moments = np.arange(round(rate_hz * seconds)) / rate_hz
    return np.round(16_000 * np.sin(2 * np.pi * hz * moments)).astype(np.int16)


def gain_db(sound: Samples, hz: int, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(sound[-rate_hz:])) * 2 / rate_hz
    return float(20 * np.log10(max(spectrum[hz], 1e-3) / 16_000))


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_all_that_a_chest_sounds_is_flat(from_hz: int, to_hz: int) -> None:
    for hz in (20, 40, 100, 500, 1_000, 1_799):
        heard = Resampler(from_hz, to_hz)(tone(hz, from_hz))
        assert abs(gain_db(heard, hz, to_hz)) < 0.01, hz


@pytest.mark.parametrize("from_hz", [48_000, 44_100])
def test_nothing_folds_back(from_hz: int) -> None:
    for hz in (2_010, 2_500, 3_990, 6_000):
        heard = Resampler(from_hz, 4_000)(tone(hz, from_hz))[-4_000:]
        assert 20 * np.log10(max(1, np.abs(heard).max()) / 16_000) < -78, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_pieces_are_the_same_as_the_whole_and_as_many_as_time_has_passed(from_hz: int, to_hz: int) -> None:
    whole = np.random.default_rng(2).integers(-9_000, 9_000, from_hz // 2).astype(np.int16)
    by_pieces = Resampler(from_hz, to_hz)
    pieces = [by_pieces(piece) for piece in np.split(whole, 25)]
    assert np.array_equal(np.concatenate(pieces), Resampler(from_hz, to_hz)(whole))
    assert {piece.size for piece in pieces} == {to_hz // 50}


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_the_delay_is_as_documented(from_hz: int, to_hz: int) -> None:
    click = np.zeros(from_hz // 5, dtype=np.int16)
    click[from_hz // 50] = 32_000
    resampler = Resampler(from_hz, to_hz)
    late_s = np.abs(resampler(click)).argmax() / to_hz - 0.02
    assert late_s == pytest.approx(resampler.delay_s, abs=1 / min(from_hz, to_hz))


def test_the_same_rate_goes_through_bit_by_bit() -> None:
    every = np.arange(-32_768, 32_768, 7).astype(np.int16)
    assert np.array_equal(Resampler(4_000, 4_000)(every), every)


def test_what_is_too_loud_is_cut_and_never_wraps() -> None:
    square = np.where(np.arange(4_800) % 480 < 240, 32_767, -32_768).astype(np.int16)
    heard = Resampler(48_000, 4_000)(square)[50:]
    assert heard.max() == 32_767
    assert (heard[10::40] > 30_000).all()
    assert (heard[30::40] < -30_000).all()
