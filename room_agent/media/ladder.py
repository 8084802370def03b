"""How large and how often a picture is, for the bits there are: pure rules.

Numbers are bits per second of one picture, without the stethoscope. At 1 Mbit/s a picture still moves fluently: a look
into an ear is a search. So the size falls before the rate, and both before the picture breaks off.
"""

from collections.abc import Iterable
from dataclasses import dataclass

FLOOR_BPS = 150_000
"""Less is not tried: the picture would say nothing."""
START_BPS = 500_000
"""What is tried on a line that has said nothing yet."""
CEILING_BPS = 2_500_000
SOUND_BPS = 80_000
"""Kept free for the stethoscope and the curves."""
_UP = 1.2
"""So much more than a rung needs must be there before one climbs to it: no up and down at its edge."""


@dataclass(frozen=True)
class Rung:
    """*floor_bps*: with less, one goes down. *buffer_bits*: what one picture may add to the line at once."""

    height: int
    fps: int
    floor_bps: int
    ceiling_bps: int
    buffer_bits: int

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height for a picture of this size: never larger, same shape, even."""
        if height <= self.height:
            return width // 2 * 2, height // 2 * 2
        return round(width * self.height / height / 2) * 2, self.height


LADDER = (
    Rung(720, 30, 1_300_000, CEILING_BPS, 300_000),
    Rung(720, 30, 650_000, 1_500_000, 120_000),
    Rung(540, 30, 420_000, 800_000, 80_000),
    Rung(360, 30, 260_000, 500_000, 50_000),
    Rung(360, 15, FLOOR_BPS, 320_000, 40_000),
)


def rung_for(bps: int, now: Rung | None = None) -> Rung:
    """The highest rung that *bps* carries; above the rung of *now* only with something to spare."""
    for rung in LADDER:
        higher = now is not None and LADDER.index(rung) < LADDER.index(now)
        if bps >= rung.floor_bps * (_UP if higher else 1):
            return rung
    return LADDER[-1]


def slowest(allowed_bps: Iterable[int]) -> int:
    """What one stream for all viewers may take: what the slowest can have, within floor and ceiling."""
    return min(CEILING_BPS, max(FLOOR_BPS, min(allowed_bps, default=CEILING_BPS)))


def shared(line_bps: int, pictures: int) -> int:
    """What each of *pictures* that are shown may take of a line; an unused one takes next to nothing."""
    return max(FLOOR_BPS, (line_bps - SOUND_BPS) // max(1, pictures))
