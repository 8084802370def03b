"""When a monitor is lit, and when a place counts as closed. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.board import Board, RoomState

BEFORE = timedelta(minutes=30)
"""So long before it opens the first people come, and the glass wakes up."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """*opens*: given where it opens later today. *dark*: closed, and nobody is here any more."""

    closed: bool = False
    dark: bool = False
    opens: datetime | None = None
    closes: datetime | None = None


def hours(board: Board, now: datetime, *, known: bool) -> Hours:
    """How *board* stands to its hours at *now*. *known*: it is young enough to say whether somebody is here.

    On a day without hours it is closed unless somebody is here. A board of yesterday keeps the glass dark until the
    time at which it woke up yesterday, and no longer: then it must say that it does not know.
    """
    if board.opens is None or board.closes is None:
        here = known and is_used(board)
        return Hours(closed=not here, dark=not here and known)
    if board.opens <= now < board.closes:
        return Hours(closes=board.closes)
    night = now < board.opens - BEFORE or board.closes <= now < board.opens + A_DAY - BEFORE
    return Hours(
        closed=True,
        dark=night and not (known and is_used(board)),
        opens=board.opens if now < board.opens else None,
    )


def is_used(board: Board) -> bool:
    """Whether somebody waits or is inside."""
    return bool(board.rows) or board.more > 0 or board.room_state in {RoomState.CALLED, RoomState.OCCUPIED}
