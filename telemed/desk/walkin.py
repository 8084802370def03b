"""Somebody is there without an appointment: the first gap of today, booked with one press."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from schemas.day import FactKind
from telemed.booking import form, search, several, steps
from telemed.booking import model as booking_model
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import Blocked, Booked, Extras, NothingFree, TooLate
from telemed.booking.planner import HORIZON, Offer, Wish
from telemed.desk import service
from telemed.desk.asked import NOTHING_WRONG, Asked, Assistant, Line, Options, Said, Sent, page, slip
from telemed.directory import service as directory
from telemed.directory.model import Room
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.people.model import Way
from telemed.visit import service as visit
from telemed.visit.model import WrongMoment
from telemed.web.centre import Centre, CentreDep

NEXT_ONES = 3
"""What is offered in place of a gap today."""
HERE = "/assistenz/ohne-termin"

routes = APIRouter()


@routes.get(HERE)
def start(request: Request, centre: CentreDep, actor: Assistant, asked: Sent) -> HTMLResponse:
    """What for, and who."""
    return _page(request, centre, actor, asked)


@routes.post(f"{HERE}/finden")
def find(request: Request, centre: CentreDep, actor: Assistant, asked: Sent) -> HTMLResponse:
    """The first gap of today, or what works instead."""
    asked = _on_paper(asked)
    faults = _faults(centre, actor, asked)
    if faults:
        return _page(request, centre, actor, asked, Said(faults))
    return _gap(request, centre, actor, asked)


@routes.post(HERE)
def book(request: Request, centre: CentreDep, actor: Assistant, asked: Sent) -> HTMLResponse:
    """Book the gap that was shown and say that they are here; if it has gone, show the next one."""
    asked, now = _on_paper(asked), centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
    faults, offer = _faults(centre, actor, asked), form.decode(asked.given.offer, known)
    if faults or offer is None or not form.may_repeat(asked.given.request_id):
        return _page(request, centre, actor, asked, Said(faults))
    needs_order = known.services[offer.service_id].needs_order
    extras = Extras(ordered_by=asked.ordered_by if needs_order else None, walk_in=True)
    wanted = booking_model.Request(asked.given.request_id, offer, asked.given.person(), asked.given.quiet, extras)
    try:
        with centre.db.transaction() as tx:
            made = booking.book(tx, centre.secrets, wanted, actor=actor, now=now)
            _is_here(tx, centre, made)
            slips = [slip(centre, made, booking.get(tx, made.id), known)]
    except (Blocked, TooLate) as refusal:
        return _gap(request, centre, actor, asked, Said(refusal=refusal))
    return page(request, centre, actor, "booked.html", slips=slips, again=HERE, is_here=True)


def _is_here(tx: Tx, centre: Centre, made: Booked) -> None:
    with suppress(WrongMoment):  # sent twice, they are here already
        visit.record(tx, visit_id=made.id, kind=FactKind.ARRIVED, by="assistant", now=centre.clock.now())


def _on_paper(asked: Asked) -> Asked:
    """They stand at the desk: nothing must be sent to them."""
    return replace(asked, given=replace(asked.given, way=Way.PAPER.value))


def _faults(centre: Centre, actor: Actor, asked: Asked) -> dict[str, str]:
    with centre.db.reading() as tx:
        known = directory.load(tx)
    faults: dict[str, str] = {}
    if asked.given.service not in known.services:
        faults["service"] = "planning.wrong.service"
    if asked.by(actor, known).lacks_order(known):
        faults["ordered_by"] = "planning.wrong.ordered_by"
    return faults | form.contact_faults(asked.given, this_year=centre.clock.now().year)


def _gap(request: Request, centre: Centre, actor: Actor, asked: Asked, said: Said = NOTHING_WRONG) -> HTMLResponse:
    """The first gap in a room where they stand; where there is none, the next offers anywhere."""
    now, gap, near = centre.clock.now(), None, list[Offer]()
    rooms = [room.id for room in _rooms(centre, actor) if asked.given.place in ("", room.id)]
    with centre.the(Index).at(now) as here:
        what = asked.what()
        try:
            gap = several.walk_in(here, replace(what, room_ids=tuple(rooms)), now=now)
        except NothingFree as refusal:
            said = Said(refusal=refusal)
            wish = Wish(replace(what, room_ids=()), now, now + HORIZON, spread=True)
            near = search.offers(here, wish, now=now, limit=NEXT_ONES)
    asked = replace(asked, given=steps.with_id(asked.given))
    return _page(request, centre, actor, asked, said, gap=gap, near=near)


def _page(
    request: Request,
    centre: Centre,
    actor: Actor,
    asked: Asked,
    said: Said = NOTHING_WRONG,
    *,
    gap: Offer | None = None,
    near: Sequence[Offer] = (),
) -> HTMLResponse:
    with centre.db.reading() as tx:
        known = directory.load(tx)
    rooms = [(room.id, room.name) for room in _rooms(centre, actor)]
    shown: dict[str, Any] = {"asked": asked, "options": Options.of(known), "rooms": rooms}
    shown |= {"gap": Line.of(gap, known) if gap else None, "near": [Line.of(one, known) for one in near]}
    nothing = isinstance(said.refusal, NothingFree)
    return page(request, centre, actor, "walkin.html", said, nothing=nothing, **shown)


def _rooms(centre: Centre, actor: Actor) -> list[Room]:
    """Where somebody can stand in front of the assistant."""
    with centre.db.reading() as tx:
        return [room for room in service.rooms_of(tx, actor.subject) if room.is_claimed]
