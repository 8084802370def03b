"""Letters, time code and blur."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from room_agent.media import picture


@given(st.integers(0, 2**32 - 1), st.sampled_from([(640, 360), (640, 480), (1280, 720), (1920, 1080)]))
def test_every_time_code_is_read_back(ms: int, size: tuple[int, int]) -> None:
    pixels = picture.canvas(*size, y=100)
    picture.paint_time_code(pixels[: size[1]], ms)
    assert picture.read_time_code(picture.luma_of(picture.to_frame(pixels))) == ms


def test_letters_are_drawn_with_their_dots() -> None:
    assert picture.lettering("I", 1).sum() == 11
    assert picture.lettering("ß", 2).shape == picture.lettering("SS", 2).shape
    for letter in "ÄÖÜ":
        dots = picture.lettering(letter, 1)
        assert dots[0].sum() == 2  # above a row without any
        assert dots[1].sum() == 0
        assert dots[2:].any()


def test_a_blur_keeps_brightness_and_takes_edges() -> None:
    luma = np.zeros((40, 60), dtype=np.uint8)
    luma[:, 30:] = 200
    soft = picture.blurred(luma, 4)
    assert soft.shape == luma.shape
    assert abs(float(soft.mean()) - float(luma.mean())) < 4
    assert np.abs(np.diff(soft.astype(int), axis=1)).max() < 30
