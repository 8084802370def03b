"""The board for the quarter, for people and for programs; anybody may look."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from telemed.booking.index import Index
from telemed.city.model import RoomLine
from telemed.city.service import Boards
from telemed.directory import service as directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.link.service import Lines
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

TEMPLATES = Path(__file__).parent / "templates"

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]


@routes.get("/viertel")
def board(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Per room whether it is open, how late it is, and when one could still come today."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
    return centre.the(Pages).render(request, "city/board.html", board=_boards(centre).newest(), known=known)


@routes.get("/viertel/stand.json")
def as_json(centre: CentreDep, _actor: Anyone) -> dict[str, Any]:
    """The same for programs; moments with their offset."""
    newest = _boards(centre).newest()
    return {"quarter": newest.quarter, "as_of": newest.as_of, "rooms": [_plain(room) for room in newest.rooms]}


def _plain(room: RoomLine) -> dict[str, Any]:
    return {
        "name": room.name,
        "address": room.address,
        "open": room.open_until is not None,
        "open_until": room.open_until,
        "opens_at": room.opens_at,
        "delay_known": room.is_heard,
        "delay_minutes": [room.delay.low_minutes, room.delay.high_minutes] if room.delay else None,
        "next_free": room.next_free,
    }


def _boards(centre: Centre) -> Boards:
    made = Boards(centre.db, centre.clock, centre.the(Index), centre.live.get(Lines))
    found: Boards = centre.live.setdefault(Boards, made)
    return found
