"""What stands on the cards of devices: by which colour and shape one is found, and how it is used. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """Beside the colour, for who does not see that; the value ends the catalogue key ``paper.shape.…``."""

    CIRCLE = "circle"
    TRIANGLE = "triangle"
    SQUARE = "square"
    DIAMOND = "diamond"
    HEXAGON = "hexagon"
    HEART = "heart"
    STAR = "star"
    CROSS = "cross"
    MOON = "moon"
    DROP = "drop"
    ARROW = "arrow"
    HOUSE = "house"


OUTLINES: dict[Shape, str] = {
    Shape.CIRCLE: "M50 4a46 46 0 1 0 .01 0Z",
    Shape.TRIANGLE: "M50 5 97 92H3Z",
    Shape.SQUARE: "M7 7h86v86H7Z",
    Shape.DIAMOND: "M50 2 98 50 50 98 2 50Z",
    Shape.HEXAGON: "M26 8h48l24 42-24 42H26L2 50Z",
    Shape.HEART: "M50 94C8 62 2 44 6 29c6-21 32-25 44-4 12-21 38-17 44 4 4 15-2 33-44 65Z",
    Shape.STAR: "m50 3 14 32 34 4-25 24 7 34-30-17-30 17 7-34L2 39l34-4Z",
    Shape.CROSS: "M34 4h32v30h30v32H66v30H34V66H4V34h30Z",
    Shape.MOON: "M66 5a46 46 0 1 0 30 60A38 38 0 0 1 66 5Z",
    Shape.DROP: "M50 3c22 30 34 44 34 60a34 34 0 0 1-68 0C16 47 28 33 50 3Z",
    Shape.ARROW: "M4 34h46V10l46 40-46 40V66H4Z",
    Shape.HOUSE: "M50 4 97 46H84v48H16V46H3Z",
}
"""As paths in a square of 100."""


class Colour(StrEnum):
    """The value ends the catalogue key ``paper.colour.…``."""

    BLUE = "blue"
    GREEN = "green"
    RED = "red"
    YELLOW = "yellow"
    VIOLET = "violet"
    PINK = "pink"
    ORANGE = "orange"
    TURQUOISE = "turquoise"
    BROWN = "brown"
    BLACK = "black"
    GREY = "grey"
    WHITE = "white"


INKS: dict[Colour, str] = {
    Colour.BLUE: "#1457a8",
    Colour.GREEN: "#1b7a3d",
    Colour.RED: "#c01f2e",
    Colour.YELLOW: "#ffd000",
    Colour.VIOLET: "#6b2fa0",
    Colour.PINK: "#e0609f",
    Colour.ORANGE: "#f07d00",
    Colour.TURQUOISE: "#1aa6a6",
    Colour.BROWN: "#7a4a21",
    Colour.BLACK: "#10202f",
    Colour.GREY: "#8c97a5",
    Colour.WHITE: "#ffffff",
}

MOST_STEPS = 5


@dataclass(frozen=True)
class Step:
    """*name* ends the catalogue key ``paper.step.…``; *picture*: below the vendored files."""

    name: str
    picture: str


SIT = Step("sit", "icons/armchair.svg")
KNOB = Step("knob", "icons/power.svg")
CALM = Step("calm", "icons/volume-x.svg")
WAIT = Step("wait", "icons/hourglass.svg")
HELPED = Step("helped", "icons/users.svg")
STILL = Step("still", "icons/hand.svg")
SEEN = Step("seen", "pictograms/telemedicine.svg")
HOLDS = Step("holds", "icons/camera.svg")


@dataclass(frozen=True)
class Card:
    """How one kind of device is found and used."""

    colour: Colour
    shape: Shape
    picture: str
    steps: tuple[Step, ...]


CARDS: dict[str, Card] = {
    "blood-pressure": Card(
        Colour.BLUE,
        Shape.CIRCLE,
        "pictograms/blood-pressure-2.svg",
        (SIT, Step("cuff", "pictograms/arm-circumference.svg"), KNOB, CALM, WAIT),
    ),
    "oximeter": Card(
        Colour.GREEN,
        Shape.TRIANGLE,
        "pictograms/pulse-oximeter.svg",
        (Step("finger", "pictograms/pulse-oximeter.svg"), STILL, WAIT),
    ),
    "thermometer": Card(
        Colour.RED,
        Shape.SQUARE,
        "pictograms/thermometer-digital.svg",
        (Step("ear", "pictograms/ear.svg"), KNOB, Step("beep", "icons/volume-2.svg")),
    ),
    "scale": Card(
        Colour.YELLOW,
        Shape.DIAMOND,
        "pictograms/weight.svg",
        (
            Step("shoes", "icons/footprints.svg"),
            Step("stand", "pictograms/weight.svg"),
            Step("upright", "pictograms/body.svg"),
        ),
    ),
    "glucose": Card(
        Colour.VIOLET,
        Shape.DROP,
        "pictograms/blood-drop.svg",
        (
            Step("wash", "pictograms/wash-hands.svg"),
            HELPED,
            Step("prick", "pictograms/blood-drop.svg"),
            WAIT,
        ),
    ),
    "heart-rate": Card(
        Colour.PINK,
        Shape.HEART,
        "pictograms/heart-cardiogram.svg",
        (HELPED, Step("belt", "pictograms/body.svg"), Step("breathe", "pictograms/lungs.svg")),
    ),
    "ecg": Card(
        Colour.ORANGE,
        Shape.STAR,
        "pictograms/heart-cardiogram.svg",
        (SIT, Step("plasters", "pictograms/heart-cardiogram.svg"), STILL, CALM),
    ),
    "stethoscope": Card(
        Colour.TURQUOISE,
        Shape.CROSS,
        "pictograms/stethoscope.svg",
        (
            Step("stethoscope", "pictograms/stethoscope.svg"),
            Step("breathe-told", "pictograms/lungs.svg"),
            CALM,
        ),
    ),
    "exam-camera": Card(Colour.BROWN, Shape.MOON, "icons/camera.svg", (HOLDS, STILL, SEEN)),
    "otoscope": Card(
        Colour.BLACK, Shape.HEXAGON, "pictograms/ear.svg", (HOLDS, Step("in-ear", "pictograms/ear.svg"), STILL, SEEN)
    ),
    "dermatoscope": Card(
        Colour.GREY, Shape.ARROW, "icons/camera.svg", (Step("place", "pictograms/body.svg"), HOLDS, STILL, SEEN)
    ),
    "room-camera": Card(Colour.WHITE, Shape.HOUSE, "icons/video.svg", (SIT, SEEN)),
}
"""By the kind of a device (`telemed.directory.fhir.DEVICE_KINDS`). No two share a colour or a shape."""
