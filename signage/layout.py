"""Which layouts there are, and whether what must be read fits on the glass. Pure.

What a layout needs grows in proportion to its letters, so one factor says how much larger than necessary they may be,
or, below 1, that the layout cannot be read there.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from signage.legible import Glass, Reading, Sizes, letter_mm, smallest

LARGEST = 1.5
"""Letters grow with the glass up to this, then the rest stays free: a calm picture."""


PICTURE_PX, MARGIN_PX = 200, 12
"""Of the picture on a door sign of electronic paper, which is drawn once and not scaled; and of its edge."""


class Layout(StrEnum):
    WAITING_ROOM = "waiting-room"
    PORTRAIT = "portrait"
    ENTRANCE = "entrance"
    DOOR = "door"


@dataclass(frozen=True)
class Box:
    """Width and height in pixels."""

    width: float
    height: float


USUAL: dict[Layout, tuple[Glass, Reading]] = {
    Layout.WAITING_ROOM: (Glass(1920, 1080, 43), Reading(5, 0.3)),
    Layout.PORTRAIT: (Glass(1080, 1920, 43), Reading(4, 0.3)),
    Layout.ENTRANCE: (Glass(1920, 1080, 43), Reading(3.5, 0.3)),
    Layout.DOOR: (Glass(1280, 800, 10.1), Reading(1.2, 0.3)),
}
"""What is taken where nothing is said: the screens that are sold most, at the distances of such places."""


PAPER = (Glass(800, 480, 7.5), Reading(1.1, 0.3))
"""A door sign of electronic paper, and from where it is read."""


class Unreadable(Exception):
    """The layout does not fit on this glass in letters that can be read; the message says by how much."""


def sizes(layout: Layout, glass: Glass, reading: Reading) -> Sizes:
    """The font sizes on *glass*: as large as *layout* allows, and never below what can be read.

    Raises:
        Unreadable: the smallest legible letters are too large for the glass.
    """
    return _fitting(layout, needed(layout, smallest(glass, reading)), glass, reading)


def paper(glass: Glass, reading: Reading) -> Sizes:
    """The same for a door sign of electronic paper: a word, its sign beside it, and two lines below.

    Raises:
        Unreadable: as above.
    """
    s = smallest(glass, reading)
    free = Box(glass.width - 4 * MARGIN_PX, glass.height - PICTURE_PX - 3 * MARGIN_PX)
    return _fitting("door sign", Box(7.3 * s.letter, 1.3 * s.letter + 2.3 * s.words), glass, reading, free)


def _fitting(name: str, box: Box, glass: Glass, reading: Reading, free: Box | None = None) -> Sizes:
    """*free*: what of the glass the letters may have."""
    room = free or Box(glass.width, glass.height)
    factor = min(room.width / box.width, room.height / box.height)
    if factor < 1:
        raise Unreadable(_figure(name, glass, reading, factor))
    return smallest(glass, reading).times(min(factor, LARGEST))


@dataclass(frozen=True)
class Face:
    """How one monitor looks."""

    layout: Layout
    glass: Glass
    reading: Reading
    sizes: Sizes

    @property
    def least(self) -> Sizes:
        """The sizes below which it could not be read."""
        return smallest(self.glass, self.reading)


def made(layout: Layout, glass: Glass, reading: Reading) -> Face:
    """The face of *layout* on *glass*.

    Raises:
        Unreadable: it could not be read there.
    """
    return Face(layout, glass, reading, sizes(layout, glass, reading))


def usual(layout: Layout) -> Face:
    """*layout* on the screen that is usual for it."""
    return made(layout, *USUAL[layout])


def stylesheet(face: Face) -> str:
    """The sizes as custom properties. One ``--u`` is a pixel of the glass, whatever window the page is looked at in."""
    glass, s = face.glass, face.sizes
    values = {"digits": s.digits, "letter": s.letter, "words": s.words, "small": s.small}
    fonts = "".join(f" --{name}: calc({value:.2f} * var(--u));" for name, value in values.items())
    unit = f"--u: min(calc(100vw / {glass.width}), calc(100vh / {glass.height}));"
    return f":root {{ {unit}{fonts} }}\n"


def _figure(name: str, glass: Glass, reading: Reading, factor: float) -> str:
    high_mm = letter_mm(reading.distance_m, reading.visus)
    inches, distance_m = math.ceil(glass.inches / factor * 10) / 10, math.floor(reading.distance_m * factor * 10) / 10
    return (
        f"{name} does not fit on {glass.width} × {glass.height} at {glass.inches:g} inches: read from "
        f"{reading.distance_m:g} m with visus {reading.visus:g}, codes must be {high_mm:.0f} mm high; "
        f"it fits from {inches:g} inches on, or up to {distance_m:g} m"
    )


def needed(layout: Layout, least: Sizes) -> Box:
    """The room that *layout* takes with *least*, in its fullest state (all rows, two bars, two lines below)."""
    match layout:
        case Layout.WAITING_ROOM:
            return _waiting_room(least)
        case Layout.PORTRAIT:
            return _portrait(least)
        case Layout.ENTRANCE:
            return _entrance(least)
        case Layout.DOOR:
            return _door(least)


BAR, LINE = 1.35, 1.3
"""How high a bar above and a line below are, in sizes of small words."""
LATE = 14.6
"""How wide "100 bis 120 Minuten später" with its sign is, in sizes of words."""


def _waiting_room(s: Sizes) -> Box:
    """Four rows: picture and code, beside them two lines of words; a bar, a second language, two lines below."""
    row = max(0.98 * s.letter, 2.2 * s.words)
    frame = 1.35 * s.words + (BAR + 3 * LINE + 0.9) * s.small
    return Box(4.1 * s.letter + (LATE + 0.6) * s.words, 4 * row + frame)


def _portrait(s: Sizes) -> Box:
    """Four rows, each with its words below the code; two bars, and each line below may need a second."""
    row = 0.98 * s.letter + 2.3 * s.words
    frame = 2.4 * s.words + (2 * BAR + 6 * LINE + 1.2) * s.small
    return Box(0.4 * s.letter + (LATE + 0.6) * s.words, 4 * row + frame)


def _entrance(s: Sizes) -> Box:
    """The way on two fifths of the width; beside it two rows, each with a large picture."""
    rows, way = 2 * (1.1 * s.letter + 2.3 * s.words), 1.5 * s.letter + 6.6 * s.words
    frame = 1.35 * s.words + (BAR + 3 * LINE + 0.9) * s.small
    right, left = 2.65 * s.letter + (LATE + 0.4) * s.words, 13.2 * s.words
    return Box(max(right / 0.6, left / 0.4), max(rows, way) + frame)


def _door(s: Sizes) -> Box:
    """One word as large as a code ("geschlossen" with its sign), a code below it, and a line of words."""
    frame = 2.5 * s.words + (BAR + 2 * LINE + 1.2) * s.small
    return Box(max(8.9 * s.letter, 18.0 * s.words), 2.6 * s.letter + 1.3 * s.words + frame)
