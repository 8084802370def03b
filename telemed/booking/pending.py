"""Appointments of other systems that are held until somebody confirms them.

Two that ask for it: IHE ``$hold`` (the program itself confirms, within ten minutes), and an ISiK ``$book`` of a service
that staff must look at first (202). Until then it is an Appointment for programs, and nothing for anybody else: no plan
of a room, no queue, no list of a day and no notice knows of it. Each function takes the open transaction and never
commits.
"""

import dataclasses
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from telemed.booking import (
    claims,
    fhir,
    model,
    pending_fhir,
    pending_store,
    reading,
    service,
    sessions,
    store,
    waitlist,
)
from telemed.booking.keys import new_ticket
from telemed.booking.model import (
    EXTENSIONS,
    AlreadyCancelled,
    Booking,
    BookingConfirmed,
    HeldLongEnough,
    HoldGone,
    Reason,
    Status,
)
from telemed.booking.pending_fhir import NOTHING_SAID, Said
from telemed.booking.pending_model import (
    AS_SAID,
    BookingPending,
    Completed,
    Confirms,
    Pending,
    PendingEnded,
    Proposal,
    deadline,
)
from telemed.booking.planner import Claim, Offer
from telemed.booking.store import NO_ACCESS
from telemed.directory import service as directories
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx, take_turn
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.service import Newcomer

SWEEPER = Actor(Role.MACHINE, "pending")
"""Who ends what nobody confirmed."""


def pend(tx: Tx, secrets: Secrets, asked: Proposal, *, actor: Actor, now: datetime) -> Booking:
    """Hold everything that an appointment needs, until it is confirmed. The same again gets the same answer.

    Raises:
        AlreadyCancelled: it was, or ran out.
        TooLate, NotOffered, SlotTaken: as `service.book` says.
    """
    service.enter(tx)
    take_turn(tx, reading.turn(asked.id))
    known = store.get(tx, asked.id)
    if known is not None:
        return _same(known)
    directory, offer = directories.load(tx), asked.offer
    _admit(directory, offer, asked.extras.ordered_by is not None, now=now)
    held = Pending(asked.id, deadline(asked.confirms, offer, now=now), asked.confirms)
    service.take(tx, directory, asked.id, offer, now=now, until=held.held_until)
    newcomer = Newcomer()
    booking = Booking(
        asked.id,
        asked.person_id or newcomer.id,
        offer,
        Status.PENDING,
        new_ticket(),
        quiet=False,
        version=1,
        updated_at=now,
        extras=asked.extras,
    )
    plain = asked.content or fhir.appointment(booking, directory, created=now)
    data, place = pending_fhir.waiting(plain, booking, held), reading.place_of(booking.id)
    if asked.person_id:
        sealed = people.seal(tx, secrets, booking.person_id, place, data, actor=actor, now=now)
    else:
        people.register(tx, secrets, asked.person, actor=actor, now=now, newcomer=newcomer, sealed=[place])
        sealed = newcomer.seal(place, data)
    store.add(tx, booking, day=f"pending {booking.id}", appointment=sealed, access=NO_ACCESS)
    pending_store.add(tx, held)
    emit(tx, BookingPending(booking.id, offer.room_id), now=now)
    return booking


def _same(known: Booking) -> Booking:
    if known.status is Status.CANCELLED:
        raise AlreadyCancelled
    return known


def _admit(directory: Directory, offer: Offer, ordered: bool, *, now: datetime) -> None:
    """The rules, where it names a service of ours; of another system's appointment only that it lies ahead."""
    if offer.service_id:
        service.admit(directory, offer, now=now, ordered=ordered, longer=True)
    else:
        model.confirm(offer, now=now)


def find(tx: Tx, booking_id: str) -> Booking:
    """An appointment, also one that is not confirmed yet: for programs, and for who confirms.

    Raises:
        NotFound: there is none.
    """
    found = store.get(tx, booking_id)
    if found is None:
        raise NotFound
    return found


def held(tx: Tx, booking_id: str) -> Pending | None:
    """By whom it must be confirmed and until when; None: it is not pending (any more)."""
    return pending_store.get(tx, booking_id)


def waiting_for_staff(tx: Tx, *, now: datetime) -> list[tuple[Booking, Pending]]:
    """What staff have to confirm or refuse, the most pressing first."""
    found = pending_store.waiting_for(tx, Confirms.STAFF, now=now)
    bookings = {one.id: one for one in store.several(tx, [each.booking_id for each in found])}
    return [(bookings[each.booking_id], each) for each in found]


def _still(tx: Tx, booking: Booking, *, now: datetime) -> Pending:
    """
    Raises:
        HoldGone: nothing is held for it (any more).
    """
    waits = pending_store.get(tx, booking.id)
    if waits is None or waits.held_until <= now:
        raise HoldGone(expression="Appointment.id")
    return waits


def confirm(
    tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime, said: Completed = AS_SAID
) -> Booking:
    """It is an appointment from now on, like any other. Again is once.

    Raises:
        NotFound: there is none.
        HoldGone: nobody confirmed it in time, or it was refused.
        TooLate, NotOffered: it cannot be had any more.
    """
    service.enter(tx, alone=True)
    booking = find(tx, booking_id)
    if booking.status is Status.BOOKED:
        return booking
    _still(tx, booking, now=now)
    directory = directories.load(tx)
    _admit(directory, booking.offer, booking.extras.ordered_by is not None, now=now)
    service.take(tx, directory, booking.id, booking.offer, now=now)
    booking, words = _completed(tx, secrets, booking, said, actor=actor, now=now)
    come_before = sessions.come_before(directory, booking.offer, now=now)
    made = dataclasses.replace(
        booking,
        status=Status.BOOKED,
        version=booking.version + 1,
        updated_at=now,
        extras=dataclasses.replace(booking.extras, come_before=come_before),
    )
    made = _settle(tx, secrets, directory, made, words, actor=actor, now=now)
    emit(tx, BookingConfirmed(made.id, made.offer.room_id, was_pending=True), now=now)
    return made


def _completed(
    tx: Tx, secrets: Secrets, booking: Booking, said: Completed, *, actor: Actor, now: datetime
) -> tuple[Booking, Said]:
    """It is for whoever is named now. Whom nobody had named is nobody then, and forgotten."""
    person = said.person
    if said.person_id and said.person_id != booking.person_id:
        person = people.details(tx, secrets, said.person_id, actor=actor, purpose="booking", now=now)
        plain = reading.read_appointment(tx, secrets, booking.id, actor=actor, now=now)
        data, place = pending_fhir.given_to(plain, said.person_id), reading.place_of(booking.id)
        sealed = people.seal(tx, secrets, said.person_id, place, data, actor=actor, now=now)
        pending_store.give_to(tx, booking.id, said.person_id, sealed)
        if not store.of_person(tx, booking.person_id):
            people.erase(tx, booking.person_id, actor=actor, now=now)
        booking = dataclasses.replace(booking, person_id=said.person_id)
    elif person is not None:
        people.amend(tx, secrets, booking.person_id, person, actor=actor, now=now)
    if person is not None:
        booking = dataclasses.replace(booking, extras=dataclasses.replace(booking.extras, language=person.language))
    return booking, Said(person.name if person else "", said.comment)


def _settle(
    tx: Tx,
    secrets: Secrets,
    directory: Directory,
    made: Booking,
    said: Said,
    *,
    actor: Actor,
    now: datetime,
) -> Booking:
    """On its day, with a ticket that nobody else has there."""
    pending_store.drop(tx, made.id)
    return placed(tx, directory, made, _decided(tx, secrets, made, said, actor=actor, now=now))


def placed(tx: Tx, directory: Directory, booking: Booking, sealed: bytes) -> Booking:
    """Written on its day, with another ticket if somebody has that one there."""
    day = booking.offer.start.astimezone(directory.zone).date().isoformat()
    while True:
        try:
            with tx.begin_nested():
                store.rewrite(tx, booking, sealed, day=day)
            return booking
        except IntegrityError:
            booking = dataclasses.replace(booking, ticket=new_ticket())


def _decided(tx: Tx, secrets: Secrets, changed: Booking, said: Said, *, actor: Actor, now: datetime) -> bytes:
    """The sealed Appointment, which says what was decided."""
    plain = reading.read_appointment(tx, secrets, changed.id, actor=actor, now=now)
    data, place = pending_fhir.settled(plain, changed, said), reading.place_of(changed.id)
    return people.seal(tx, secrets, changed.person_id, place, data, actor=actor, now=now)


def hand_on(
    tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime, said: Completed = AS_SAID
) -> Booking:
    """Its program has said all; from now on staff have to confirm it. Again is once.

    Raises:
        NotFound: there is none.
        HoldGone: nothing is held for it (any more).
    """
    booking, waits = _still_held(tx, booking_id, now=now)
    if waits.confirms is Confirms.STAFF:
        return booking
    until = max(waits.held_until, deadline(Confirms.STAFF, booking.offer, now=now))
    booking, words = _completed(tx, secrets, booking, said, actor=actor, now=now)
    return _wait(tx, secrets, booking, Pending(booking.id, until, Confirms.STAFF), words, actor=actor, now=now)


def _still_held(tx: Tx, booking_id: str, *, now: datetime) -> tuple[Booking, Pending]:
    """What goes on waiting, alone with it.

    Raises:
        NotFound, HoldGone: as `hand_on` says.
    """
    service.enter(tx)
    take_turn(tx, reading.turn(booking_id))
    booking = find(tx, booking_id)
    return booking, _still(tx, booking, now=now)


def _wait(
    tx: Tx, secrets: Secrets, booking: Booking, waits: Pending, said: Said, *, actor: Actor, now: datetime
) -> Booking:
    """It waits longer, or for somebody else, and says so."""
    service.take(tx, directories.load(tx), booking.id, booking.offer, now=now, until=waits.held_until)
    pending_store.put(tx, waits)
    changed = dataclasses.replace(booking, version=booking.version + 1, updated_at=now)
    plain = said.in_words(reading.read_appointment(tx, secrets, booking.id, actor=actor, now=now))
    data, place = pending_fhir.waiting(plain, changed, waits), reading.place_of(booking.id)
    store.rewrite(tx, changed, people.seal(tx, secrets, booking.person_id, place, data, actor=actor, now=now))
    return changed


def extend(tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime) -> Pending:
    """Hold it as long again from now on.

    Raises:
        NotFound: there is none.
        HoldGone: nothing is held for it (any more).
        HeldLongEnough: it was extended ten times.
    """
    booking, waits = _still_held(tx, booking_id, now=now)
    if waits.extended >= EXTENSIONS:
        raise HeldLongEnough
    until = max(waits.held_until, deadline(waits.confirms, booking.offer, now=now))
    longer = dataclasses.replace(waits, held_until=until, extended=waits.extended + 1)
    _wait(tx, secrets, booking, longer, NOTHING_SAID, actor=actor, now=now)
    return longer


def refuse(
    tx: Tx,
    secrets: Secrets,
    booking_id: str,
    *,
    actor: Actor,
    now: datetime,
    reason: Reason = Reason.PRACTITIONER,
) -> None:
    """It never becomes an appointment: staff said no, or who held it gave it up. Its time goes to who waits.

    Raises:
        NotFound: there is none.
        HoldGone: it is not pending (any more).
    """
    service.enter(tx, alone=True)
    booking = find(tx, booking_id)
    if booking.status is not Status.PENDING:
        raise HoldGone(expression="Appointment.status")
    freed = _end(tx, secrets, booking, reason, actor=actor, now=now)
    waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)


def cancel(
    tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime, reason: Reason = Reason.PATIENT
) -> None:
    """As `service.cancel`, also of what is not confirmed yet.

    Raises:
        NotFound, AlreadyCancelled, TooLate: as `service.cancel` says.
    """
    service.enter(tx, alone=True)
    if find(tx, booking_id).status is Status.PENDING:
        refuse(tx, secrets, booking_id, actor=actor, now=now, reason=reason)
    else:
        service.cancel(tx, secrets, booking_id, actor=actor, now=now, reason=reason)


def expire(tx: Tx, secrets: Secrets, *, now: datetime) -> int:
    """End what nobody confirmed in time, whose time counts as free already; how many those were."""
    service.enter(tx, alone=True)
    over = pending_store.run_out(tx, now=now)
    freed: list[Claim] = []
    for each in over:
        freed += _end(tx, secrets, find(tx, each.booking_id), Reason.OTHER, actor=SWEEPER, now=now)
    if over:
        waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)
    return len(over)


def take_away(tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime) -> None:
    """End it for staff's sake, who book over it; one that is not pending is left as it is."""
    booking = store.get(tx, booking_id)
    if booking is not None and booking.status is Status.PENDING:
        _end(tx, secrets, booking, Reason.PRACTITIONER, actor=actor, now=now)


def _end(tx: Tx, secrets: Secrets, booking: Booking, reason: Reason, *, actor: Actor, now: datetime) -> list[Claim]:
    """Cancelled; what it had."""
    pending_store.drop(tx, booking.id)
    changed = dataclasses.replace(
        booking, status=Status.CANCELLED, reason=reason, version=booking.version + 1, updated_at=now
    )
    store.rewrite(tx, changed, _decided(tx, secrets, changed, NOTHING_SAID, actor=actor, now=now))
    freed = claims.release(tx, booking.id, booking.offer, now=now)
    emit(tx, PendingEnded(booking.id, booking.offer.room_id), now=now)
    return freed
