"""Staff book over others: who would have to give way is named first, and a reason is asked for each time."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from telemed.booking import asking, byhand, form, search, several, steps
from telemed.booking import model as booking_model
from telemed.booking import service as booking
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.model import Blocked, Extras, ReasonMissing, TooLate, Urgency
from telemed.booking.planner import Offer
from telemed.desk import planned, service
from telemed.desk.asked import NOTHING_WRONG, Asked, Line, Options, Planner, Said, Sent, page, slip, time_of
from telemed.desk.planned import Met
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.allowed import Action, allowed
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.refusal import NotAllowed
from telemed.people.model import Erased
from telemed.web.centre import Centre, CentreDep

HERE = "/assistenz/dringend"

routes = APIRouter()


@routes.get(HERE)
def look(request: Request, centre: CentreDep, actor: Planner, asked: Sent) -> HTMLResponse:
    """Day, time, doctor and room by hand; once all are there, who would have to give way."""
    return _page(request, centre, actor, asked)


@dataclass(frozen=True)
class MadeUp:
    """What would be booked. *is_free*: nothing stands in the way, so that it needs no reason."""

    offer: Offer
    is_free: bool


def _made_up(here: Ground, asked: Asked) -> MadeUp | None:
    """None while something is missing."""
    known, given, start = here.directory, asked.given, _start(asked, here.directory)
    if start is None or given.doctor not in known.doctors or given.place not in known.rooms:
        return None
    offer = byhand.made_up(here, asked.what(), start)
    return MadeUp(offer, search.objection(here, offer, ordered=True) is None) if offer else None


def _start(asked: Asked, known: Directory) -> datetime | None:
    day, at = form.day_of(asked.first), time_of(asked.time)
    return datetime.combine(day, at, tzinfo=known.zone).astimezone(UTC) if day and at else None


def _page(
    request: Request, centre: Centre, actor: Actor, asked: Asked, said: Said = NOTHING_WRONG, *, urgency: str = ""
) -> HTMLResponse:
    """The form, and whom it would cost an appointment, by name."""
    now, displaced, possible = centre.clock.now(), list[Met](), True
    with centre.the(Index).at(now) as here:
        known = here.directory
        asked = asked.by(actor, known)
        made = _made_up(here, asked)
    if made is not None:
        asked = replace(asked, given=replace(steps.with_id(asked.given), offer=form.encode(made.offer)))
        try:
            with centre.db.transaction() as tx:
                displaced = _displaced(tx, centre, known, made.offer, actor, now=now)
        except (Blocked, TooLate) as refusal:
            said, possible = Said(refusal=refusal), False
    shown: dict[str, Any] = {"asked": asked, "options": _options(centre, known, actor), "urgencies": list(Urgency)}
    shown |= {"line": Line.of(made.offer, known) if made else None, "is_free": made is not None and made.is_free}
    shown |= {"possible": possible, "displaced": displaced, "urgency": urgency}
    return page(request, centre, actor, "urgent.html", said, lacks_order=asked.lacks_order(known), **shown)


def _options(centre: Centre, known: Directory, actor: Actor) -> Options:
    """A doctor's own time, or the rooms of an assistant."""
    every = Options.of(known)
    if actor.role is Role.DOCTOR:
        return replace(every, doctors=[one for one in every.doctors if one[0] == actor.subject])
    with centre.db.reading() as tx:
        own = {room.id for room in service.rooms_of(tx, actor.subject)}
    return replace(every, rooms=[one for one in every.rooms if one[0] in own])


def _displaced(tx: Tx, centre: Centre, known: Directory, offer: Offer, actor: Actor, *, now: datetime) -> list[Met]:
    """Whose appointments stand in the way.

    Raises:
        NotAllowed: it is neither the doctor's own time nor in a room of the assistant's.
        Blocked, TooLate: no reason helps.
    """
    asker = asking.asking(tx, actor, now=now)
    if not allowed(asker, Action.SEE, asking.thing(offer)):
        raise NotAllowed
    found = several.displaces(tx, known, offer, now=now)
    return planned.met(tx, centre.secrets, found, asker=asker, purpose="displacing")


@routes.post(HERE)
def book(
    request: Request,
    centre: CentreDep,
    actor: Planner,
    asked: Sent,
    displaced: Annotated[list[str], Form(default_factory=list)],
    urgency: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Book before others, if just those give way who were named; then say whom to call."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        asker = asking.asking(tx, actor, now=now)
    asked, offer = asked.by(actor, known), form.decode(asked.given.offer, known)
    faults = _faults(asked, known, urgency, this_year=now.year)
    if faults or offer is None or not form.may_repeat(asked.given.request_id):
        return _page(request, centre, actor, asked, Said(faults), urgency=urgency)
    if not allowed(asker, Action.SEE, asking.thing(offer)):
        raise NotAllowed
    needs_order = known.services[offer.service_id].needs_order
    extras = Extras(ordered_by=asked.ordered_by if needs_order else None)
    wanted = booking_model.Request(asked.given.request_id, offer, asked.given.person(), asked.given.quiet, extras)
    try:
        with centre.db.transaction() as tx:
            made = several.override(tx, centre.secrets, wanted, Urgency(urgency), actor=actor, now=now, named=displaced)
            slips = [slip(centre, made.booked, booking.get(tx, made.booked.id), known)]
            to_tell = planned.has_tasks(asker, made.displaced)
            called = planned.met(tx, centre.secrets, made.displaced, asker=to_tell, purpose="displaced")
    except (Blocked, TooLate, Erased) as refusal:
        return _page(request, centre, actor, asked, Said(refusal=refusal), urgency=urgency)
    return page(request, centre, actor, "booked.html", slips=slips, again=HERE, displaced=called)


def _faults(asked: Asked, known: Directory, urgency: str, *, this_year: int) -> dict[str, str]:
    faults: dict[str, str] = {}
    if urgency not in set(Urgency):
        faults["urgency"] = ReasonMissing.key
    if asked.lacks_order(known):
        faults["ordered_by"] = "planning.wrong.ordered_by"
    return faults | form.contact_faults(asked.given, this_year=this_year)
