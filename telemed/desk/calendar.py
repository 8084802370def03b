"""The appointment as a calendar file: to be taken once, or by its link, where a calendar asks again by itself."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from telemed.booking import service as booking
from telemed.booking.model import Booking
from telemed.directory import service as directory
from telemed.identity.model import WAITING, Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import link_in
from telemed.kit.refusal import NotFound
from telemed.notify import service as notify
from telemed.notify.calendar import Entry, method, to_ics
from telemed.web.centre import Centre, CentreDep

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]


@routes.get("/mein-termin/termin.ics")
def own(centre: CentreDep, actor: Resident) -> Response:
    """The file of one's own appointment."""
    if actor.subject.startswith(WAITING):
        raise NotFound
    with centre.db.reading() as tx:
        return _file(_entry(tx, centre, booking.current(tx, actor.subject)))


@routes.get("/t/{token}/termin.ics")
def by_link(token: str, centre: CentreDep, _actor: Anyone) -> Response:
    """The same for a calendar, which has no session; looking changes nothing."""
    with centre.db.reading() as tx:
        return _file(_entry(tx, centre, booking.by_link(tx, token)))


def _entry(tx: Tx, centre: Centre, found: Booking) -> Entry:
    """The same as mails bring along, so that a calendar knows it by its UID."""
    language = found.extras.language
    link = link_in(f"{centre.public_url}/mein-termin", language)
    return notify.calendar_of(tx, directory.load(tx), found.id, server=centre.server, link=link, language=language)


def _file(entry: Entry) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="termin.ics"'}
    return Response(to_ics(entry), media_type=f"text/calendar; charset=utf-8; method={method(entry)}", headers=headers)
