"""Cameras and stethoscope of the room as a visit needs them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from room_agent.media import live
from room_agent.media.camera import simulated_cameras
from room_agent.media.checks import stethoscope_check
from room_agent.media.heart import heart_sounds
from room_agent.media.sound import Loop
from room_agent.media.source import ExamCamera
from room_agent.peers import Media
from schemas.checks import CheckResult
from telemed.kit.i18n import Words


@dataclass(frozen=True)
class Instruments:
    """What the room has. *stethoscope* says whether its sound is there, or is None; *for_visit* opens all of it."""

    cameras: Sequence[ExamCamera]
    stethoscope: Callable[[], CheckResult] | None
    for_visit: Callable[[], AbstractAsyncContextManager[Media]]


def none(words: Words) -> Instruments:
    """A room without exam camera and stethoscope: values only."""
    return Instruments((), None, partial(live.for_visit, (), None, word=words.text, simulated=False))


def simulated(words: Words) -> Instruments:
    """Painted cameras and synthesised heart sounds, which say that they are simulated."""
    cameras = simulated_cameras(words.text)
    sounds = heart_sounds()
    opened = partial(live.for_visit, cameras, lambda: Loop(sounds), word=words.text, simulated=True)
    return Instruments(cameras, lambda: stethoscope_check(sounds[:48_000]), opened)
