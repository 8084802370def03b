"""Another time for the own appointment: choose, confirm, the slip again. The old one stays until the new one is had."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import form, held, holding, steps, times
from telemed.booking import model as booking_model
from telemed.booking import service as booking
from telemed.booking.held import Holding, Wanted
from telemed.booking.index import Index
from telemed.booking.model import Booking, HoldGone, NotOffered, SlotTaken, TooLate
from telemed.booking.planner import Offer, What
from telemed.booking.times import Choice, Leaf
from telemed.desk.own import Look, Own, before_the_visit
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.ids import new_token
from telemed.kit.refusal import Refusal
from telemed.people.model import Person, Way
from telemed.visit import service as visit
from telemed.visit.model import WrongMoment
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of

HERE = "/mein-termin/verschieben"
DONE = "/mein-termin/verschoben"
NOBODY = Person("", 0, Way.PAPER)
"""Who moves is known already; nothing of this is read."""

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]


@dataclass(frozen=True)
class Chosen:
    """A time as a page sends it."""

    offer: str = ""
    request_id: str = ""


def _chosen(offer: Annotated[str, Form()] = "", request_id: Annotated[str, Form()] = "") -> Chosen:
    return Chosen(offer, request_id if form.may_repeat(request_id) else new_token())


Sent = Annotated[Chosen, Depends(_chosen)]


@routes.get(HERE)
def choose(
    request: Request, centre: CentreDep, actor: Resident, day: str = "", later: str = "", wer: str = ""
) -> HTMLResponse:
    """Times for the same service, with the same doctor first. Looking changes nothing."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        own = _movable(tx, centre, known, actor)
    needs = partial(times.same_again, centre=centre, booking=own.booking, actor=actor, now=now)
    with centre.db.beside(needs) as anyone:  # reading them is audited
        same = _with_same_doctor(anyone, own.booking)
        shown = times.shown(centre, anyone if wer == "alle" else same, Leaf(day, later), now=now)
        is_same = wer != "alle" and not shown.get("nothing")
        if shown.get("nothing") and wer != "alle":
            shown = times.shown(centre, anyone, Leaf(day, later), now=now)
        several = len(known.doctors_for(known.services[own.booking.offer.service_id])) > 1
        shown |= {"with_whom": known.name_of(own.booking.offer.doctor_id) if is_same and several else "", "wer": wer}
        return _page(request, centre, "desk/move.html", own.booking, known, **shown)


@routes.post(HERE)
def hold(request: Request, centre: CentreDep, actor: Resident, chosen: Sent) -> Response:
    """Hold the chosen time and ask once more."""
    return _confirm(request, centre, actor, chosen, held.keep)


@routes.post(f"{HERE}/mehr-zeit")
def more_time(request: Request, centre: CentreDep, actor: Resident, chosen: Sent) -> Response:
    """The same page with ten more minutes."""
    return _confirm(request, centre, actor, chosen, held.longer)


@routes.post(f"{HERE}/zurueck")
def choose_again(centre: CentreDep, _actor: Resident, chosen: Sent) -> RedirectResponse:
    """Give the held time back, and choose once more."""
    with centre.db.transaction() as tx:
        holding.end_hold(tx, centre.secrets, chosen.request_id, now=centre.clock.now())
    return RedirectResponse(HERE, status_code=303)


@routes.get(f"{HERE}/zurueck")
@routes.get(f"{HERE}/mehr-zeit")
@routes.get(f"{HERE}/fertig")
def begin_again(_actor: Resident) -> RedirectResponse:
    """An address that was kept leads to the beginning."""
    return RedirectResponse(HERE, status_code=303)


@routes.post(f"{HERE}/fertig")
def move(request: Request, centre: CentreDep, actor: Resident, chosen: Sent) -> Response:
    """Move, or keep the old one and offer the nearest three. Sent twice it is once."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        own = _movable(tx, centre, known, actor)
    offer = _same_service(chosen, own, known)
    if offer is None:
        return RedirectResponse(HERE, status_code=303)
    asked = booking_model.Request(chosen.request_id, offer, NOBODY)
    try:
        with centre.db.transaction() as tx:
            visit.check_still_to_come(tx, own.booking.id)
            booking.move(tx, centre.secrets, own.booking.id, asked, actor=actor, now=now)
    except (SlotTaken, TooLate, NotOffered) as refusal:
        return _lost(request, centre, actor, own.booking, Lost(chosen, offer, refusal))
    return RedirectResponse(DONE, status_code=303)


@routes.get(DONE)
def moved(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """The slip of the new time; what was given out before stays valid."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
        found = booking.current(tx, actor.subject)
        before = booking.get(tx, found.extras.replaces) if found.extras.replaces else None
    if before is None:
        return RedirectResponse("/mein-termin", status_code=303)
    shown = {**steps.visit(found, known), "is_new_ticket": found.ticket != before.ticket}
    return _page(request, centre, "desk/moved.html", found, known, **shown)


def _confirm(request: Request, centre: Centre, actor: Actor, chosen: Chosen, hold: Holding) -> Response:
    with centre.db.reading() as tx:
        known = directory.load(tx)
        own = _movable(tx, centre, known, actor)
    offer = _same_service(chosen, own, known)
    if offer is None:
        return RedirectResponse(HERE, status_code=303)
    ordered = own.booking.extras.ordered_by is not None
    try:
        kept = hold(request, centre, Wanted(chosen.request_id, offer, ordered))
    except HoldGone:  # it was moved by this very request
        return RedirectResponse(DONE, status_code=303)
    except (SlotTaken, TooLate, NotOffered) as refusal:
        return _lost(request, centre, actor, own.booking, Lost(chosen, offer, refusal))
    shown: dict[str, Any] = {"chosen": chosen, "choice": Choice.of(offer, known), "held": kept, "step": ""}
    shown |= {"other_doctor": offer.doctor_id != own.booking.offer.doctor_id, "waits": own.waiting is not None}
    return _page(request, centre, "desk/move_check.html", own.booking, known, **shown)


@dataclass(frozen=True)
class Lost:
    """A time that could not be had, and why."""

    chosen: Chosen
    offer: Offer
    refusal: Refusal


def _lost(request: Request, centre: Centre, actor: Actor, old: Booking, lost: Lost) -> HTMLResponse:
    """The old time stays, and the three nearest to the wished one are offered."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:  # reading her needs is audited
        wished = times.same_again(tx, centre, old, actor=actor, now=now)
    with centre.the(Index).at(now) as here:
        known = here.directory
        near = booking.alternatives(here, lost.offer, now=now, wished=wished)
    shown: dict[str, Any] = {"near": [Choice.of(one, known) for one in near], "chosen": lost.chosen}
    shown |= {"why": steps.said(lost.refusal, words_of(request))[0], "many": len({one.room_id for one in near}) > 1}
    status = lost.refusal.sense.value
    return _page(request, centre, "desk/move_lost.html", old, known, status=status, **shown)


def _movable(tx: Tx, centre: Centre, known: Directory, actor: Actor) -> Own:
    """
    Raises:
        NotFound: the session has no appointment.
        WrongMoment: she has arrived, it is over or cancelled, or it came from elsewhere and says not what for.
    """
    own = before_the_visit(Look(tx, centre.clock, centre.clock.now()), actor)
    if not own.may_change or own.booking.offer.service_id not in known.services:
        raise WrongMoment(kind="move", state=own.stage.value)
    return own


def _same_service(chosen: Chosen, own: Own, known: Directory) -> Offer | None:
    offer = form.decode(chosen.offer, known)
    return offer if offer and offer.service_id == own.booking.offer.service_id else None


def _with_same_doctor(what: What, own: Booking) -> What:
    return replace(what, doctor_ids=(own.offer.doctor_id,))


def _page(
    request: Request, centre: Centre, template: str, old: Booking, known: Directory, *, status: int = 200, **shown: Any
) -> HTMLResponse:
    shown |= {"old": Choice.of(old.offer, known), "known": known}
    return centre.the(Pages).render(request, template, status=status, **shown)
