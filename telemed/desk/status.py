"""The resident's own appointment: when, where, which ticket, how it stands, and how late; no name."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from schemas.day import FactKind
from telemed.booking import access
from telemed.booking import service as booking
from telemed.desk import arriving, bycode, calendar, stream
from telemed.desk.live import Live
from telemed.desk.outlook import LATER, WAYS
from telemed.desk.own import Look, Own, Stage, before_the_visit, own_of
from telemed.identity import service as identity
from telemed.identity.model import WAITING, Actor, Right
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.link.service import Lines
from telemed.people import consents
from telemed.people.consent import Purpose
from telemed.visit import service as visit
from telemed.visit.model import WrongMoment
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]


@routes.get("/mein-termin")
def own(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """How it stands now; the page hears by itself what changes, or, without a script, asks again."""
    if actor.subject.startswith(WAITING):
        return RedirectResponse("/warteliste", status_code=303)
    minutes = stream.way_of(request.cookies)
    with centre.db.reading() as tx:
        look = _look(tx, centre)
        found = own_of(look, actor, way=timedelta(minutes=minutes))
        is_open = len(consents.current(tx, found.booking.person_id)) < len(Purpose)
    more: dict[str, Any] = {"way": minutes, "ways": WAYS, "later": LATER, "consent_open": is_open}
    return shown(request, centre, "desk/status.html", found, look, **more)


@routes.get("/mein-termin/behalten")
def keep(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Who comes need not say so: it is confirmed, and nothing changes."""
    return _asked(request, centre, "desk/kept.html", actor)


@routes.get("/mein-termin/absagen")
def ask(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Ask once before cancelling."""
    return _asked(request, centre, "desk/cancel.html", actor)


@routes.post("/mein-termin/absagen")
def cancel(centre: CentreDep, actor: Resident) -> RedirectResponse:
    """Cancel; no reason is asked. Who has arrived tells the desk instead."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        found = own_of(_look(tx, centre), actor)
        if not found.may_change and found.stage is not Stage.CANCELLED:
            raise WrongMoment(kind="cancel", state=found.stage.value)
        booking.cancel(tx, centre.secrets, found.booking.id, actor=actor, now=now)
    return RedirectResponse("/mein-termin", status_code=303)


@routes.post("/mein-termin/spaeter")
def later(centre: CentreDep, actor: Resident, minutes: Annotated[int, Form()]) -> RedirectResponse:
    """ "Ich komme später": so many minutes after the planned start. Saying it again replaces what was said."""
    if minutes not in LATER:
        raise NotFound
    with centre.db.transaction() as tx:
        found = own_of(_look(tx, centre), actor)
        if not found.may_be_late:
            raise WrongMoment(kind=FactKind.LATE.value, state=found.stage.value)
        if found.late_minutes != minutes:
            now = centre.clock.now()
            visit.record(tx, visit_id=found.booking.id, kind=FactKind.LATE, by="resident", now=now, minutes=minutes)
    return RedirectResponse("/mein-termin", status_code=303)


@routes.post("/mein-termin/weg")
def way(_actor: Resident, minutes: Annotated[int, Form()]) -> RedirectResponse:
    """How long she needs to the room. Her browser keeps it; we do not want to know how far away she lives."""
    if minutes not in WAYS:
        raise NotFound
    answer = RedirectResponse("/mein-termin", status_code=303)
    answer.set_cookie(stream.WAY_COOKIE, str(minutes), path="/", secure=True, httponly=True, samesite="lax")
    return answer


@routes.post("/mein-termin/schliessen")
def close(
    centre: CentreDep, actor: Resident, session: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None
) -> RedirectResponse:
    """Leave nothing behind on a device that others use too; the link opens the page again."""
    if session:
        with centre.db.transaction() as tx:
            identity.sign_out(tx, session)
    centre.the(Live).send_away(actor.subject)
    answer = RedirectResponse("/", status_code=303)
    for name in (SESSION_COOKIE, stream.WAY_COOKIE):
        answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
    access.forget_link(answer)
    return answer


def _asked(request: Request, centre: Centre, template: str, actor: Actor) -> HTMLResponse:
    with centre.db.reading() as tx:
        look = _look(tx, centre)
        found = before_the_visit(look, actor)
    return shown(request, centre, template, found, look)


def shown(request: Request, centre: Centre, template: str, found: Own, look: Look, **more: Any) -> HTMLResponse:
    """The page *template* of one's own appointment."""
    room, address = look.room(found.booking)
    given: dict[str, Any] = {"own": found, "known": look.known, "now": look.now, "room": room, "address": address}
    return centre.the(Pages).render(request, template, **given, **more)


def _look(tx: Tx, centre: Centre) -> Look:
    return Look(tx, centre.clock, centre.clock.now(), centre.live.get(Lines))


routes.include_router(arriving.routes)
routes.include_router(bycode.routes)
routes.include_router(stream.routes)
routes.include_router(calendar.routes)
