"""One consultation from arrival to farewell: what happens is recorded once, wherever it happened."""

from datetime import datetime, timedelta
from typing import Literal

from schemas.day import Fact, FactKind
from telemed.booking import service as booking
from telemed.booking.model import Booking
from telemed.directory import service as directory
from telemed.kit.db import Tx, take_turn
from telemed.kit.ids import new_id
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.visit import model, store
from telemed.visit.model import FactKnown, RoomNotReady, VisitState, WrongMoment

LONGEST_OVERRUN = timedelta(hours=4)
"""A visit that nobody ended stops letting people in."""

By = Literal["resident", "assistant", "doctor", "room"]


def record(tx: Tx, *, visit_id: str, kind: FactKind, by: By, now: datetime) -> Fact:
    """Something happens now.

    Raises:
        NotFound: there is no such visit.
        WrongMoment: it cannot happen in the visit's state.
        RoomNotReady: somebody is called while the room is occupied or not yet cleaned.
    """
    visit = booking.get(tx, visit_id)
    take_turn(tx, f"room {visit.offer.room_id}")
    model.check(kind, store.of(tx, [visit_id]))
    if kind is FactKind.CALLED:
        _check_room(tx, visit, now=now)
    fact = Fact(fact_id=new_id(), visit_id=visit_id, kind=kind, at=now, by=by)
    store.add(tx, fact, now)
    emit(tx, FactKnown(visit.offer.room_id, visit_id, kind.value), now=now)
    return fact


def take_in(tx: Tx, room_id: str, heard: tuple[Fact, ...], *, now: datetime) -> tuple[str, ...]:
    """Keep what a room tells; the ids of all that are kept now, new or not. The room owns what happened: no rule
    refuses its facts, only those of visits that are not its own are left out."""
    kept = []
    for fact in heard:
        try:
            visit = booking.get(tx, fact.visit_id)
        except NotFound:
            continue
        if visit.offer.room_id != room_id:
            continue
        if store.add(tx, fact, now):
            emit(tx, FactKnown(room_id, fact.visit_id, fact.kind.value), now=now)
        kept.append(fact.fact_id)
    return tuple(kept)


def state_of(tx: Tx, visit_id: str) -> VisitState:
    """How a visit stands."""
    return model.state_of(store.of(tx, [visit_id]))


def facts_on(tx: Tx, room_id: str, *, now: datetime) -> list[Fact]:
    """The facts of the room's visits of the civil day of *now*."""
    return store.of(tx, [visit.id for visit in _visits_on(tx, room_id, now)])


def admit(tx: Tx, visit_id: str, *, doctor_id: str | None = None, room_id: str | None = None, now: datetime) -> Booking:
    """Whether this doctor, or this room, may be in the call now.

    Raises:
        NotFound: there is no such visit.
        NotAllowed: it belongs to another doctor or room.
        WrongMoment: it has not been called, or it is over.
    """
    visit = booking.get(tx, visit_id)
    if (doctor_id, room_id) not in ((visit.offer.doctor_id, None), (None, visit.offer.room_id)):
        raise NotAllowed
    state = state_of(tx, visit_id)
    if state not in (VisitState.CALLED, VisitState.INSIDE) or now > visit.offer.end + LONGEST_OVERRUN:
        raise WrongMoment(kind="join", state=state.value)
    return visit


def _visits_on(tx: Tx, room_id: str, now: datetime) -> list[Booking]:
    known = directory.load(tx)
    return booking.on_day(tx, known, now.astimezone(known.zone).date(), room_id=room_id)


def _check_room(tx: Tx, visit: Booking, *, now: datetime) -> None:
    others = [other.id for other in _visits_on(tx, visit.offer.room_id, now) if other.id != visit.id]
    by_visit: dict[str, list[Fact]] = {}
    for fact in store.of(tx, others):
        by_visit.setdefault(fact.visit_id, []).append(fact)
    for facts in by_visit.values():
        state = model.state_of(facts)
        if state in (VisitState.CALLED, VisitState.INSIDE):
            raise RoomNotReady
        if state is VisitState.ENDED and not model.is_cleaned(facts):
            raise RoomNotReady
