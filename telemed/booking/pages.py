"""The booking pages: five steps without an account, without a script, and with nothing kept but the chosen time."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.booking import (
    access,
    by_pictures,
    doctors,
    form,
    held,
    helping,
    interpreting,
    model,
    service,
    steps,
    waiting_pages,
)
from telemed.booking.form import Answers, Step
from telemed.booking.limits import limits_of
from telemed.booking.model import NotOffered, SlotTaken, TooLate
from telemed.directory import service as directory
from telemed.directory.opening import opening_lines
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.people.model import Need
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages, words_of

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Given = Annotated[Answers, Depends(form.answers_of)]


@routes.get("/")
def start(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Emergency numbers first, then the three big ways on, then what people ask most."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
    hours = {room.id: opening_lines(room.hours, words_of(request)) for room in known.rooms.values()}
    return centre.the(Pages).render(request, "booking/start.html", known=known, hours=hours)


@routes.api_route("/termin", methods=["GET", "POST"])
def what(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 1: what for."""
    return steps.show(request, centre, given, Step.WHAT)


@routes.api_route("/termin/zeit", methods=["GET", "POST"])
def when(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 2: when; three suggestions, then days, then the times of one day."""
    return steps.show(request, centre, given, Step.WHEN)


@routes.post("/termin/halten")
def hold(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Hold the chosen time, in place of one chosen before; then step 3, or the last one if she has been there."""
    with centre.db.reading() as tx:
        chosen = form.decode(given.offer, directory.load(tx))
    given = steps.with_id(given)
    if chosen is not None and chosen.interpreter_id and Need.INTERPRETER not in given.needs:
        given = replace(given, needs=(*given.needs, Need.INTERPRETER))
    return steps.go_on(request, centre, given, Step.CHECK if given.name else Step.NEEDS, held.keep)


@routes.get("/termin/hilfe")
def needs(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 3: what helps; looked at, nothing is held."""
    return steps.show(request, centre, given, Step.NEEDS)


@routes.post("/termin/hilfe")
def needs_again(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 3 once more."""
    return steps.go_on(request, centre, given, Step.NEEDS, held.still)


@routes.post("/termin/kontakt")
def contact(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 4: who, and how we reach them."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
    given = interpreting.at_the_same_time(request, centre, given, known)
    return steps.go_on(request, centre, given, Step.CONTACT, held.still)


@routes.post("/termin/pruefen")
def check(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 5: everything once more."""
    return steps.go_on(request, centre, given, Step.CHECK, held.still)


@routes.post("/termin/mehr-zeit")
def more_time(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """The same step with ten more minutes, and with everything as it was typed."""
    return steps.go_on(request, centre, given, given.asked_at, held.longer)


@routes.get("/termin/halten")
@routes.get("/termin/kontakt")
@routes.get("/termin/pruefen")
@routes.get("/termin/mehr-zeit")
@routes.get("/termin/buchen")
def begin_again(_actor: Anyone) -> RedirectResponse:
    """An address that was kept leads to the beginning; what is personal never stands in it."""
    return RedirectResponse("/termin", status_code=303)


@routes.post("/termin/buchen")
def book(request: Request, centre: CentreDep, given: Given, actor: Anyone) -> HTMLResponse:
    """Book. If the time has just gone, everything entered stays and the nearest three are offered."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
    offer = form.decode(given.offer, known)
    complete = form.next_step(given, Step.CHECK, known, this_year=now.year) is Step.CHECK
    if offer is None or not complete or not form.may_repeat(given.request_id):
        return steps.show(request, centre, given, Step.CHECK)
    asked = model.Request(given.request_id, offer, given.person(words_of(request).language), given.quiet)
    try:
        counted = limits_of(centre).booking(centre, request, actor, given.request_id, asked.person)
        with counted, centre.db.transaction() as tx:
            booked = service.book(tx, centre.secrets, asked, actor=actor, now=now)
            taken = service.get(tx, booked.id)
    except (SlotTaken, TooLate, NotOffered) as refusal:
        return steps.lost(request, centre, given, offer, refusal, action="/termin/buchen")
    return steps.slip(request, centre, booked, taken, known, request_id=given.request_id)


routes.include_router(access.routes)
routes.include_router(by_pictures.routes)
routes.include_router(doctors.routes)
routes.include_router(helping.routes)
routes.include_router(waiting_pages.routes)
