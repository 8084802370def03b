"""What a monitor may know: tickets, states, delays as ranges, and how old all that is."""

from enum import StrEnum
from typing import Literal

from schemas.base import Id, Message, Moment
from schemas.day import InLanguage, Language, Ticket, Way


class RoomState(StrEnum):
    FREE = "free"
    CALLED = "called"
    OCCUPIED = "occupied"
    CLEANING = "cleaning"


class RowState(StrEnum):
    CALLED = "called"
    NEXT = "next"
    WAITING = "waiting"


class DelayReason(StrEnum):
    """Why it is later; neutral, and never more than one of these."""

    LONGER = "longer"
    LATE_START = "late-start"
    INTERRUPTED = "interrupted"
    EMERGENCY = "emergency"
    TECHNICAL = "technical"


class Announced(StrEnum):
    """What fills the whole glass, put there by the room's assistant; a closed list, and never any other text."""

    EMERGENCY = "emergency"
    LEAVE = "leave"
    CLOSED = "closed"


class Delay(Message):
    """How much later than planned, in whole minutes, already rounded up (notes: 5 under 30, 10 above)."""

    low_minutes: int
    high_minutes: int


class BoardRow(Message):
    ticket: Ticket
    state: RowState
    delay: Delay | None = None


class Call(Message):
    """Somebody is to come in: chime and spoken call, in *language* and in German.

    Spoken at *at*, and again 20 s and 60 s later for as long as it is on the board; a new *call_id* is a new call.
    """

    call_id: Id
    ticket: Ticket
    language: Language = "de"
    at: Moment


class Board(Message):
    """One board. It has no field for a person, a doctor, a specialty or another's time.

    *as_of*: when the agent made it. *centre_heard*: when the agent last heard from the centre. *reason*: why it is
    later, if it is. *languages*: those of the people who wait, German left out, in alphabetical order, so that they
    point at nobody. *room_names*: what the room is called in other languages. *closes*: until when the monitor is lit.
    *announced*: fills the glass instead of all the rest.
    """

    v: Literal[1] = 1
    room_id: Id
    room_name: str
    seq: int
    as_of: Moment
    centre_heard: Moment | None
    clock_offset_s: float = 0.0
    exercise: bool = False
    simulated: bool = False
    room_state: RoomState
    help_phone: str = ""
    rows: tuple[BoardRow, ...] = ()
    more: int = 0
    reason: DelayReason | None = None
    calls: tuple[Call, ...] = ()
    languages: tuple[Language, ...] = ()
    way: Way | None = None
    room_names: tuple[InLanguage, ...] = ()
    opens: Moment | None = None
    closes: Moment | None = None
    announced: Announced | None = None
