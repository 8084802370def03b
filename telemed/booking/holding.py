"""Times that are kept for a while: for who is entering the rest, and for who waits and must first be asked."""

import dataclasses
from datetime import datetime

from telemed.booking import claims, model, service, waitlist, waitlist_store
from telemed.booking.keys import id_for, waiting_for
from telemed.booking.model import (
    Booked,
    HeldLongEnough,
    Hold,
    HoldGone,
    NotAsked,
    Request,
    Status,
    Waiting,
    WaitState,
)
from telemed.booking.planner import Claim, Offer, Wish
from telemed.booking.reading import turn
from telemed.directory import service as directories
from telemed.identity.model import Actor
from telemed.kit.db import Tx, take_turn
from telemed.kit.ids import digest, new_id, new_link_token
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Person


def hold(tx: Tx, secrets: Secrets, request_id: str, offer: Offer, *, now: datetime, ordered: bool = False) -> Hold:
    """Keep everything that *offer* needs for ten minutes, in place of what was held for this request.

    Raises:
        HoldGone: the request was booked already.
        TooLate, NotOffered, SlotTaken: as `service.book` says; what was held before stays held.
    """
    hold_id = id_for(secrets, request_id)
    service.enter(tx, alone=True)
    if service.is_booked(tx, hold_id):
        raise HoldGone
    directory = directories.load(tx)
    service.admit(directory, offer, now=now, ordered=ordered)
    freed = service.let_go(tx, hold_id, now=now)
    kept = Hold(hold_id, offer, min(now + model.HOLD, offer.start))
    service.take(tx, directory, hold_id, offer, now=now, until=kept.held_until)
    claims.put_hold(tx, kept)
    waitlist.serve(tx, secrets, directory, freed, now=now)
    return kept


def extend(tx: Tx, secrets: Secrets, request_id: str, *, now: datetime) -> Hold:
    """Ten more minutes from now, also for a hold that ran out while nobody else took the time.

    Raises:
        HoldGone: there is none, or somebody else took the time.
        HeldLongEnough: it was extended ten times (WCAG 2.2.1 asks for no more).
    """
    service.enter(tx)
    hold_id = id_for(secrets, request_id)
    take_turn(tx, turn(hold_id))
    known = claims.get_hold(tx, hold_id)
    if known is None:
        raise HoldGone
    if known.extended >= model.EXTENSIONS:
        raise HeldLongEnough
    longer = dataclasses.replace(
        known, held_until=min(now + model.HOLD, known.offer.start), extended=known.extended + 1
    )
    if longer.held_until <= now:
        raise HoldGone
    try:
        service.take(tx, directories.load(tx), hold_id, known.offer, now=now, until=longer.held_until)
    except model.SlotTaken:
        raise HoldGone from None
    claims.put_hold(tx, longer)
    return longer


def end_hold(tx: Tx, secrets: Secrets, request_id: str, *, now: datetime) -> None:
    """Give a held time back; one that is gone is no refusal."""
    service.enter(tx, alone=True)
    freed = service.let_go(tx, id_for(secrets, request_id), now=now)
    waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)


def find_hold(tx: Tx, secrets: Secrets, request_id: str, *, now: datetime) -> Hold | None:
    """What is held for a request, if it did not run out."""
    known = claims.get_hold(tx, id_for(secrets, request_id))
    return known if known and known.held_until > now else None


def expire(tx: Tx, secrets: Secrets, *, now: datetime) -> int:
    """Sweep what ran out, which counts as free already; how many holds that were.

    Who waited and did not answer in time goes to the end of those of the same priority, and the time to the next.
    """
    service.enter(tx, alone=True)
    over = claims.run_out(tx, now=now)
    freed: list[Claim] = []
    for each in over:
        freed += service.let_go(tx, each.id, now=now)
        waiting = waitlist_store.by_hold(tx, each.id)
        if waiting is not None:
            _back_in_line(tx, waiting, each.offer, asked_at=now)
    if over:
        waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)
    return len(over)


def take_away(tx: Tx, hold_id: str, *, now: datetime) -> None:
    """End a hold for staff's sake; whom it was kept for waits again, at the same place."""
    waiting = waitlist_store.by_hold(tx, hold_id)
    if waiting is not None:
        waitlist_store.put(tx, dataclasses.replace(waiting, state=WaitState.WAITING, hold_id=None))
    service.let_go(tx, hold_id, now=now)


def _back_in_line(tx: Tx, waiting: Waiting, declined: Offer, *, asked_at: datetime) -> None:
    seen = (*waiting.declined, declined.start)
    back = dataclasses.replace(waiting, state=WaitState.WAITING, hold_id=None, declined=seen, asked_at=asked_at)
    waitlist_store.put(tx, back)


def join(
    tx: Tx,
    secrets: Secrets,
    wish: Wish,
    person: Person,
    *,
    actor: Actor,
    now: datetime,
    booking_id: str | None = None,
    request_id: str = "",
) -> tuple[Waiting, str]:
    """Put somebody on the waiting list; the entry and the token of its link, which is shown once.

    *booking_id*: an appointment of hers that an earlier one would replace; then it is its person who waits.
    *request_id*: the same request again gets the same answer.

    Raises:
        NotFound: there is no such appointment.
    """
    waiting_id, token = waiting_for(secrets, request_id) if request_id else (new_id(), new_link_token())
    take_turn(tx, turn(waiting_id))
    known = waitlist_store.get(tx, waiting_id) if request_id else None
    if known is not None:
        return known, token
    person_id = (
        people.register(tx, secrets, person, actor=actor, now=now)
        if booking_id is None
        else service.still_ahead(tx, booking_id, now=now).person_id
    )
    waiting = Waiting(waiting_id, person_id, wish, now, WaitState.WAITING, booking_id=booking_id)
    waitlist_store.add(tx, waiting, link_hash=digest(token))
    return waiting, token


def put_first(tx: Tx, person_id: str, wish: Wish, *, now: datetime) -> Waiting:
    """Staff took somebody's time: they wait before everybody else."""
    waiting = Waiting(new_id(), person_id, wish, now, WaitState.WAITING, priority=0)
    waitlist_store.add(tx, waiting, link_hash=None)
    return waiting


def waiting_by_link(tx: Tx, token: str) -> Waiting:
    """
    Raises:
        NotFound: wrong, foreign or unknown; all are answered alike.
    """
    found = waitlist_store.by_link(tx, digest(token))
    if found is None:
        raise NotFound
    return found


def waiting_of(tx: Tx, waiting_id: str) -> Waiting:
    """
    Raises:
        NotFound: there is no such entry.
    """
    found = waitlist_store.get(tx, waiting_id)
    if found is None:
        raise NotFound
    return found


def waiting_before(tx: Tx, booking_id: str) -> Waiting | None:
    """Her open entry for something earlier than this appointment, if she has one."""
    return next(iter(waitlist_store.open_for(tx, booking_id)), None)


def everyone_waiting(tx: Tx, *, now: datetime) -> list[Waiting]:
    """Who waits or is to be asked, in the order in which freed time is given."""
    return waitlist_store.open_entries(tx, now=now)


def place_in_line(tx: Tx, waiting: Waiting, *, now: datetime) -> int:
    """How many come before this entry."""
    return [one.id for one in waitlist_store.in_line(tx, now=now)].index(waiting.id)


def set_priority(tx: Tx, waiting_id: str, priority: int | None) -> None:
    """A professional says who comes before others: 1 first; None: in order of asking.

    Raises:
        NotFound: there is no such entry.
    """
    waitlist_store.put(tx, dataclasses.replace(waiting_of(tx, waiting_id), priority=priority))


def offered_to(tx: Tx, waiting: Waiting, *, now: datetime) -> Hold:
    """What is kept for somebody who waits.

    Raises:
        NotAsked: nothing (any more).
    """
    known = claims.get_hold(tx, waiting.hold_id) if waiting.hold_id else None
    if waiting.state is not WaitState.OFFERED or known is None or known.held_until <= now:
        raise NotAsked
    return known


def accept(tx: Tx, secrets: Secrets, waiting_id: str, *, actor: Actor, now: datetime) -> Booked:
    """She says yes: what was kept for her is booked, in place of her later appointment, if she had one.

    Raises:
        NotFound: there is no such entry.
        NotAsked: nothing is kept for her (any more).
        TooLate: her other appointment has begun.
    """
    service.enter(tx, alone=True)
    waiting = waiting_of(tx, waiting_id)
    kept = offered_to(tx, waiting, now=now)
    request_id = waitlist.request_id(secrets, waiting, kept.offer.start.isoformat())
    person = people.details(tx, secrets, waiting.person_id, actor=actor, purpose="waiting list", now=now)
    request = Request(request_id, kept.offer, person)
    waitlist_store.put(tx, dataclasses.replace(waiting, state=WaitState.TAKEN, hold_id=None))
    later = service.current(tx, waiting.booking_id) if waiting.booking_id else None
    instead_of = later.id if later and later.status is Status.BOOKED else None
    return service.book_for(tx, secrets, request, waiting.person_id, instead_of, actor=actor, now=now)


def decline(tx: Tx, secrets: Secrets, waiting_id: str, *, now: datetime) -> None:
    """This time does not suit: it goes to the next, and she keeps her place.

    Raises:
        NotFound: there is no such entry.
        NotAsked: nothing is kept for her (any more).
    """
    service.enter(tx, alone=True)
    waiting = waiting_of(tx, waiting_id)
    kept = offered_to(tx, waiting, now=now)
    freed = service.let_go(tx, kept.id, now=now)
    _back_in_line(tx, waiting, kept.offer, asked_at=waiting.asked_at)
    waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)


def leave(tx: Tx, secrets: Secrets, waiting_id: str, *, now: datetime) -> None:
    """She does not wait any more.

    Raises:
        NotFound: there is no such entry.
    """
    service.enter(tx, alone=True)
    waiting = waiting_of(tx, waiting_id)
    waitlist_store.put(tx, dataclasses.replace(waiting, state=WaitState.LEFT, hold_id=None))
    if waiting.hold_id:
        freed = service.let_go(tx, waiting.hold_id, now=now)
        waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)
