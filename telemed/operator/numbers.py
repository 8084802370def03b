"""The page of figures."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from schemas.day import LANGUAGES, Fact
from telemed.booking import service as booking
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.help import service as help_calls
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.operator.figures import LOOKED_AT, Course, by_language, figures
from telemed.visit import service as visit
from telemed.web.centre import CentreDep
from telemed.web.languages import OWN_NAMES
from telemed.web.pages import Pages

routes = APIRouter()


@routes.get("/betrieb/zahlen")
def look(request: Request, centre: CentreDep, _actor: Annotated[Actor, Depends(Needs(Right.OPERATE))]) -> HTMLResponse:
    """The last weeks in figures, all rooms together and each by itself."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        seen, calls = courses(tx, known, now=now), help_calls.since(tx, now - LOOKED_AT)
    rooms = ["", *(room.id for room in known.rooms.values())]
    rows = [figures(room_id, seen, calls) for room_id in rooms]
    shown: dict[str, Any] = {"rows": rows, "known": known, "days": LOOKED_AT // timedelta(days=1)}
    shown["spoken"] = [(OWN_NAMES[code], row) for code, row in by_language(seen, LANGUAGES).items()]
    return centre.the(Pages).render(request, "operator/numbers.html", **shown)


def courses(tx: Tx, known: Directory, *, now: datetime) -> list[Course]:
    """Every visit of the last weeks that was planned, with what happened; without whoever it was."""
    today = now.astimezone(known.zone).date()
    days = range(LOOKED_AT // timedelta(days=1), -1, -1)
    return [each for back in days for each in _of_day(tx, known, today - timedelta(days=back)) if each.start <= now]


def _of_day(tx: Tx, known: Directory, day: date) -> list[Course]:
    planned, happened = booking.on_day(tx, known, day), defaultdict[str, list[Fact]](list)
    for fact in visit.facts_of_all(tx, [one.id for one in planned]):
        happened[fact.visit_id].append(fact)
    return [Course(one.offer.room_id, one.offer.start, tuple(happened[one.id]), one.extras.language) for one in planned]
