"""Cameras and stethoscope of the room as a visit needs them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from room_agent.faults import Faulty, FaultyCamera, FaultyStethoscope
from room_agent.media import live, repertoire
from room_agent.media.ear import Ear
from room_agent.media.simulated import simulated_cameras
from room_agent.media.simulated_stethoscope import SimulatedStethoscope
from room_agent.media.source import ExamCamera
from room_agent.peers import Media
from telemed.kit.i18n import Words


@dataclass(frozen=True)
class Instruments:
    """What the room has. *ear*: what its stethoscope hears outside visits, or None; *for_visit* opens all of it.

    *faulty*: what is simulated, with what can be wrong with it.
    """

    cameras: Sequence[ExamCamera]
    ear: Ear | None
    for_visit: Callable[[], AbstractAsyncContextManager[Media]]
    faulty: Sequence[Faulty] = ()


def none(words: Words) -> Instruments:
    """A room without exam camera and stethoscope: values only."""
    return Instruments((), None, partial(live.for_visit, (), None, word=words.text, simulated=False))


def simulated(words: Words, tone_is_on: Callable[[], bool] = lambda: False, *, sound: str = "heart") -> Instruments:
    """Painted cameras and a sound of `repertoire`, which say that they are simulated."""
    cameras = simulated_cameras(words.text)
    loop = repertoire.loop(sound)
    stethoscope = SimulatedStethoscope(loop.samples, tone_is_on, rate_hz=loop.rate_hz)
    opened = partial(live.for_visit, cameras, stethoscope.open, word=words.text, simulated=True)
    faulty: tuple[Faulty, ...] = (*map(FaultyCamera, cameras), FaultyStethoscope(stethoscope))
    return Instruments(cameras, stethoscope.hear, opened, faulty)
