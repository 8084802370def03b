"""What stands at the room's door: free, occupied, soon, closed. Pure; never a code while a visit is inside."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.board import Announced, Board, RoomState, RowState
from schemas.day import Ticket
from signage.hours import Hours, is_used


class DoorState(StrEnum):
    """``called`` and ``cleaning`` are both "soon" in words, and say why below."""

    FREE = "free"
    CALLED = "called"
    OCCUPIED = "occupied"
    CLEANING = "cleaning"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Door:
    """*ticket*: who is called and may come in now."""

    state: DoorState = DoorState.UNKNOWN
    ticket: Ticket | None = None


def door_of(board: Board, hours: Hours, *, trusted: bool, fresh: bool) -> Door:
    """The door of *board*. What is not *fresh* names nobody: the one who was called may be inside by now."""
    if not trusted:
        return Door()
    if board.announced is Announced.CLOSED or (hours.closed and not is_used(board)):
        return Door(DoorState.CLOSED)
    match board.room_state:
        case RoomState.FREE:
            return Door(DoorState.FREE)
        case RoomState.CALLED:
            called = (row.ticket for row in board.rows if row.state is RowState.CALLED)
            return Door(DoorState.CALLED, next(called, None) if fresh else None)
        case RoomState.OCCUPIED:
            return Door(DoorState.OCCUPIED)
        case RoomState.CLEANING:
            return Door(DoorState.CLEANING)
