"""Appointments ahead: those that must be moved, and moving or cancelling any other."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import asking, form, holding, planner, search
from telemed.booking import model as booking_model
from telemed.booking import service as booking
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.model import AlreadyCancelled, Blocked, Booking, Reason, TooLate
from telemed.booking.planner import Offer, Wish
from telemed.desk import glass, planned
from telemed.desk.asked import NOTHING_WRONG, Line, Planner, Said, page
from telemed.desk.planned import Met
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.allowed import Action, Asker, GlassReason
from telemed.identity.model import Actor
from telemed.kit.ids import new_token
from telemed.kit.refusal import NotFound
from telemed.people.model import Erased, Person
from telemed.visit.model import WrongMoment
from telemed.web.centre import Centre, CentreDep

SHOWN = 24
REASONS = (Reason.PATIENT, Reason.PRACTITIONER, Reason.EQUIPMENT, Reason.OTHER)
"""Why staff cancel."""

routes = APIRouter()


@dataclass(frozen=True)
class Entry:
    """One appointment as it is shown; *person* is None where the data were erased, or are hidden from whoever looks.

    *service* is empty where she is not told what for. *why*: what is broken, at whom.
    """

    booking: Booking
    person: Person | None
    line: Line
    service: str
    why: str = ""
    whose: str = ""
    near: tuple[Line, ...] = ()
    request_id: str = ""
    is_hidden: bool = False


def entry_of(known: Directory, one: Met, asker: Asker, **more: Any) -> Entry:
    offer = one.booking.offer
    service = known.services.get(offer.service_id)
    line = Line.of(offer, known)
    shown = service.name if service and asking.may(asker, Action.REASON, one.booking) else ""
    return Entry(one.booking, one.person, line, shown, is_hidden=one.is_hidden, **more)


def _again(line: Line) -> Line:
    """For a button that moves: the same without what for, which the appointment itself says."""
    return replace(line, code=line.code.partition("_")[2])


@routes.get("/assistenz/verlegen")
def must_move(request: Request, centre: CentreDep, actor: Planner) -> HTMLResponse:
    """What cannot take place as it was booked, why, and what there is instead."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        known, found = directory.load(tx), planned.to_move(tx, actor=actor, now=now)
        bookings = [one for one, _ in found]
        asker = planned.has_tasks(asking.asking(tx, actor, now=now), bookings)
        met = planned.met(tx, centre.secrets, bookings, asker=asker, purpose="must be moved")
    with centre.the(Index).at(now) as here:
        near = [_near(here, one, now=now) for one in met]
    entries = []
    for one, (_, broken), lines in zip(met, found, near, strict=True):
        why = {"why": broken.rule.value, "whose": known.name_of(broken.resource_id)}
        entries.append(entry_of(known, one, asker, near=lines, request_id=new_token(), **why))
    return page(request, centre, actor, "must_move.html", entries=entries)


def _near(here: Ground, one: Met, *, now: datetime) -> tuple[Line, ...]:
    wished = planned.like(one.booking, one.person, here.directory)
    found = booking.alternatives(here, one.booking.offer, now=now, wished=wished)
    return tuple(_again(Line.of(offer, here.directory)) for offer in found)


@routes.get("/assistenz/termine")
def of_a_day(request: Request, centre: CentreDep, actor: Planner, tag: str = "") -> HTMLResponse:
    """What is booked on a day and has not begun."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        known = directory.load(tx)
        day = form.day_of(tag) or now.astimezone(known.zone).date()
        asker = planned.with_tasks(tx, actor, now=now)
        found = planned.ahead(tx, day, asker=asker)
        met = planned.met(tx, centre.secrets, found, asker=asker, purpose="day list")
    noon, _ = planner.day_window(day, known)
    before, after = (day + timedelta(days=n) for n in (-1, 1))
    shown: dict[str, Any] = {"noon": noon + timedelta(hours=12), "day": day, "before": before, "after": after}
    shown |= {
        "is_today": day <= now.astimezone(known.zone).date(),
        "entries": [entry_of(known, one, asker) for one in met],
    }
    return page(request, centre, actor, "of_a_day.html", **shown)


@routes.get("/assistenz/termin/{booking_id}")
def one(request: Request, booking_id: str, centre: CentreDep, actor: Planner, first: str = "") -> HTMLResponse:
    """One appointment: whose it is, other times for it, and cancelling."""
    return _one(request, centre, actor, booking_id, day=form.day_of(first))


@routes.post("/assistenz/termin/{booking_id}/oeffnen")
def open_for_an_hour(
    request: Request, booking_id: str, centre: CentreDep, actor: Planner, reason: Annotated[str, Form()] = ""
) -> Response:
    """Whose it is, at a time at which this does not show, for one of four reasons."""
    if reason not in set(GlassReason):
        return _one(request, centre, actor, booking_id, glass.NO_REASON)
    glass.break_before(centre, booking_id, actor, GlassReason(reason))
    return RedirectResponse(f"/assistenz/termin/{booking_id}", status_code=303)


def _one(
    request: Request,
    centre: Centre,
    actor: Actor,
    booking_id: str,
    said: Said = NOTHING_WRONG,
    *,
    day: date | None = None,
) -> HTMLResponse:
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        known, (found, asker) = directory.load(tx), planned.theirs(tx, booking_id, actor, now=now)
        (met,) = planned.met(tx, centre.secrets, [found], asker=asker, purpose="appointment")
    if met.is_hidden:
        return glass.page_of(request, centre, actor, entry_of(known, met, asker), said)
    near: tuple[Line, ...] = ()
    on_day: list[Offer] = []
    is_ahead = planned.is_ahead(found, now=now) and met.person is not None
    if is_ahead:
        with centre.the(Index).at(now) as here:
            near = _near(here, met, now=now)
            if day is not None:
                wish = Wish(planned.like(found, met.person, known), *planner.day_window(day, known))
                on_day = search.offers(here, wish, now=now, limit=SHOWN)
    entry = entry_of(known, met, asker, near=near, request_id=new_token())
    shown: dict[str, Any] = {"entry": entry, "is_ahead": is_ahead, "reasons": REASONS, "day": day}
    shown |= {"on_day": [_again(Line.of(offer, known)) for offer in on_day]}
    return page(request, centre, actor, "one.html", said, **shown)


@routes.post("/assistenz/termin/{booking_id}/verlegen")
def move(
    request: Request,
    booking_id: str,
    centre: CentreDep,
    actor: Planner,
    offer: Annotated[str, Form()],
    request_id: Annotated[str, Form()],
) -> HTMLResponse:
    """The person agreed: the new time in place of the old; link, paper and ticket go on."""
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            known, (old, asker) = directory.load(tx), planned.to_change(tx, booking_id, actor, now=now)
            chosen = form.decode(f"{old.offer.service_id}_{offer}", known)
            if chosen is None or not form.may_repeat(request_id):
                raise NotFound
            (met,) = planned.met(tx, centre.secrets, [old], asker=asker, purpose="moving")
            if met.person is None:
                raise Erased
            to = booking_model.Request(request_id, chosen, met.person)
            moved = booking.move(tx, centre.secrets, booking_id, to, actor=actor, now=now)
    except (Blocked, TooLate, AlreadyCancelled, Erased, WrongMoment) as refusal:
        return _one(request, centre, actor, booking_id, Said(refusal=refusal))
    entry, same = entry_of(known, Met(moved, met.person), asker), moved.ticket == old.ticket
    return page(request, centre, actor, "moved.html", entry=entry, is_same_ticket=same)


@routes.post("/assistenz/termin/{booking_id}/absagen")
def cancel(
    request: Request,
    booking_id: str,
    centre: CentreDep,
    actor: Planner,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Cancel, for one of four reasons; the time goes to whoever waits."""
    if reason not in REASONS:
        return _one(request, centre, actor, booking_id, Said({"reason": "planning.wrong.reason"}))
    try:
        with centre.db.transaction() as tx:
            now = centre.clock.now()
            planned.to_change(tx, booking_id, actor, now=now)
            booking.cancel(tx, centre.secrets, booking_id, actor=actor, now=now, reason=Reason(reason))
    except (TooLate, AlreadyCancelled, Erased, WrongMoment) as refusal:
        return _one(request, centre, actor, booking_id, Said(refusal=refusal))
    return RedirectResponse(f"/assistenz/termin/{booking_id}", status_code=303)


@routes.post("/assistenz/termin/{booking_id}/frueher")
def wait_for_earlier(
    request: Request, booking_id: str, centre: CentreDep, actor: Planner, request_id: Annotated[str, Form()] = ""
) -> Response:
    """They would rather come earlier: in line for whatever is freed before."""
    now = centre.clock.now()
    if not form.may_repeat(request_id):
        raise NotFound
    try:
        with centre.db.transaction() as tx:
            known, (found, asker) = directory.load(tx), planned.to_change(tx, booking_id, actor, now=now)
            (met,) = planned.met(tx, centre.secrets, [found], asker=asker, purpose="waiting list")
            if met.person is None:
                raise Erased
            wish = Wish(planned.like(found, met.person, known), now, found.offer.start)
            more = {"booking_id": booking_id, "request_id": request_id}
            holding.join(tx, centre.secrets, wish, met.person, actor=actor, now=now, **more)
    except (TooLate, AlreadyCancelled, Erased, WrongMoment) as refusal:
        return _one(request, centre, actor, booking_id, Said(refusal=refusal))
    return RedirectResponse("/assistenz/warteliste", status_code=303)
