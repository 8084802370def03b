"""What the monitor shows of what it heard, given how old that is. Pure: a screen is honest (DESIGN D10).

Ages are in seconds of real time: how old the board was when it came, plus what the monotonic clock counted since.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.board import Announced, Board, BoardRow, DelayReason, RoomState, RowState
from schemas.day import Way
from signage.door import Door, door_of
from signage.hours import Hours, hours
from signage.languages import OTHERS

LOST_AFTER_S = 6.0
"""A beat comes every 5 s: one missed beat on a broken line, and the monitor says so."""
OLD_AFTER_S = 15.0
ASK_AFTER_S = 120.0
WAY_AFTER_S = 600.0
CENTRE_AWAY_AFTER_S = 13.0
"""Between two words of the centre, as a board tells them, are at most 10 s; after 15 s at the latest it is marked."""
MOST_ROWS = 4


class Line(StrEnum):
    """How the connection to the room agent stands."""

    UNPAIRED = "unpaired"
    DOWN = "down"
    UP = "up"
    BARRED = "barred"


class Mode(StrEnum):
    """What is trusted: all; all, but marked; no delays and no order; the way and the phone; nothing."""

    FRESH = "fresh"
    OLD = "old"
    ASK = "ask"
    WAY = "way"
    BARRED = "barred"
    UNPAIRED = "unpaired"


@dataclass(frozen=True)
class Received:
    """A board as it came. *age_s*: how old it was then; *at_s*: the monotonic clock then."""

    board: Board
    age_s: float
    at_s: float

    def age(self, now_s: float) -> float:
        """How old it is when the monotonic clock shows *now_s*."""
        return self.age_s + (now_s - self.at_s)


@dataclass(frozen=True)
class Centre:
    """The centre is away. *since*: when the room last heard it, if ever."""

    since: datetime | None


@dataclass(frozen=True)
class Screen:
    """Everything on the glass. *stand* is given where the board is marked as old; *lost*: the room does not answer."""

    mode: Mode
    lost: bool = False
    stand: datetime | None = None
    rows: tuple[BoardRow, ...] = ()
    more: int = 0
    room_name: str = ""
    room_state: RoomState | None = None
    help_phone: str = ""
    centre_away: Centre | None = None
    simulated: bool = False
    exercise: bool = False
    offset_s: float = 0.0
    reason: DelayReason | None = None
    way: Way | None = None
    announced: Announced | None = None
    """Fills the glass instead of all the rest."""
    hours: Hours = field(default_factory=Hours)
    door: Door = field(default_factory=Door)
    second: str = ""
    """The language of the second line, empty where there is none."""

    @property
    def called(self) -> str:
        """The codes that are called, for the highlight: it changes when somebody new is called."""
        tickets = (row.ticket for row in self.rows if row.state is RowState.CALLED)
        return " ".join(f"{t.picture}-{t.letter}-{t.digits}" for t in tickets)


def received(board: Board, *, real: datetime, at_s: float) -> Received:
    """*board* as it came at the real moment *real*. A sender whose clock is ahead makes nothing younger than new."""
    now = real + timedelta(seconds=board.clock_offset_s)
    return Received(board, max(0.0, (now - board.as_of).total_seconds()), at_s)


def is_newer(board: Board, than: Received | None, *, at_s: float) -> bool:
    """Whether *board* may replace *than*: neither its moment nor, on the same day, its number goes back.

    Once all of *than* has left the screen, anything that comes may be shown: a clock that was wrong and is right
    again must not silence the monitor for ever.
    """
    if than is None or at_s - than.at_s > WAY_AFTER_S:
        return True
    newest = than.board
    same_day = board.as_of.date() == newest.as_of.date()
    return board.as_of >= newest.as_of and (not same_day or board.seq >= newest.seq)


def languages(heard: Received | None, *, now_s: float, line: Line) -> tuple[str, ...]:
    """In which languages the second line speaks: of those who wait; and of everybody, where nobody knows who waits."""
    if line in {Line.BARRED, Line.UNPAIRED}:
        return ()
    if heard is None or _mode(heard.age(now_s), lost=False) is Mode.WAY:
        return OTHERS
    return OTHERS if heard.board.announced else heard.board.languages


def show(heard: Received | None, *, now_s: float, line: Line) -> Screen:
    """The screen when the monotonic clock shows *now_s*."""
    match line:
        case Line.BARRED:
            return Screen(Mode.BARRED)
        case Line.UNPAIRED:
            return Screen(Mode.UNPAIRED)
        case Line.UP | Line.DOWN:
            return Screen(Mode.WAY, lost=line is Line.DOWN) if heard is None else _of_board(heard, now_s, line)


def _of_board(heard: Received, now_s: float, line: Line) -> Screen:
    board, age_s = heard.board, heard.age(now_s)
    lost = line is Line.DOWN and age_s > LOST_AFTER_S
    mode = _mode(age_s, lost=lost)
    trusted = mode in {Mode.FRESH, Mode.OLD}
    open_hours = hours(board, board.as_of + timedelta(seconds=age_s), known=mode is not Mode.WAY)
    return Screen(
        mode,
        lost=lost,
        stand=None if mode is Mode.FRESH else board.as_of,
        rows=_rows(board, mode),
        more=_more(board) if trusted else 0,
        room_name=board.room_name,
        room_state=board.room_state if trusted else None,
        help_phone=board.help_phone,
        centre_away=_centre_away(board, age_s) if trusted and not lost else None,
        simulated=board.simulated,
        exercise=board.exercise,
        offset_s=board.clock_offset_s,
        reason=board.reason if trusted else None,
        way=board.way,
        announced=board.announced if mode is not Mode.WAY else None,
        hours=open_hours,
        door=door_of(board, open_hours, trusted=trusted, fresh=mode is Mode.FRESH),
    )


def _mode(age_s: float, *, lost: bool) -> Mode:
    if age_s > WAY_AFTER_S:
        return Mode.WAY
    if age_s > ASK_AFTER_S:
        return Mode.ASK
    return Mode.OLD if lost or age_s > OLD_AFTER_S else Mode.FRESH


def _rows(board: Board, mode: Mode) -> tuple[BoardRow, ...]:
    if mode is Mode.WAY:
        return ()
    rows = board.rows[:MOST_ROWS]
    return rows if mode is not Mode.ASK else tuple(_without_order(row) for row in rows)


def _without_order(row: BoardRow) -> BoardRow:
    """Who is next and how late may be wrong by now; that somebody waits, and was called, stays."""
    state = RowState.WAITING if row.state is RowState.NEXT else row.state
    return row.model_copy(update={"state": state, "delay": None})


def _more(board: Board) -> int:
    return board.more + max(0, len(board.rows) - MOST_ROWS)


def _centre_away(board: Board, age_s: float) -> Centre | None:
    if board.centre_heard is None:
        return Centre(None)
    silent_s = (board.as_of - board.centre_heard).total_seconds() + age_s
    return Centre(board.centre_heard) if silent_s > CENTRE_AWAY_AFTER_S else None
