"""A visit from home: the resident joins without a room, and the doctor turns it into one in a room."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from schemas.day import FactKind
from telemed.booking import asking, form, several, times
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import Booking
from telemed.booking.model import Request as Wanted
from telemed.booking.planner import Offer
from telemed.desk import tryout
from telemed.desk.guests import Way
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.allowed import Action, allowed
from telemed.identity.model import WAITING, Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import Words, called, words
from telemed.kit.refusal import NotFound
from telemed.people import consents
from telemed.people import model as people
from telemed.people.consent import Answer, Purpose
from telemed.visit import service as visit
from telemed.visit.model import VisitState, WrongMoment
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages, local, local_day, words_of

routes = APIRouter()
routes.include_router(tryout.routes)
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]
Caller = Annotated[Actor, Depends(Needs(Right.JOIN_VISIT))]

TALK = "/mein-termin/gespraech"
NOBODY = people.Person("", 0, people.Way.PAPER)
"""Who moves is known already; nothing of this is read."""


def _own(tx: Tx, actor: Actor) -> Booking:
    """
    Raises:
        NotFound: the session has no appointment at home.
    """
    found = None if actor.subject.startswith(WAITING) else visit.own_home_visit(tx, actor.subject)
    if found is None:
        raise NotFound
    return found


@routes.post("/mein-termin/bereit")
def ready(centre: CentreDep, actor: Resident) -> RedirectResponse:
    """At home nobody sees who has come: the resident says so."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        own, zone = _own(tx, actor), directory.load(tx).zone
        if own.offer.start.astimezone(zone).date() != now.astimezone(zone).date():
            raise WrongMoment(kind=FactKind.ARRIVED.value, state=VisitState.PLANNED.value)
        if visit.state_of(tx, own.id) in (VisitState.PLANNED, VisitState.NO_SHOW):
            visit.record(tx, visit_id=own.id, kind=FactKind.ARRIVED, by="resident", now=now)
    return RedirectResponse("/mein-termin", status_code=303)


@routes.get(TALK)
def talk(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """The same page as a guest's, for the resident at home; who said no to the talk is asked again."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        own, known = _own(tx, actor), directory.load(tx)
        if consents.answer_of(tx, own.person_id, Purpose.VIDEO) is Answer.NO:
            return RedirectResponse(f"/mein-termin/einwilligung#{Purpose.VIDEO.value}", status_code=303)
        way = Way(own, "resident", f"{TALK}/stand", visit.door(tx, own, now=now))
    shown: dict[str, Any] = {"way": way, "known": known, "doctor_name": known.name_of(own.offer.doctor_id)}
    return centre.the(Pages).render(request, "desk/guest.html", **shown)


@routes.get(f"{TALK}/stand")
def standing(request: Request, centre: CentreDep, actor: Resident) -> dict[str, str]:
    """Whether one can come in now; *next*: when and where one goes on, in words, as soon as there is such a time."""
    spoken = words_of(request)
    with centre.db.reading() as tx:
        own, latest = _own(tx, actor), booking.current(tx, actor.subject)
        door = visit.door(tx, own, now=centre.clock.now())
        going_on = _said(latest.offer, directory.load(tx), spoken) if latest.id != own.id else ""
    return {"door": door.value, "next": going_on}


@routes.post(f"{TALK}/da", status_code=204)
def entered(centre: CentreDep, actor: Resident) -> Response:
    """The resident's page is in the talk: at home no room says so."""
    with centre.db.transaction() as tx:
        own = _own(tx, actor)
        if visit.state_of(tx, own.id) is VisitState.CALLED:
            visit.record(tx, visit_id=own.id, kind=FactKind.ENTERED, by="resident", now=centre.clock.now())
    return Response(status_code=204)


class Time(BaseModel):
    """A time that can be had in a room: what the page sends back, and how it is said."""

    offer: str
    said: str


class Chosen(BaseModel):
    """*request_id* is made by the page and makes a repeat harmless."""

    offer: str
    request_id: str


@routes.get("/arzt/besuch/{visit_id}/raum")
def rooms(visit_id: str, centre: CentreDep, actor: Caller) -> list[Time]:
    """The next times of the same doctor in a room."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:  # reading the person's needs is audited
        own = _going_on(tx, visit_id, actor, now=now)
        wished = times.same_again(tx, centre, own, actor=actor, now=now)
    with centre.the(Index).at(now) as here:
        found = several.in_a_room(here, own, wished, now=now)
        return [Time(offer=form.encode(one), said=_said(one, here.directory, words())) for one in found]


@routes.post("/arzt/besuch/{visit_id}/raum")
def to_a_room(visit_id: str, chosen: Chosen, centre: CentreDep, actor: Caller) -> Time:
    """Go on in a room at a time that doctor and resident agreed on; the resident's link leads there from now on."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        own, known = _going_on(tx, visit_id, actor, now=now), directory.load(tx)
        offer = form.decode(chosen.offer, known)
        room = known.rooms.get(offer.room_id) if offer else None
        if offer is None or room is None or not room.is_claimed or not form.may_repeat(chosen.request_id):
            raise NotFound
        if not allowed(asking.asking(tx, actor, now=now), Action.SEE, asking.thing(offer)):
            raise NotFound
        kept = several.follow_on(
            tx, centre.secrets, own, Wanted(chosen.request_id, offer, NOBODY), actor=actor, now=now
        )
    return Time(offer=form.encode(kept.offer), said=_said(kept.offer, known, words()))


def _going_on(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> Booking:
    """
    Raises:
        NotFound, NotAllowed, WrongMoment: no home visit of this doctor's that goes on.
    """
    own = visit.admit(tx, visit_id, actor, now=now)
    if not visit.is_home(tx, own):
        raise NotFound
    return own


def _said(offer: Offer, known: Directory, spoken: Words) -> str:
    """ "Dienstag, 24. November, 10:30 Uhr, Raum 1, Karl-Marx-Allee 3"."""
    room = known.rooms[offer.room_id]
    where = ", ".join(filter(None, (called(room.name, spoken.language), room.address)))
    day, at = local_day(offer.start, spoken.language), local(offer.start)
    return spoken.text("guest.next.said", day=day, time=at, place=where)
