"""Appointments that another system asked for, and that staff confirm or refuse."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import asking, pending
from telemed.desk import planned
from telemed.desk.appointments import entry_of
from telemed.desk.asked import NOTHING_WRONG, Planner, Said, page
from telemed.directory import service as directory
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound, Refusal
from telemed.web.centre import Centre, CentreDep

HERE = "/assistenz/bestaetigen"

routes = APIRouter()


@routes.get(HERE)
def look(request: Request, centre: CentreDep, actor: Planner) -> HTMLResponse:
    """What waits for an answer, the most pressing first."""
    return _list(request, centre, actor)


def _list(request: Request, centre: Centre, actor: Actor, said: Said = NOTHING_WRONG) -> HTMLResponse:
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        known, found = directory.load(tx), planned.to_confirm(tx, actor=actor, now=now)
        bookings = [one for one, _ in found]
        asker = planned.has_tasks(asking.asking(tx, actor, now=now), bookings)
        met = planned.met(tx, centre.secrets, bookings, asker=asker, purpose="appointment")
    entries = [entry_of(known, one, asker) for one in met]
    until = {held.booking_id: held.held_until for _, held in found}
    return page(request, centre, actor, "confirm.html", said, entries=entries, until=until)


@routes.post(f"{HERE}/{{asked_id}}")
def confirm(request: Request, asked_id: str, centre: CentreDep, actor: Planner) -> Response:
    """It is an appointment from now on; who asked for it learns so from the other system."""
    return _answered(request, centre, actor, asked_id, pending.confirm)


@routes.post(f"{HERE}/{{asked_id}}/ablehnen")
def refuse(request: Request, asked_id: str, centre: CentreDep, actor: Planner) -> Response:
    """It does not take place, and its time is free."""
    return _answered(request, centre, actor, asked_id, pending.refuse)


def _answered(request: Request, centre: Centre, actor: Actor, asked_id: str, answer: Callable[..., object]) -> Response:
    """*answer* says yes or no for whom staff may say it; what cannot be any more is told on the list."""
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            _check(tx, asked_id, actor, now)
            answer(tx, centre.secrets, asked_id, actor=actor, now=now)
    except NotFound:
        raise
    except Refusal as refusal:
        return _list(request, centre, actor, Said(refusal=refusal))
    return RedirectResponse(HERE, status_code=303)


def _check(tx: Tx, asked_id: str, actor: Actor, now: datetime) -> None:
    """
    Raises:
        NotFound: it waits for nobody of the staff (any more), or not for them.
    """
    if asked_id not in {one.id for one, _ in planned.to_confirm(tx, actor=actor, now=now)}:
        raise NotFound
