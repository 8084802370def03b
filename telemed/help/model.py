"""A call for help from a room: who is to come, and to whom it goes on while nobody answers. Pure.

It is no emergency: somebody in the room needs a hand, on any screen and without a visit too. It names nobody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from telemed.kit.outbox import Event

GOES_ON = timedelta(seconds=60)
"""After each such wait without an answer the call goes on to the next people."""
COMING_LASTS = timedelta(minutes=15)
"""Who said that she comes and forgot to say that it is done has come by then."""
KEPT_FOR = timedelta(days=30)


class Asked(StrEnum):
    """What is wanted."""

    HELP = "help"
    NEW_APPOINTMENT = "new-appointment"
    TELEPHONE = "telephone"
    """The line is poor, and the talk is to go on by telephone."""


class Through(StrEnum):
    """How it was asked for."""

    SCREEN = "screen"
    KEY = "key"


class Reach(IntEnum):
    """Whom the call reaches: each step those before it too."""

    ROOM = 0
    """The assistants who look after this room."""
    OTHERS = 1
    """All other assistants."""
    ALL = 2
    """The doctors who have visits in this room today, and the operator."""


class HelpState(StrEnum):
    ASKED = "asked"
    COMING = "coming"
    OVER = "over"


@dataclass(frozen=True)
class HelpCall:
    """One call. *asked_at* on the room's clock. *reach_at*: when it went on, the latest time that it did."""

    id: str
    room_id: str
    visit_id: str | None
    what: Asked
    through: Through
    asked_at: datetime
    state: HelpState = HelpState.ASKED
    answered_at: datetime | None = None
    answered_by: str = ""
    over_at: datetime | None = None
    reach: Reach = Reach.ROOM
    reach_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state is not HelpState.OVER


@dataclass(frozen=True)
class HelpChanged(Event):
    """A room called for help, was answered, or the call went on."""

    room_id: str
    help_id: str


def due(call: HelpCall, now: datetime, *, others: bool) -> Reach:
    """Whom an unanswered call must reach by *now*. *others*: there are assistants of other rooms.

    It never shrinks: a step by hand stays.
    """
    if call.state is not HelpState.ASKED:
        return call.reach
    waited = now - call.asked_at
    if waited < GOES_ON:
        wanted = Reach.ROOM
    elif waited < 2 * GOES_ON and others:
        wanted = Reach.OTHERS
    else:
        wanted = Reach.ALL
    return max(call.reach, wanted)


def further(call: HelpCall, *, others: bool) -> Reach:
    """One step on, by hand."""
    return Reach.OTHERS if call.reach is Reach.ROOM and others else Reach.ALL


def is_forgotten(call: HelpCall, now: datetime) -> bool:
    """Somebody came long ago, and nobody has said that it is done."""
    return call.state is HelpState.COMING and call.answered_at is not None and now - call.answered_at > COMING_LASTS
