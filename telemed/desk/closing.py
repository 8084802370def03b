"""After a visit: what there is to think of (Anlage 31c), and the next appointment with one press.

The ticks stay in the page: what a doctor prescribed is no matter of the centre's (DESIGN D1).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse

from schemas.day import FactKind
from telemed.booking import asking, form, search, times
from telemed.booking import model as booking_model
from telemed.booking import service as booking
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.model import AlreadyFollowed, Blocked, Booking, Extras, Status, TooLate
from telemed.booking.planner import Offer, What, Wish
from telemed.booking.several import follow_on
from telemed.desk.asked import Line
from telemed.desk.model import RoomDay, Row
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.allowed import Action
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.ids import new_token
from telemed.kit.refusal import NotFound
from telemed.people.model import Erased, Person, Way
from telemed.visit import service as visit
from telemed.visit.model import VisitState
from telemed.web.centre import Centre, CentreDep

COOKIE = "__Host-abschluss"
"""The visit whose closing the doctor is done with."""
WEEKS = (1, 2, 4)
SO_LONG = timedelta(minutes=30)
"""So long after its end the page asks for a visit's closing."""
FROM_A_DAY = 3
"""Offers from a day that the doctor names."""
NOBODY = Person("", 0, Way.PAPER)
"""Who comes again is known already; nothing of this is read."""

routes = APIRouter()
Doctor = Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY))]


@dataclass(frozen=True)
class Next:
    """A time for the next appointment; *weeks*: so many from now, 0 where the doctor named a day."""

    weeks: int
    line: Line


@dataclass(frozen=True)
class Closing:
    """What is asked after a visit. *next*: the appointment that follows already; else *offers* of times.

    *is_lost*: the time that was chosen has gone meanwhile. *first*: the day that the doctor named, as typed.
    """

    row: Row
    is_home: bool
    next: Line | None
    offers: tuple[Next, ...]
    request_id: str
    is_lost: bool
    first: str


def closing(
    tx: Tx, request: Request, centre: Centre, days: list[RoomDay], *, actor: Actor, now: datetime
) -> Closing | None:
    """Of the visit of today that ended last, unless the doctor is done with it; reading the needs is audited."""
    ended = [(day, row) for day in days for row in day.rows if row.state is VisitState.ENDED]
    facts = visit.facts_of_all(tx, [row.visit.visit_id for _, row in ended])
    over = {fact.visit_id: fact.at for fact in facts if fact.kind is FactKind.ENDED}
    fresh = [(day, row) for day, row in ended if now - over[row.visit.visit_id] < SO_LONG]
    day, row = max(fresh, key=lambda each: over[each[1].visit.visit_id], default=(None, None))
    if day is None or row is None or request.cookies.get(COOKIE) == row.visit.visit_id:
        return None
    own, known = booking.get(tx, row.visit.visit_id), directory.load(tx)
    latest, first = booking.current(tx, own.id), request.query_params.get("ab", "")
    if latest.id != own.id or own.offer.service_id not in known.services:
        goes_on = latest.id != own.id and latest.status is Status.BOOKED
        going_on = Line.of(latest.offer, known) if goes_on else None
        return Closing(row, day.is_home, going_on, (), "", False, first)
    offers = _offers(tx, centre, own, form.day_of(first), actor=actor, now=now)
    return Closing(row, day.is_home, None, offers, new_token(), "weg" in request.query_params, first)


def _offers(
    tx: Tx, centre: Centre, own: Booking, first: date | None, *, actor: Actor, now: datetime
) -> tuple[Next, ...]:
    """The same again, with the same doctor in the same room: one for each of `WEEKS`, or some from a day on."""
    try:
        what = times.same_again(tx, centre, own, actor=actor, now=now)
    except Erased:
        return ()
    what = replace(what, doctor_ids=(own.offer.doctor_id,), room_ids=(own.offer.room_id,), ordered=True)
    with centre.the(Index).at(now) as here:
        if first is not None:
            begins = max(datetime.combine(first, time(0), tzinfo=here.directory.zone), now)
            found = search.offers(here, Wish(what, begins, begins + timedelta(weeks=1)), now=now, limit=FROM_A_DAY)
            return tuple(Next(0, Line.of(one, here.directory)) for one in found)
        return tuple(each for weeks in WEEKS if (each := _in_weeks(here, what, weeks, own, now=now)) is not None)


def _in_weeks(here: Ground, what: What, weeks: int, own: Booking, *, now: datetime) -> Next | None:
    """The nearest to the same time of day, on that day or within the week after it."""
    zone = here.directory.zone
    day = now.astimezone(zone).date() + timedelta(weeks=weeks)
    begins, same = datetime.combine(day, time(0), tzinfo=zone), own.offer.start.astimezone(zone).time()
    wish, to = Wish(what, begins, begins + timedelta(weeks=1)), datetime.combine(day, same, tzinfo=zone)
    found = search.nearest(here, wish, to, now=now, count=1)
    return Next(weeks, Line.of(found[0], here.directory)) if found else None


@routes.post("/arzt/besuch/{visit_id}/folgetermin")
def book_next(
    visit_id: str,
    centre: CentreDep,
    actor: Doctor,
    offer: Annotated[str, Form()],
    request_id: Annotated[str, Form()],
) -> RedirectResponse:
    """The next appointment of somebody who was here; link and paper lead there from now on. Sent twice it is once."""
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            known = directory.load(tx)
            own, chosen = _over(tx, visit_id, actor, now=now), form.decode(offer, known)
            if chosen is None or not _is_same(own, chosen) or not form.may_repeat(request_id):
                raise NotFound
            wanted = booking_model.Request(request_id, chosen, NOBODY, extras=_ordered(own, known))
            follow_on(tx, centre.secrets, own, wanted, actor=actor, now=now)
    except AlreadyFollowed:
        return RedirectResponse("/arzt", status_code=303)
    except (Blocked, TooLate):
        return RedirectResponse("/arzt?weg=1", status_code=303)
    return RedirectResponse("/arzt", status_code=303)


@routes.post("/arzt/besuch/{visit_id}/abgeschlossen")
def done(visit_id: str, centre: CentreDep, actor: Doctor) -> RedirectResponse:
    """Nothing more to think of; only this browser remembers."""
    with centre.db.reading() as tx:
        _over(tx, visit_id, actor, now=centre.clock.now())
    answer = RedirectResponse("/arzt", status_code=303)
    answer.set_cookie(COOKIE, visit_id, secure=True, httponly=True, samesite="lax")
    return answer


def _over(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> Booking:
    """
    Raises:
        NotFound: no visit of hers today that is over.
    """
    own, asker = booking.get(tx, visit_id), asking.asking(tx, actor, now=now)
    asking.require(asker, Action.NOTE, own)
    first, after = asker.today
    if not first <= own.offer.start < after or visit.state_of(tx, own.id) is not VisitState.ENDED:
        raise NotFound
    return own


def _is_same(own: Booking, chosen: Offer) -> bool:
    return (chosen.service_id, chosen.doctor_id) == (own.offer.service_id, own.offer.doctor_id)


def _ordered(own: Booking, known: Directory) -> Extras:
    """What needs an order has it: the doctor herself asks for it."""
    needs_order = known.services[own.offer.service_id].needs_order
    return Extras(ordered_by=own.offer.doctor_id if needs_order else None)
