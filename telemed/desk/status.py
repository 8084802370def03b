"""The resident's own appointment: when, where, which ticket, how it stands, and how late; no name."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from schemas.board import Delay
from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.model import Booking, NotAsked, Status, Waiting
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity import service as identity
from telemed.identity.model import WAITING, Actor, Right
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.kit.db import Tx
from telemed.queue import service as queue
from telemed.queue.model import VisitStanding
from telemed.visit.model import VisitState, WrongMoment
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]


class Stage(StrEnum):
    """How it stands, as the resident hears it; the value ends the catalogue key ``status.…``."""

    BOOKED = "booked"
    TODAY = "today"
    HERE = "here"
    NEXT = "next"
    CALLED = "called"
    INSIDE = "inside"
    ENDED = "ended"
    MISSED = "missed"
    OVER = "over"
    CANCELLED = "cancelled"


_STAGES = {
    VisitState.PLANNED: Stage.TODAY,
    VisitState.ARRIVED: Stage.HERE,
    VisitState.CALLED: Stage.CALLED,
    VisitState.INSIDE: Stage.INSIDE,
    VisitState.ENDED: Stage.ENDED,
    VisitState.NO_SHOW: Stage.MISSED,
}


@dataclass(frozen=True)
class Own:
    """The own appointment. *before* counts those who wait and will be called earlier.

    *waiting*: she waits for something earlier; *is_asked*: a time is kept for her answer. *is_home*: she joins from
    where she is.
    """

    booking: Booking
    stage: Stage
    before: int = 0
    delay: Delay | None = None
    waiting: Waiting | None = None
    is_asked: bool = False
    is_home: bool = False

    @property
    def may_be_ready(self) -> bool:
        """At home she says so herself; in a room the kiosk or the assistant does."""
        return self.is_home and self.stage in (Stage.TODAY, Stage.MISSED)

    @property
    def may_join(self) -> bool:
        """At home: whoever is ready may try camera and sound, and wait there."""
        return self.is_home and self.stage in (Stage.HERE, Stage.NEXT, Stage.CALLED, Stage.INSIDE)

    @property
    def may_change(self) -> bool:
        """Whether she may still cancel, move, or wait for something earlier."""
        return self.stage in (Stage.BOOKED, Stage.TODAY)

    @property
    def goes_on(self) -> bool:
        """Whether something may still change."""
        return self.stage not in (Stage.ENDED, Stage.OVER, Stage.CANCELLED)


@routes.get("/mein-termin")
def own(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """How it stands now; the page asks again by itself."""
    if actor.subject.startswith(WAITING):
        return RedirectResponse("/warteliste", status_code=303)
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        found = own_of(tx, centre, known, actor, now=now)
    return _page(request, centre, "desk/status.html", found, known)


@routes.get("/mein-termin/absagen")
def ask(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Ask once before cancelling."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
        found = own_of(tx, centre, known, actor, now=centre.clock.now())
    return _page(request, centre, "desk/cancel.html", found, known)


@routes.post("/mein-termin/absagen")
def cancel(centre: CentreDep, actor: Resident) -> RedirectResponse:
    """Cancel; no reason is asked. Who has arrived tells the desk instead."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        found = own_of(tx, centre, directory.load(tx), actor, now=now)
        if not found.may_change and found.stage is not Stage.CANCELLED:
            raise WrongMoment(kind="cancel", state=found.stage.value)
        booking.cancel(tx, centre.secrets, found.booking.id, actor=actor, now=now)
    return RedirectResponse("/mein-termin", status_code=303)


@routes.post("/mein-termin/schliessen")
def close(
    centre: CentreDep, _actor: Resident, session: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None
) -> RedirectResponse:
    """Leave nothing behind on a device that others use too; the link opens the page again."""
    if session:
        with centre.db.transaction() as tx:
            identity.sign_out(tx, session)
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def _page(request: Request, centre: Centre, template: str, found: Own, known: Directory) -> HTMLResponse:
    room = known.rooms.get(found.booking.offer.room_id)
    shown: dict[str, Any] = {"own": found, "known": known, "now": centre.clock.now()}
    shown |= {"room": room.name if room else "", "address": room.address if room else ""}
    return centre.the(Pages).render(request, template, **shown)


def own_of(tx: Tx, centre: Centre, known: Directory, actor: Actor, *, now: datetime) -> Own:
    """The appointment of the session, also where it was moved since.

    Raises:
        NotFound: there is none.
    """
    found = booking.current(tx, actor.subject)
    if found.status is Status.CANCELLED:
        return Own(found, Stage.CANCELLED)
    day, today = (moment.astimezone(known.zone).date() for moment in (found.offer.start, now))
    if day < today:
        return Own(found, Stage.OVER)
    if day > today:
        own = Own(found, Stage.BOOKED)
    else:
        offer = found.offer
        standing = queue.day(tx, offer.room_id, now=now, clock=centre.clock, doctor_id=offer.doctor_id).standing
        own = of_today(found, standing.visits, now=now)
    room = known.rooms.get(found.offer.room_id)
    own = replace(own, is_home=room is not None and not room.is_claimed)
    return _with_waiting(tx, own, now=now) if own.may_change else own


def _with_waiting(tx: Tx, own: Own, *, now: datetime) -> Own:
    waiting = holding.waiting_before(tx, own.booking.id)
    if waiting is None or waiting.wish.latest <= now:
        return own
    try:
        holding.offered_to(tx, waiting, now=now)
    except NotAsked:
        return replace(own, waiting=waiting)
    return replace(own, waiting=waiting, is_asked=True)


def of_today(found: Booking, visits: tuple[VisitStanding, ...], *, now: datetime) -> Own:
    """How one of today's visits stands among the others of its room, which come in order."""
    entry = next(entry for entry in visits if entry.visit.visit_id == found.id)
    stage = _STAGES[entry.state]
    waiting = [other.visit.visit_id for other in visits if other.state is VisitState.ARRIVED]
    before = waiting.index(found.id) if found.id in waiting else 0
    if stage is Stage.HERE and before == 0:
        stage = Stage.NEXT
    if stage is Stage.TODAY and found.offer.end <= now and entry.delay is None:
        stage = Stage.OVER
    return Own(found, stage, before, entry.delay)
