"""How large letters must be to be read: from distance, sight and glass to pixels, and how blurred sight is. Pure.

Letter height in mm = 3.5 × distance in m ÷ visus: the model of DIN 32975, Annex A, fitted to its published example
(15 mm at 3 m and visus 0.7). A letter's height is that of its capitals, as measured in the fonts that we use.
"""

import math
from dataclasses import dataclass

MM_PER_M = 3.5
MM_PER_INCH = 25.4

WORDS_VISUS = 0.7
"""With glasses nearly everybody reaches this; codes are for those who do not (`Reading.visus`)."""
NEARER = 0.6
"""What is smallest (telephone number, reasons) may need this share of the distance: one gets up for it."""

LETTERS_CAP = 0.668
"""Height of a capital of Atkinson Hyperlegible Next, as a share of the font size."""
DIGITS_CAP = 0.728
"""The same of Inter, from which all digits come."""

ARCMIN_MM_PER_M = 1000 * math.tan(math.radians(1 / 60))
"""How many mm an arc minute spans at 1 m."""
BLUR_ARCMIN = 0.78
"""Standard deviation of a Gaussian that blurs to visus 1; at other sight, divided by the visus.

Visus V just resolves 30·V cycles per degree. A Gaussian passes exp(-2π²σ²f²) of the contrast at frequency f; we take
that the finest grating that is still seen is passed with 5 %: σ = sqrt(ln 20 / 2) / (π · 0.5) ÷ V arc minutes.
"""


@dataclass(frozen=True)
class Glass:
    """A screen: its pixels, and its diagonal in inches."""

    width: int
    height: int
    inches: float

    @property
    def px_mm(self) -> float:
        """The edge of a pixel in mm."""
        return self.inches * MM_PER_INCH / math.hypot(self.width, self.height)


@dataclass(frozen=True)
class Reading:
    """Who reads, and from where: *visus* is that of people who shall still read the codes."""

    distance_m: float
    visus: float


@dataclass(frozen=True)
class Sizes:
    """Font sizes in pixels. Digits and letter of a code are equally high, so their font sizes differ."""

    digits: float
    letter: float
    words: float
    small: float

    def times(self, factor: float) -> "Sizes":
        return Sizes(self.digits * factor, self.letter * factor, self.words * factor, self.small * factor)


def letter_mm(distance_m: float, visus: float) -> float:
    """How high a capital must be to be read from *distance_m* with *visus*, in mm."""
    return MM_PER_M * distance_m / visus


def smallest(glass: Glass, reading: Reading) -> Sizes:
    """The smallest sizes that can be read there."""
    code = letter_mm(reading.distance_m, reading.visus) / glass.px_mm
    visus = max(reading.visus, WORDS_VISUS)
    words = letter_mm(reading.distance_m, visus) / glass.px_mm
    return Sizes(code / DIGITS_CAP, code / LETTERS_CAP, words / LETTERS_CAP, words * NEARER / LETTERS_CAP)


def blur_px(glass: Glass, reading: Reading) -> float:
    """How blurred the glass looks: the standard deviation of a Gaussian, in pixels."""
    return BLUR_ARCMIN / reading.visus * ARCMIN_MM_PER_M * reading.distance_m / glass.px_mm
