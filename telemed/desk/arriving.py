"""Who comes says so at the door: with the paper's QR code or its six digits, within seconds and without a birth date.

It opens nothing and shows no name. The same can be done by an assistant, who sees the ticket; and at a room's kiosk,
whose agent asks here for it.
"""

import re
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.booking.model import Booking
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.digits import western
from telemed.kit.refusal import NotFound, Refusal
from telemed.kit.tries import Tries, place_of
from telemed.visit import service as visit
from telemed.visit.model import VisitState
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

HERE = "/ankommen"
AT_KIOSK = "/api/arrivals"
CLEARS_S = 15
"""So long the answer stays, which others in the hall could read."""
LONGEST = 200
HERE_ALREADY = (VisitState.ARRIVED, VisitState.CALLED)
COMING = (VisitState.PLANNED, VisitState.NO_SHOW)
TOO_MANY = 429
_LINK = re.compile(r"/t/([A-Za-z0-9_\-]{22})(?![A-Za-z0-9_\-])")
_DIGITS = re.compile(r"[0-9]{6}")

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Program = Annotated[Actor, Depends(Needs(Right.OPEN, cookies=False))]


class TooOften(Refusal):
    """Too many wrong codes came from there."""

    key = "arrive.too_often"


class ArrivalTries(Tries):
    """Wrong codes per address: twenty in ten minutes, since a whole waiting room comes by one door."""

    def __init__(self) -> None:
        super().__init__(20, timedelta(minutes=10), too_many=TooOften)


@routes.get(HERE)
def ask(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """One field that takes whatever the paper has; a reader of QR codes types into it."""
    return _page(request, centre)


@routes.post(HERE)
def arrive(
    request: Request, centre: CentreDep, _actor: Anyone, code: Annotated[str, Form(max_length=LONGEST)] = ""
) -> HTMLResponse:
    """Note that she is here. Whatever is wrong with a code is answered alike."""
    tries: ArrivalTries = centre.live.setdefault(ArrivalTries, ArrivalTries())
    try:
        with tries.one(place_of(request.client.host if request.client else "")), centre.db.transaction() as tx:
            known = directory.load(tx)
            found, is_called = _noted(tx, centre, known, code)
    except TooOften as refusal:
        return _page(request, centre, error=refusal.key, status=TOO_MANY)
    except NotFound:
        return _page(request, centre, error="arrive.wrong", status=422)
    room = known.rooms.get(found.offer.room_id)
    shown: dict[str, Any] = {"ticket": found.ticket, "quiet": found.quiet, "room": room, "is_called": is_called}
    return centre.the(Pages).render(request, "desk/arrived.html", known=known, clears_s=CLEARS_S, **shown)


class Arriving(BaseModel):
    """What a kiosk read or was told, and in which room it stands."""

    code: Annotated[str, Field(max_length=LONGEST)]
    room: Annotated[str, Field(max_length=64)]


@routes.post(AT_KIOSK, status_code=204, responses={404: {}, 429: {}})
def arrive_at_kiosk(said: Arriving, request: Request, centre: CentreDep, _actor: Program) -> None:
    """Note that she is here, who is expected in this room. Whatever is wrong with a code is answered alike."""
    tries: ArrivalTries = centre.live.setdefault(ArrivalTries, ArrivalTries())
    with tries.one(place_of(request.client.host if request.client else "")), centre.db.transaction() as tx:
        _noted(tx, centre, directory.load(tx), said.code, room_id=said.room)


def _page(request: Request, centre: Centre, *, error: str = "", status: int = 200) -> HTMLResponse:
    with centre.db.reading() as tx:
        known = directory.load(tx)
    shown: dict[str, Any] = {"error": error, "known": known, "clears_s": CLEARS_S}
    return centre.the(Pages).render(request, "desk/arrive.html", status=status, **shown)


def _noted(tx: Tx, centre: Centre, known: Directory, code: str, *, room_id: str = "") -> tuple[Booking, bool]:
    """Whose code it is, and whether she is called already.

    Raises:
        NotFound: nobody's who is expected in a room today, in this one if it is named.
    """
    now = centre.clock.now()
    found = _by_code(tx, centre, known, code)
    today = now.astimezone(known.zone).date()
    if found.offer.start.astimezone(known.zone).date() != today or visit.is_home(tx, found):
        raise NotFound
    if room_id and found.offer.room_id != room_id:
        raise NotFound
    state = visit.state_of(tx, found.id)
    if state in COMING:
        visit.record(tx, visit_id=found.id, kind=FactKind.ARRIVED, by="resident", now=now)
    elif state not in HERE_ALREADY:
        raise NotFound
    return found, state is VisitState.CALLED


def _by_code(tx: Tx, centre: Centre, known: Directory, code: str) -> Booking:
    link = _LINK.search(code)
    if link:
        return booking.by_link(tx, link[1])
    digits = western("".join(code.split()))
    if not _DIGITS.fullmatch(digits):
        raise NotFound
    return booking.by_arrival(tx, centre.secrets, known, digits, now=centre.clock.now())
