"""The waiting list: who waits, whom to call, and what they said."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import form, holding, steps
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.desk import planned
from telemed.desk.asked import NOTHING_WRONG, Asked, Line, Options, Planner, Said, Sent, page, slip
from telemed.directory import service as directory
from telemed.identity.allowed import TABLE, Action
from telemed.identity.model import Actor
from telemed.kit.i18n import link_in
from telemed.kit.refusal import Refusal
from telemed.web.centre import Centre, CentreDep

HERE = "/assistenz/warteliste"
PRIORITIES = {"": None, **{str(one): one for one in planned.PRIORITIES}}
AN_INSTANT = timedelta(microseconds=1)
"""Before the end of a wish its last day still runs."""

routes = APIRouter()


@routes.get(HERE)
def look(request: Request, centre: CentreDep, actor: Planner) -> HTMLResponse:
    """Everybody in line, in order."""
    return _list(request, centre, actor)


def _list(request: Request, centre: Centre, actor: Actor, said: Said = NOTHING_WRONG) -> HTMLResponse:
    with centre.db.transaction() as tx:
        known = directory.load(tx)
        line = planned.in_line(tx, centre.secrets, actor=actor, now=centre.clock.now())
        may_prefer = planned.may_prefer(tx, actor)
    kept = {one.waiting.id: Line.of(one.kept.offer, known) for one in line if one.kept}
    shown: dict[str, Any] = {"line": line, "kept": kept, "may_prefer": may_prefer, "priorities": list(PRIORITIES)}
    shown |= {"ends": {one.waiting.id: one.waiting.wish.latest - AN_INSTANT for one in line}}
    shown |= {
        "knows_why": Action.REASON in TABLE[actor.role],
        "known": known,
        "spoken": dict(Options.of(known).languages),
    }
    return page(request, centre, actor, "waiting.html", said, **shown)


@routes.api_route(f"{HERE}/eintragen", methods=["GET", "POST"])
def enter(request: Request, centre: CentreDep, actor: Planner, asked: Sent) -> HTMLResponse:
    """What for, and who."""
    return _enter(request, centre, actor, asked)


def _enter(request: Request, centre: Centre, actor: Actor, asked: Asked, said: Said = NOTHING_WRONG) -> HTMLResponse:
    with centre.db.reading() as tx:
        known = directory.load(tx)
    asked = replace(asked.by(actor, known), given=steps.with_id(asked.given))
    shown: dict[str, Any] = {"options": Options.of(known), "window": asked.window(known, now=centre.clock.now())}
    return page(request, centre, actor, "wait.html", said, asked=asked, **shown)


@routes.post(HERE)
def join(request: Request, centre: CentreDep, actor: Planner, asked: Sent) -> HTMLResponse:
    """Put somebody in line; that they asked in vain is counted, without a person."""
    now = centre.clock.now()
    with centre.the(Index).at(now) as here:
        known = here.directory
    asked = asked.by(actor, known)
    faults: dict[str, str] = {}
    if asked.given.service not in known.services:
        faults["service"] = "planning.wrong.service"
    if asked.lacks_order(known):
        faults["ordered_by"] = "planning.wrong.ordered_by"
    faults |= form.contact_faults(asked.given, this_year=now.year)
    if faults or not form.may_repeat(asked.given.request_id):
        return _enter(request, centre, actor, asked, Said(faults))
    wish = asked.wish(known, now=now)
    person, request_id = asked.given.person(), asked.given.request_id
    with centre.db.transaction() as tx:
        waiting, token = holding.join(tx, centre.secrets, wish, person, actor=actor, now=now, request_id=request_id)
        if waiting.asked_at == now:  # not when it is sent twice
            booking.count_unmet(tx, known, wish)
        before = planned.before(tx, waiting, now=now)
    link = link_in(f"{centre.public_url}/w/{token}", person.language)
    shown: dict[str, Any] = {"before": before, "link": link, "qr": steps.qr(link)}
    shown |= {"service": known.services[wish.what.service_id].name}
    return page(request, centre, actor, "waits.html", again=f"{HERE}/eintragen?{asked.again()}", **shown)


@routes.post(HERE + "/{waiting_id}/zusage")
def accept(request: Request, waiting_id: str, centre: CentreDep, actor: Planner) -> Response:
    """They said yes on the telephone: what was kept is theirs."""
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            known = directory.load(tx)
            waiting = planned.in_her_line(tx, waiting_id, actor, now=now)
            made = holding.accept(tx, centre.secrets, waiting_id, actor=actor, now=now)
            taken = booking.get(tx, made.id)
    except Refusal as refusal:
        return _list(request, centre, actor, Said(refusal=refusal))
    slips = [slip(centre, made, taken, known)]
    # who had another appointment keeps its link and paper
    moved = waiting.booking_id is not None
    return page(request, centre, actor, "booked.html", slips=slips, again=HERE, moved=moved)


@routes.post(HERE + "/{waiting_id}/vorrang")
def prefer(
    waiting_id: str,
    centre: CentreDep,
    actor: Planner,
    priority: Annotated[Literal["", "1", "2", "3"], Form()] = "",
) -> RedirectResponse:
    """A professional says who comes before others."""
    with centre.db.transaction() as tx:
        chosen = PRIORITIES[priority]
        planned.set_priority(tx, waiting_id, chosen, actor=actor, now=centre.clock.now())
    return RedirectResponse(HERE, status_code=303)


@routes.post(HERE + "/{waiting_id}/{what}")
def change(
    request: Request,
    waiting_id: str,
    what: Literal["absage", "streichen"],
    centre: CentreDep,
    actor: Planner,
) -> Response:
    """This time does not suit, or they do not wait any more."""
    end = holding.decline if what == "absage" else holding.leave
    try:
        with centre.db.transaction() as tx:
            planned.in_her_line(tx, waiting_id, actor, now=centre.clock.now())
            end(tx, centre.secrets, waiting_id, now=centre.clock.now())
    except Refusal as refusal:
        return _list(request, centre, actor, Said(refusal=refusal))
    return RedirectResponse(HERE, status_code=303)
