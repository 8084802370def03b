"""What the operator sees and moves. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from telemed.identity.model import Machine
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense

SILENT = timedelta(seconds=15)
"""A room beats every 5 s."""

STEPS_MINUTES = (5, 12, 30)


class NoExercise(Refusal):
    """The clock of real life is not moved."""

    sense = Sense.FORBIDDEN
    key = "refusal.no_exercise"


@dataclass(frozen=True)
class ClockMoved(Event):
    """The exercise clock was moved forward; whoever follows it must be told."""


@dataclass(frozen=True)
class RoomView:
    """One room. *heard* is when its agent last said something. *sealed_by*: who keeps the key of its disk, as it said:
    ``tpm`` or ``file``; empty while it has not."""

    room_id: str
    name: str
    heard: datetime | None
    online: bool
    machines: tuple[Machine, ...]
    sealed_by: str = ""


FEWEST_SHOWN = 5
"""Smaller numbers could point at somebody."""


@dataclass(frozen=True)
class Unmet:
    """How often nothing was free for a *specialty* on a *weekday* (0 is Monday); None: fewer than we show."""

    specialty: str
    weekday: int
    count: int | None


def unmet(counts: Mapping[tuple[str, int], int]) -> list[Unmet]:
    """By specialty and weekday, small numbers veiled."""
    return [
        Unmet(specialty, weekday, count if count >= FEWEST_SHOWN else None)
        for (specialty, weekday), count in sorted(counts.items())
    ]


def is_online(heard: datetime | None, now: datetime) -> bool:
    return heard is not None and now - heard <= SILENT
