"""What is measured for the checks: sharpness, the tone, heat, space."""

from pathlib import Path

import numpy as np
import pytest

from room_agent.checks.machine import free_bytes, hottest_c
from room_agent.media.checks import BLURRED_PART, hears_tone, learnt, sharpness
from room_agent.media.ear import with_tone
from room_agent.media.heart import heart_sounds
from room_agent.media.picture import Pixels


def checks(size: int, *, spread: int = 0) -> Pixels:
    """A board of squares, 640 × 480, whose edges are *spread* pixels wide."""
    board = np.kron(np.indices((480 // size, 640 // size)).sum(axis=0) % 2 * 150.0 + 40, np.ones((size, size)))
    for axis in (0, 1):
        if spread:
            board = np.mean([np.roll(board, shift, axis) for shift in range(-spread, spread + 1)], axis=0)
    return board.astype(np.uint8)


def test_edges_twice_as_wide_as_usual_are_blurred_and_a_little_wider_ones_are_not() -> None:
    usual = sharpness(checks(40, spread=1))
    left = [sharpness(checks(40, spread=spread)) / usual for spread in (2, 3, 6)]
    assert left == pytest.approx([0.38, 0.19, 0.05], abs=0.01)
    assert left[0] > BLURRED_PART > left[1]


def test_less_light_and_another_size_are_not_blur() -> None:
    sharp = sharpness(checks(40))
    assert sharpness((checks(40) * 0.8).astype(np.uint8)) > BLURRED_PART * sharp
    assert sharpness(np.kron(checks(40), np.ones((2, 2), dtype=np.uint8))) == pytest.approx(sharp)


def test_the_reference_is_the_first_good_picture_and_rises_slowly() -> None:
    assert learnt(None, 80.0) == 80.0
    assert learnt(80.0, 180.0) == pytest.approx(90.0)
    assert learnt(80.0, 40.0) == 80.0


def test_the_tone_is_found_among_heart_sounds_and_in_no_others() -> None:
    heart = heart_sounds(seconds=2)
    noise = np.random.default_rng(3).normal(0, 300, 48_000).astype(np.int16)
    assert [hears_tone(sound) for sound in (heart, noise, np.zeros(48_000, dtype=np.int16))] == [False] * 3
    assert hears_tone(with_tone(heart))
    assert hears_tone(with_tone(noise))


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 44_100, 48_000])
def test_the_tone_is_found_at_any_rate_also_where_it_sounds_only_for_a_while(rate_hz: int) -> None:
    sound = np.zeros(2 * rate_hz)
    at = np.arange(rate_hz // 2)
    sound[rate_hz : rate_hz + at.size] = 300 * np.sin(2 * np.pi * 1000 * at / rate_hz)
    assert hears_tone(sound.astype(np.int16), rate_hz)


def test_the_hottest_zone_counts_and_a_switched_off_one_does_not(tmp_path: Path) -> None:
    assert hottest_c(tmp_path) is None
    for number, text in enumerate(("41000\n", "63500\n", "")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    assert hottest_c(tmp_path) == 63.5


def test_the_space_is_that_of_the_disk(tmp_path: Path) -> None:
    assert 0 < free_bytes(tmp_path) < 1 << 50
