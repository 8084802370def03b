"""What the simulated cameras look at: a room, an ear, skin, a sheet of paper; painted, no recording of anybody."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from room_agent.media.picture import Pixels, canvas


@cache
def _grid(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates from -1 to 1 down and across, across stretched by the aspect ratio."""
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return down, across * width / height


def room_view(width: int, height: int) -> Pixels:
    """A bright room: wall, window, floor, couch."""
    picture = canvas(width, height, y=180, u=120, v=132)
    _box(picture, (0.70, 1.0, 0.0, 1.0), (95, 115, 145))
    _box(picture, (0.12, 0.48, 0.08, 0.34), (225, 150, 110))
    _box(picture, (0.55, 0.80, 0.42, 0.92), (110, 160, 100))
    _box(picture, (0.47, 0.56, 0.80, 0.92), (235, 128, 128))
    return picture


def otoscope_view(width: int, height: int) -> Pixels:
    """A dark ear canal with a round eardrum and its cone of light."""
    picture = canvas(width, height, y=20)
    down, across = _grid(width, height)
    distance = np.hypot(down, across)
    drum = distance < 0.8
    picture[:height][drum] = (190 - 60 * distance[drum]).astype(np.uint8)
    cone = drum & (down > 0) & (across > 0.05) & (across < 0.1 + down * 0.7)
    picture[:height][cone] = 230
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    chroma[0][drum[::2, ::2]], chroma[1][drum[::2, ::2]] = 110, 165
    return picture


def dermatoscope_view(width: int, height: int) -> Pixels:
    """Skin under a dermatoscope: a bright round field, a brown mole with an uneven edge, a few hairs."""
    picture = canvas(width, height, y=25)
    down, across = _grid(width, height)
    distance, angle = np.hypot(down, across), np.arctan2(down, across)
    field = distance < 0.95
    mole = distance < 0.42 + 0.05 * np.sin(3 * angle) + 0.03 * np.sin(7 * angle + 1)
    net = 12 * np.sin(40 * down) * np.sin(40 * across)
    picture[:height][field] = 170
    picture[:height][mole] = (85 + 60 * distance + net)[mole].astype(np.uint8)
    for slant, place in ((0.3, -0.5), (-0.2, 0.4), (0.1, 0.7)):
        picture[:height][field & (abs(down - slant * across - place) < 0.006)] = 45
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    for area, u, v in ((field, 112, 150), (mole, 108, 152)):
        chroma[0][area[::2, ::2]], chroma[1][area[::2, ::2]] = u, v
    return picture


def document_view(width: int, height: int) -> Pixels:
    """A white sheet on a dark table, with lines where words would be; it says nothing about anybody."""
    picture = canvas(width, height, y=60, u=120, v=136)
    _box(picture, (0.06, 0.94, 0.28, 0.72), (230, 128, 128))
    widths = (0.30, 0.36, 0.34, 0.20, 0.36, 0.35, 0.28, 0.36, 0.12)
    for line, wide in enumerate(widths):
        top = 0.26 + 0.065 * line
        _box(picture, (top, top + 0.018, 0.32, 0.32 + wide), (70, 128, 128))
    return picture


def _box(picture: Pixels, area: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
    """Fill *area* (top, bottom, left, right as parts of the picture) with *colour* (y, u, v)."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    top, bottom = int(area[0] * height) // 2 * 2, int(area[1] * height) // 2 * 2
    left, right = int(area[2] * width) // 2 * 2, int(area[3] * width) // 2 * 2
    picture[top:bottom, left:right] = colour[0]
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    for plane, value in zip(chroma, colour[1:], strict=True):
        plane[top // 2 : bottom // 2, left // 2 : right // 2] = value
