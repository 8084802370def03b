"""One consultation from arrival to farewell: what happens is recorded once, wherever it happened."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from schemas.day import Fact, FactKind, FactReason
from telemed.booking import asking
from telemed.booking import service as booking
from telemed.booking.model import Booking, Status
from telemed.booking.search import Objection
from telemed.directory import service as directory
from telemed.directory.model import Directory, differing
from telemed.identity import invitations
from telemed.identity.allowed import Action
from telemed.identity.model import Actor, Invitation, Role
from telemed.kit.db import Tx, take_turn
from telemed.kit.ids import new_id
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.people import consents
from telemed.people.consent import Purpose
from telemed.visit import model, store
from telemed.visit.model import Door, FactKnown, RoomNotReady, VisitState, WrongMoment

LONGEST_OVERRUN = timedelta(hours=4)
"""A visit that nobody ended stops letting people in."""

By = Literal["resident", "assistant", "doctor", "room"]


def record(
    tx: Tx,
    *,
    visit_id: str,
    kind: FactKind,
    by: By,
    now: datetime,
    reason: FactReason | None = None,
    minutes: int | None = None,
) -> Fact:
    """Something happens now. *reason* and *minutes* as in `Fact`.

    Raises:
        NotFound: there is no such visit.
        WrongMoment: it cannot happen in the visit's state.
        ReasonMissing: it does not happen without a reason, or not with this one.
        RoomNotReady: somebody is called while the room is occupied or not yet cleaned.
    """
    visit = booking.get(tx, visit_id)
    take_turn(tx, f"room {visit.offer.room_id}")
    known = store.of(tx, [visit_id])
    model.check(kind, known)
    model.check_reason(kind, reason, minutes)
    if kind is FactKind.CALLED and not is_home(tx, visit):
        _check_room(tx, visit, now=now)
    at = model.after(known, now)
    fact = Fact(fact_id=new_id(), visit_id=visit_id, kind=kind, at=at, by=by, reason=reason, minutes=minutes)
    store.add(tx, fact, now)
    emit(tx, FactKnown(visit.offer.room_id, visit_id, kind.value), now=now)
    return fact


def take_in(tx: Tx, room_id: str, heard: tuple[Fact, ...], *, now: datetime) -> tuple[str, ...]:
    """Keep what a room tells; the ids of all that are kept now, new or not. The room owns what happened: no rule
    refuses its facts, only those of visits that are not its own are left out."""
    kept, asker = [], asking.asking(tx, Actor(Role.MACHINE, room_id=room_id), now=now)
    for fact in heard:
        try:
            visit = booking.get(tx, fact.visit_id)
        except NotFound:
            continue
        if not asking.may(asker, Action.NOTE, visit):
            continue
        if store.add(tx, fact, now):
            emit(tx, FactKnown(room_id, fact.visit_id, fact.kind.value), now=now)
        kept.append(fact.fact_id)
    return tuple(kept)


def state_of(tx: Tx, visit_id: str) -> VisitState:
    """How a visit stands."""
    return model.state_of(store.of(tx, [visit_id]))


def newly_displaced(tx: Tx, before: Directory, after: Directory, *, now: datetime) -> list[Booking]:
    """Appointments that could take place by *before* and cannot by *after*; only those are looked at that it may be."""
    concerning = differing(before, after)
    found = [one for one, _ in displaced(tx, after, now=now, concerning=concerning)]
    anyway = {one.id for one, _ in displaced(tx, before, now=now, concerning=concerning)} if found else set()
    return [one for one in found if one.id not in anyway]


def displaced(
    tx: Tx, known: Directory, *, now: datetime, concerning: Collection[str] | None = None
) -> list[tuple[Booking, Objection]]:
    """Appointments that the rules do not admit any more, and why; without those whose visit has begun or is over."""
    found = booking.unplaceable(tx, known, now=now, concerning=concerning)
    states = states_of(tx, [one.id for one, _ in found])
    return [(one, broken) for one, broken in found if states[one.id] in model.STILL_TO_COME]


def states_of(tx: Tx, visit_ids: list[str]) -> dict[str, VisitState]:
    """How each of these visits stands."""
    happened: dict[str, list[Fact]] = {one: [] for one in visit_ids}
    for fact in store.of(tx, visit_ids):
        happened[fact.visit_id].append(fact)
    return {one: model.state_of(facts) for one, facts in happened.items()}


def check_still_to_come(tx: Tx, visit_id: str) -> None:
    """
    Raises:
        WrongMoment: the visit has begun, or is over.
    """
    if state_of(tx, visit_id) not in model.STILL_TO_COME:
        raise WrongMoment


def facts_of(tx: Tx, visit_id: str) -> list[Fact]:
    """All that happened in a visit, by time."""
    return store.of(tx, [visit_id])


def facts_of_all(tx: Tx, visit_ids: list[str]) -> list[Fact]:
    """All that happened in these visits, by time."""
    return store.of(tx, visit_ids)


def facts_on(tx: Tx, room_id: str, *, now: datetime) -> list[Fact]:
    """The facts of the room's visits of the civil day of *now*."""
    return store.of(tx, [visit.id for visit in visits_on(tx, room_id, now=now)])


def visits_on(tx: Tx, room_id: str, *, now: datetime) -> list[Booking]:
    """The room's visits of the civil day of *now*, by start.

    Who is there in spite of a cancellation is among them: the room owns what happened, and may not have heard of it.
    """
    known = directory.load(tx)
    day = now.astimezone(known.zone).date()
    booked = booking.on_day(tx, known, day, room_id=room_id)
    cancelled = {one.id: one for one in booking.cancelled_on_day(tx, day, room_id=room_id)}
    by_visit: dict[str, list[Fact]] = {}
    for fact in store.of(tx, sorted(cancelled)):
        by_visit.setdefault(fact.visit_id, []).append(fact)
    away = (VisitState.PLANNED, VisitState.NO_SHOW)
    came = [cancelled[each] for each, facts in by_visit.items() if model.state_of(facts) not in away]
    return sorted([*booked, *came], key=lambda one: (one.offer.start, one.id))


def admit(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> Booking:
    """Whether this doctor, or this room's machine, may be in the call now.

    Raises:
        NotFound: there is no such visit.
        NotAllowed: it belongs to another doctor or room.
        WrongMoment: it has not been called, or it is over.
    """
    visit = booking.get(tx, visit_id)
    if not asking.may(asking.asking(tx, actor, now=now), Action.JOIN, visit):
        raise NotAllowed
    _check_going_on(tx, visit, now=now)
    return visit


def admit_to_talk(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> Booking:
    """Whether this doctor may talk and look now; to end the visit `admit` is enough.

    Raises:
        NotFound, NotAllowed, WrongMoment: as `admit` says.
        ConsentRefused: the person said no to a talk by video.
    """
    visit = admit(tx, visit_id, actor, now=now)
    consents.check(tx, visit.person_id, Purpose.VIDEO)
    return visit


def _check_going_on(tx: Tx, visit: Booking, *, now: datetime) -> None:
    state = state_of(tx, visit.id)
    if state not in model.GOING_ON or now > visit.offer.end + LONGEST_OVERRUN:
        raise WrongMoment(kind="join", state=state.value)


def is_home(tx: Tx, visit: Booking) -> bool:
    """Whether the resident joins from the own home: without a room, its devices and its agent."""
    room = directory.load(tx).rooms.get(visit.offer.room_id)
    return room is not None and not room.is_claimed


def own_home_visit(tx: Tx, booking_id: str) -> Booking | None:
    """The home visit of whoever has the session of this booking: the one that goes on, or else the one ahead.

    A visit that goes on may have led to another appointment already, which the same link opens.
    """
    latest = booking.current(tx, booking_id)
    chain = [
        latest,
        *(booking.get(tx, each) for each in {booking_id, latest.extras.replaces} - {None, latest.id} if each),
    ]
    home = [one for one in chain if is_home(tx, one)]
    going_on = [one for one in home if state_of(tx, one.id) in model.GOING_ON]
    return next(iter([*going_on, *(one for one in home if one is latest)]), None)


def admit_resident(tx: Tx, visit_id: str, booking_id: str, *, now: datetime) -> Booking:
    """Whether the resident with the session of *booking_id* may be in this home visit now.

    Raises:
        NotFound: there is no such visit.
        NotAllowed: it is somebody else's, or takes place in a room.
        WrongMoment: it has not been called, or it is over.
    """
    visit, own = booking.get(tx, visit_id), own_home_visit(tx, booking_id)
    asker = asking.asking(tx, Actor(Role.RESIDENT, booking_id), now=now)
    if own is None or own.id != visit_id or not asking.may(asker, Action.JOIN, visit):
        raise NotAllowed
    _check_going_on(tx, own, now=now)
    consents.check(tx, own.person_id, Purpose.VIDEO)
    return own


def invite(tx: Tx, visit_id: str, role: str, *, now: datetime) -> tuple[Invitation, str]:
    """Invite a guest into a visit; the invitation and the token of its link. It ends with the visit at the latest.

    Raises:
        NotFound: there is no such visit.
        WrongMoment: it is over.
    """
    visit = booking.get(tx, visit_id)
    until, state = visit.offer.end + LONGEST_OVERRUN, state_of(tx, visit_id)
    if now > until or state is VisitState.ENDED or visit.status is Status.CANCELLED:
        raise WrongMoment(kind="invite", state=state.value)
    return invitations.invite_guest(tx, visit_id=visit_id, role=role, until=until)


def admit_guest(tx: Tx, visit_id: str, invitation_id: str, *, now: datetime) -> Invitation:
    """Whether whoever came by this invitation may be in the visit now, and as what.

    Raises:
        NotFound: there is no such visit.
        NotAllowed: it was an invitation to another visit, was taken back, or is over.
        WrongMoment: the visit has not been called, or it is over.
    """
    visit, invitation = booking.get(tx, visit_id), invitations.invitation(tx, invitation_id, now=now)
    if not asking.may(asking.asking(tx, Actor(Role.GUEST, invitation_id), now=now), Action.JOIN, visit):
        raise NotAllowed
    _check_going_on(tx, visit, now=now)
    if invitation.role == "relative":
        consents.check(tx, visit.person_id, Purpose.RELATIVE)
    return invitation


def door(tx: Tx, visit: Booking, *, now: datetime) -> Door:
    """Whether somebody who waits for a visit can come in."""
    if visit.status is Status.CANCELLED or now > visit.offer.end + LONGEST_OVERRUN:
        return Door.OVER
    match state_of(tx, visit.id):
        case VisitState.CALLED | VisitState.INSIDE:
            return Door.OPEN
        case VisitState.ENDED:
            return Door.OVER
        case _:
            return Door.SOON


def _check_room(tx: Tx, visit: Booking, *, now: datetime) -> None:
    others = [other.id for other in visits_on(tx, visit.offer.room_id, now=now) if other.id != visit.id]
    by_visit: dict[str, list[Fact]] = {}
    for fact in store.of(tx, others):
        by_visit.setdefault(fact.visit_id, []).append(fact)
    for facts in by_visit.values():
        if model.state_of(facts) in model.GOING_ON or model.is_uncleaned(facts):
            raise RoomNotReady
