"""What the monitor must be told: ``TELEMED_SIGNAGE_…`` in the environment."""

from dataclasses import dataclass
from pathlib import Path

from signage.calls import Volume
from signage.layout import PAPER, USUAL, Face, Layout, Unreadable, made, paper
from signage.legible import Glass, Reading, Sizes
from signage.sounds import Loudspeaker
from telemed.kit.settings import BadSetting
from telemed.kit.voice import Voice

PREFIX = "TELEMED_SIGNAGE_"


@dataclass(frozen=True)
class Settings:
    """*agent_url*: the room agent in the local network. *pairing_code*: needed once, until the key is known there.

    *layout*: one of `Layout`. *width* and *height* in pixels, *inches* (diagonal), *distance_m* from which it is read:
    0 for what is usual there. *visus*: with how much sight the codes can still be read. *door_inches* and
    *door_distance_m*: those of a door sign of electronic paper, which fetches ``/tuer.png``.

    *volume*: percent from a time of day on, ``07:00=80 12:30=40 14:00=80 19:00=0``; ``off`` for a monitor that never
    makes a sound; nothing: 80 where people wait, off at entrance and door. *voice_program*: espeak-ng, or its path.
    Recordings lie in the state's folder ``voices``.
    """

    agent_url: str
    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8083
    pairing_code: str = ""
    layout: str = Layout.WAITING_ROOM.value
    width: int = 0
    height: int = 0
    inches: float = 0.0
    distance_m: float = 0.0
    visus: float = 0.3
    door_inches: float = 7.5
    door_distance_m: float = 1.1
    volume: str = ""
    voice_program: str = "espeak-ng"


OFF = "off"
USUAL_VOLUME = {Layout.WAITING_ROOM.value: "00:00=80", Layout.PORTRAIT.value: "00:00=80"}

LIMITS: dict[str, tuple[float, float]] = {
    "width": (200, 8000),
    "height": (200, 8000),
    "inches": (3, 120),
    "distance_m": (0.3, 20),
    "visus": (0.1, 1.0),
}
"""What a screen and a room can be; anything else is a slip of the hand."""


def face(settings: Settings) -> Face:
    """How this monitor looks.

    Raises:
        BadSetting: there is no such layout, a figure cannot be, or it could not be read there.
    """
    try:
        layout = Layout(settings.layout)
    except ValueError:
        raise BadSetting(f"{PREFIX}LAYOUT is none of {', '.join(Layout)}") from None
    usual, reading = USUAL[layout]
    given = {
        "width": settings.width or usual.width,
        "height": settings.height or usual.height,
        "inches": settings.inches or usual.inches,
        "distance_m": settings.distance_m or reading.distance_m,
        "visus": settings.visus,
    }
    _within(given)
    glass = Glass(int(given["width"]), int(given["height"]), given["inches"])
    return _readable(layout, glass, Reading(given["distance_m"], settings.visus))


def paper_sizes(settings: Settings) -> Sizes:
    """The font sizes of the door sign of electronic paper.

    Raises:
        BadSetting: as above.
    """
    inches, distance_m = settings.door_inches, settings.door_distance_m
    _within({"inches": inches, "distance_m": distance_m, "visus": settings.visus}, "DOOR_")
    try:
        return paper(Glass(PAPER[0].width, PAPER[0].height, inches), Reading(distance_m, settings.visus))
    except Unreadable as figure:
        raise BadSetting(f"unreadable: {figure}") from None


def _readable(layout: Layout, glass: Glass, reading: Reading) -> Face:
    try:
        return made(layout, glass, reading)
    except Unreadable as figure:
        raise BadSetting(f"unreadable: {figure}") from None


def _within(given: dict[str, float], of: str = "") -> None:
    for name, value in given.items():
        least, most = LIMITS[name]
        if not least <= value <= most:
            raise BadSetting(f"{PREFIX}{of}{name.upper()} is {value:g}, not between {least:g} and {most:g}")


def loudspeaker(settings: Settings) -> Loudspeaker | None:
    """What this monitor speaks with; None where its sound is off.

    Raises:
        BadSetting: nobody can tell how loud it is to be.
    """
    text = settings.volume or USUAL_VOLUME.get(settings.layout, OFF)
    if text == OFF:
        return None
    try:
        volume = Volume.parse(text)
    except ValueError:
        raise BadSetting(f"{PREFIX}VOLUME is neither off nor like 07:00=80 12:30=40") from None
    return Loudspeaker(voice(settings), volume)


def voice(settings: Settings) -> Voice:
    """Its recordings, and what was rendered, lie beside the key."""
    return Voice(settings.state_dir / "voices", settings.state_dir / "speech", program=settings.voice_program)
