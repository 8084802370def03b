"""What the simulated stethoscope can hear: synthesised sounds by name, or a recording."""

from pathlib import Path

from room_agent.media.breath import Extra, breath_sounds
from room_agent.media.heart import SAMPLE_RATE, heart_sounds
from room_agent.media.sound import Loop, from_wav

NAMES = ("heart", "breath", *(extra.value for extra in Extra if extra is not Extra.NONE))


def loop(name: str) -> Loop:
    """*name*: one of `NAMES`, or the path of a recording that ends with ``.wav``.

    Raises:
        ValueError: it is neither, or no recording of 16 bit.
    """
    if name == "heart":
        return Loop(heart_sounds(), SAMPLE_RATE)
    if name in NAMES:
        extra = Extra.NONE if name == "breath" else Extra(name)
        return Loop(breath_sounds(extra=extra), SAMPLE_RATE)
    if not name.endswith(".wav"):
        raise ValueError(f"{name!r} is none of {', '.join(NAMES)} and no .wav")
    return from_wav(Path(name))
