"""Loudness is measured as ITU-R BS.1770 says, and everything comes out equally loud and unclipped."""

import io
import wave

import numpy as np
import pytest

from telemed.kit.waves import CHIME_HZ, RATE, TARGET_LUFS, Samples, chime, joined, levelled, loudness, silence, to_wav

FULL_SCALE_SINE_LUFS = -3.01
"""BS.1770-4: a sine of 997 Hz at full scale in one channel."""


def tone(hertz: float, seconds: float, size: float = 1.0) -> Samples:
    return (size * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_the_sine_of_the_standard_is_as_loud_as_it_says() -> None:
    assert loudness(tone(997, 3)) == pytest.approx(FULL_SCALE_SINE_LUFS, abs=0.05)
    assert loudness(tone(997, 3, 0.1)) == pytest.approx(FULL_SCALE_SINE_LUFS - 20, abs=0.05)


def test_pauses_do_not_make_it_quieter_and_a_low_hum_counts_less() -> None:
    whole = tone(997, 2, 0.1)
    assert loudness(np.concatenate([whole, silence(4), whole])) == pytest.approx(loudness(whole), abs=0.6)
    assert loudness(tone(40, 2)) < loudness(tone(997, 2)) - 3
    assert loudness(silence(1)) == -np.inf
    assert loudness(silence(0)) == -np.inf


@pytest.mark.parametrize("size", [0.001, 0.1, 1.0])
@pytest.mark.parametrize("seconds", [0.15, 0.5, 3])
def test_everything_comes_out_equally_loud_and_nothing_is_clipped(size: float, seconds: float) -> None:
    peaky = (size * tone(300, seconds) ** 9).astype(np.float32)  # as spiky as speech
    for made in (levelled(tone(440, seconds, size)), levelled(peaky)):
        assert loudness(made) == pytest.approx(TARGET_LUFS, abs=1)
        assert np.abs(made).max() < 0.9


def test_silence_stays_silent() -> None:
    assert not levelled(silence(0.5)).any()


def test_a_quiet_piece_beside_a_loud_one_is_heard() -> None:
    both = joined([tone(440, 0.5, 0.9), tone(660, 0.5, 0.01)])
    first, second = both[: len(both) // 2], both[len(both) // 2 :]
    assert loudness(first) == pytest.approx(loudness(second), abs=2)


def test_the_chime_is_two_tones_that_old_ears_hear() -> None:
    samples = chime()
    for part, hertz in zip((samples[: RATE // 4], samples[-RATE // 2 :]), CHIME_HZ, strict=True):
        spectrum = np.abs(np.fft.rfft(part))
        assert np.argmax(spectrum) * RATE / len(part) == pytest.approx(hertz, abs=5)
        assert 500 <= hertz <= 1000
    assert loudness(samples) == pytest.approx(TARGET_LUFS, abs=1)
    assert 0.5 <= len(samples) / RATE <= 3


def test_a_file_holds_what_was_made() -> None:
    with wave.open(io.BytesIO(to_wav(tone(440, 0.5, 0.5)))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() == RATE // 2
