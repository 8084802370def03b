"""What a monitor may know: tickets, states, delays as ranges, and how old all that is."""

from enum import StrEnum
from typing import Literal

from schemas.base import Id, Message, Moment
from schemas.day import Ticket


class RoomState(StrEnum):
    FREE = "free"
    CALLED = "called"
    OCCUPIED = "occupied"
    CLEANING = "cleaning"


class RowState(StrEnum):
    CALLED = "called"
    NEXT = "next"
    WAITING = "waiting"


class Delay(Message):
    """How much later than planned, in whole minutes, already rounded up (notes: 5 under 30, 10 above)."""

    low_minutes: int
    high_minutes: int


class BoardRow(Message):
    ticket: Ticket
    state: RowState
    delay: Delay | None = None


class Board(Message):
    """One board. It has no field for a person, a doctor, a specialty or another's time.

    *as_of*: when the agent made it. *centre_heard*: when the agent last heard from the centre.
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
