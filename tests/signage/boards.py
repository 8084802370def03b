"""Boards for tests; a test names only what matters to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.board import Board, BoardRow, Delay, RoomState, RowState
from schemas.day import Ticket
from signage.screen import Line, Received, Screen, show

NINE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""Nine o'clock in Berlin."""


def make_ticket(picture: str = "fish", letter: str = "K", digits: str = "47") -> Ticket:
    return Ticket(picture=picture, letter=letter, digits=digits)


def make_row(state: RowState = RowState.WAITING, delay: tuple[int, int] | None = None, **ticket: str) -> BoardRow:
    late = Delay(low_minutes=delay[0], high_minutes=delay[1]) if delay else None
    return BoardRow(ticket=make_ticket(**ticket), state=state, delay=late)


def full_rows() -> tuple[BoardRow, ...]:
    return (
        make_row(RowState.CALLED, picture="fish", letter="K", digits="47"),
        make_row(RowState.NEXT, delay=(10, 20), picture="elephant", letter="W", digits="88"),
        make_row(RowState.WAITING, delay=(20, 40), picture="umbrella", letter="M", digits="96"),
        make_row(RowState.WAITING, picture="house", letter="A", digits="23"),
    )


def make_board(**given: Any) -> Board:
    as_of = given.get("as_of", NINE)
    values: dict[str, Any] = {
        "opens": as_of - timedelta(hours=1),
        "closes": as_of + timedelta(hours=8),
        "room_id": "room-1",
        "room_name": "Raum 1",
        "seq": 1,
        "as_of": NINE,
        "centre_heard": given.get("as_of", NINE),
        "room_state": RoomState.CALLED,
        "help_phone": "03641 123456",
        "rows": full_rows(),
    }
    return Board(**{**values, **given})


def screen_at(age_s: float, line: Line = Line.UP, **given: Any) -> Screen:
    """The screen of a board that was new when it came and is *age_s* old now."""
    return show(Received(make_board(**given), 0.0, 100.0), now_s=100.0 + age_s, line=line)
