"""What another system books, changes and cancels, in its own words. Each function takes the open transaction.

The rules are those of the pages (`service.admit`), the claims too; only longer visits may be asked for.
"""

import dataclasses
from datetime import datetime

from telemed.booking import (
    asking,
    claims,
    fhir,
    model,
    pending,
    pending_fhir,
    reading,
    service,
    sessions,
    sought_store,
    store,
    waitlist,
)
from telemed.booking.keys import new_ticket
from telemed.booking.model import (
    AlreadyCancelled,
    Booking,
    BookingAmended,
    BookingCancelled,
    BookingLeft,
    BookingMoved,
    BookingReplanned,
    Extras,
    Reason,
    Status,
)
from telemed.booking.pending_model import Confirms, Proposal
from telemed.booking.planner import Offer
from telemed.booking.program_model import (
    IdTaken,
    Kept,
    MustBeConfirmed,
    OtherPerson,
    PersonUnknown,
    StillPending,
    Wanted,
)
from telemed.booking.store import NO_ACCESS
from telemed.directory import service as directories
from telemed.directory.model import Directory
from telemed.fhir.values import fold
from telemed.identity.allowed import Action, allowed, program
from telemed.identity.model import Actor
from telemed.kit.db import Tx, take_turn
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Person, Way
from telemed.people.service import Newcomer

NOBODY = Person("", 0, Way.PAPER)


def book(tx: Tx, secrets: Secrets, wanted: Wanted, *, actor: Actor, now: datetime) -> Kept:
    """Book, change what has that id, or move; whole or not at all.

    Raises:
        NotAllowed: it is with a doctor for whom this program does not work.
        NotFound: what it would take the place of is not there, or not for this program.
        IdTaken: the id is that of something else.
        OtherPerson: it would change whose appointment it is.
        PersonUnknown: nobody has that person's id.
        AlreadyCancelled, TooLate, NotOffered, SlotTaken: as `service.book` and `service.cancel` say.
    """
    kept = _book(tx, secrets, wanted, actor=actor, now=now)
    sought_store.describe(tx, kept.booking.id, fhir.described(kept.content))
    return kept


def _book(tx: Tx, secrets: Secrets, wanted: Wanted, *, actor: Actor, now: datetime) -> Kept:
    known, held = store.known(tx, wanted.id)
    service.enter(tx, alone=known or bool(wanted.instead_of))
    take_turn(tx, reading.turn(wanted.id))
    if held or known != store.known(tx, wanted.id)[0]:
        raise IdTaken(expression="Appointment.id")  # or else somebody made it this very moment
    if not allowed(program(actor, now), Action.CREATE, asking.thing(wanted.offer)):
        raise NotAllowed(expression="Appointment.participant")
    directory = directories.load(tx)
    if known:
        return _change(tx, secrets, directory, wanted, actor=actor, now=now)
    service.admit(directory, wanted.offer, now=now, ordered=wanted.ordered, longer=True)
    if wanted.instead_of and _must_be_confirmed(directory, wanted.offer):
        raise MustBeConfirmed(expression="Appointment.serviceType")
    if wanted.instead_of:
        return _move(tx, secrets, directory, wanted, actor=actor, now=now)
    if _must_be_confirmed(directory, wanted.offer):
        return _pend(tx, secrets, directory, wanted, actor=actor, now=now)
    service.take(tx, directory, wanted.id, wanted.offer, now=now)
    newcomer = Newcomer() if not wanted.person_id else None
    booking = _booking(directory, wanted, newcomer.id if newcomer else wanted.person_id, now=now)
    person = wanted.person or NOBODY
    if newcomer is None:
        person = _known_person(tx, secrets, wanted.person_id, actor=actor, now=now)
    data = fhir.of_program(wanted.content, booking, directory, created=now, name=person.name)
    place = reading.place_of(booking.id)
    if newcomer is None:
        sealed = people.seal(tx, secrets, booking.person_id, place, data, actor=actor, now=now)
    else:
        people.register(tx, secrets, person, actor=actor, now=now, newcomer=newcomer, sealed=[place])
        sealed = newcomer.seal(place, data)
    return Kept(service.keep(tx, directory, booking, sealed, access=NO_ACCESS, now=now), data)


def _must_be_confirmed(directory: Directory, offer: Offer) -> bool:
    found = directory.services.get(offer.service_id)
    return found is not None and found.needs_confirmation


def _pend(tx: Tx, secrets: Secrets, directory: Directory, wanted: Wanted, *, actor: Actor, now: datetime) -> Kept:
    """Staff have to look at it first."""
    if wanted.person_id:
        person_id, name = wanted.person_id, _known_person(tx, secrets, wanted.person_id, actor=actor, now=now).name
    else:
        person = wanted.person or NOBODY
        person_id, name = people.register(tx, secrets, person, actor=actor, now=now), person.name
    draft = dataclasses.replace(_booking(directory, wanted, person_id, now=now), status=Status.PENDING)
    data = fhir.of_program(wanted.content, draft, directory, created=now, name=name)
    asked = Proposal(wanted.id, wanted.offer, Confirms.STAFF, person_id=person_id, content=data, extras=draft.extras)
    made = pending.pend(tx, secrets, asked, actor=actor, now=now)
    held = pending.held(tx, made.id)
    return Kept(made, pending_fhir.waiting(data, made, held) if held else data)


def _booking(directory: Directory, wanted: Wanted, person_id: str, *, now: datetime) -> Booking:
    extras = Extras(
        wanted.instead_of or None,
        ordered_by=wanted.offer.doctor_id if wanted.ordered else None,
        language=wanted.person.language if wanted.person else model.GERMAN,
        come_before=sessions.come_before(directory, wanted.offer, now=now),
    )
    return Booking(
        wanted.id,
        person_id,
        wanted.offer,
        Status.BOOKED,
        new_ticket(),
        quiet=False,
        version=1,
        updated_at=now,
        extras=extras,
    )


def _known_person(tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, now: datetime) -> Person:
    """Somebody who has an appointment that this program may see.

    Raises:
        PersonUnknown: there is none.
    """
    asker = program(actor, now)
    if not any(asking.may(asker, Action.MEET, one) for one in store.of_person(tx, person_id)):
        raise PersonUnknown(expression="Appointment.participant")
    return people.details(tx, secrets, person_id, actor=actor, purpose="booking", now=now)


def _move(tx: Tx, secrets: Secrets, directory: Directory, wanted: Wanted, *, actor: Actor, now: datetime) -> Kept:
    """Another appointment in place of one, whose link, paper and ticket go on."""
    old = _own(tx, wanted.instead_of, actor=actor, now=now)
    service.still_ahead(tx, old.id, now=now)
    _check_person(tx, secrets, wanted, old, actor=actor, now=now)
    freed = claims.release(tx, old.id, old.offer, now=now) + waitlist.end_for(tx, old.id, now=now)
    service.take(tx, directory, wanted.id, wanted.offer, now=now)
    before = service.close(tx, secrets, old, Reason.MOVED, actor=actor, now=now)
    made = _booking(directory, wanted, old.person_id, now=now)
    extras = dataclasses.replace(made.extras, series_id=old.extras.series_id, language=old.extras.language)
    new = dataclasses.replace(made, ticket=old.ticket, quiet=old.quiet, extras=extras)
    data = fhir.of_program(wanted.content, new, directory, created=now, name=fhir.patient_of(before))
    sealed = people.seal(tx, secrets, new.person_id, reading.place_of(new.id), data, actor=actor, now=now)
    access = store.hand_over(tx, old.id, to=None)
    kept = service.keep(tx, directory, new, sealed, access=access, now=now)
    emit(tx, BookingMoved(new.id, old.id, old.offer.room_id), now=now)
    waitlist.serve(tx, secrets, directory, freed, now=now)
    return Kept(kept, data)


def _check_person(tx: Tx, secrets: Secrets, wanted: Wanted, old: Booking, *, actor: Actor, now: datetime) -> None:
    """An appointment stays that of its person. Whom a program knows under an id of its own is told by what it says.

    Raises:
        OtherPerson: by the id, the year of birth or the name it is somebody else.
    """
    if wanted.person_id or wanted.person is None:
        is_same = wanted.person_id in ("", old.person_id)
    else:
        known = people.details(tx, secrets, old.person_id, actor=actor, purpose="booking", now=now)
        called = fhir.patient_of(reading.read_appointment(tx, secrets, old.id, actor=actor, now=now))
        is_same = may_be_one(known, wanted.person, called)
    if not is_same:
        raise OtherPerson(expression="Appointment.participant")


def may_be_one(known: Person, sent: Person, called: str = "") -> bool:
    """Whether who is *sent* may be who is *known*, whom that program also *called* by a name.

    Of what both say nothing contradicts: years of birth are the same, and of the names one word is, so that a name may
    be written differently or have changed by marriage.
    """
    if known.birth_year and sent.birth_year and known.birth_year != sent.birth_year:
        return False
    names, said = _words(f"{known.name} {called}"), _words(sent.name)
    return not names or not said or bool(names & said)


def _words(name: str) -> set[str]:
    return set(fold(name).replace(",", " ").replace("-", " ").split())


def _own(tx: Tx, booking_id: str, *, actor: Actor, now: datetime) -> Booking:
    """An appointment that this program may change.

    Raises:
        NotFound: it is not there, or not for this program; both are answered alike.
    """
    found = pending.find(tx, booking_id)
    asking.require(program(actor, now), Action.CHANGE, found)
    return found


def _change(tx: Tx, secrets: Secrets, directory: Directory, wanted: Wanted, *, actor: Actor, now: datetime) -> Kept:
    """The appointment of that id, as it is wanted now; its id stays. What is the same again changes nothing."""
    try:
        old = _own(tx, wanted.id, actor=actor, now=now)
    except NotFound:
        raise IdTaken(expression="Appointment.id") from None
    if wanted.instead_of:
        raise IdTaken(expression="Appointment.id")
    if old.status is Status.CANCELLED:
        raise AlreadyCancelled(expression="Appointment.id")
    _check_person(tx, secrets, wanted, old, actor=actor, now=now)
    plain = reading.read_appointment(tx, secrets, old.id, actor=actor, now=now)
    name = fhir.patient_of(plain)
    same = dataclasses.replace(old, offer=wanted.offer)
    data = fhir.of_program(wanted.content, same, directory, created=now, name=name, before=plain)
    waits = pending.held(tx, old.id)
    if plain in (data, pending_fhir.waiting(data, same, waits) if waits else data):
        return Kept(old, plain)
    if old.status is Status.PENDING:
        raise StillPending(expression="Appointment.id")
    new = dataclasses.replace(same, version=old.version + 1, updated_at=now)
    data = fhir.of_program(wanted.content, new, directory, created=now, name=name, before=plain)
    if wanted.offer == old.offer:
        emit(tx, BookingAmended(new.id, new.offer.room_id), now=now)
        return Kept(_amend(tx, secrets, new, data, actor=actor, now=now), data)
    service.still_ahead(tx, old.id, now=now)
    service.admit(directory, wanted.offer, now=now, ordered=wanted.ordered, longer=True)
    freed = claims.release(tx, old.id, old.offer, now=now)
    service.take(tx, directory, new.id, new.offer, now=now)
    kept = _replan(tx, secrets, directory, new, data, actor=actor, now=now)
    before, after = (directory.slots(o.doctor_id, o.start, o.end) for o in (old.offer, new.offer))
    left = tuple(one for one in before if one not in after)
    emit(tx, BookingReplanned(new.id, new.offer.room_id, left), now=now)
    if old.offer.room_id != new.offer.room_id:
        emit(tx, BookingLeft(new.id, old.offer.room_id), now=now)
    waitlist.serve(tx, secrets, directory, freed, now=now)
    return Kept(kept, data)


def _amend(tx: Tx, secrets: Secrets, booking: Booking, data: bytes, *, actor: Actor, now: datetime) -> Booking:
    place = reading.place_of(booking.id)
    store.rewrite(tx, booking, people.seal(tx, secrets, booking.person_id, place, data, actor=actor, now=now))
    sought_store.describe(tx, booking.id, fhir.described(data))
    return booking


def _replan(
    tx: Tx, secrets: Secrets, directory: Directory, booking: Booking, data: bytes, *, actor: Actor, now: datetime
) -> Booking:
    """Write it with its new time, and with another ticket if somebody has that one there."""
    extras = dataclasses.replace(booking.extras, come_before=sessions.come_before(directory, booking.offer, now=now))
    booking = dataclasses.replace(booking, extras=extras)
    sealed = people.seal(tx, secrets, booking.person_id, reading.place_of(booking.id), data, actor=actor, now=now)
    return pending.placed(tx, directory, booking, sealed)


def of_program(tx: Tx, booking_id: str, *, actor: Actor, now: datetime) -> Booking:
    """An appointment that this program may change.

    Raises:
        NotFound: it is not there, or not for this program; both are answered alike.
    """
    return _own(tx, booking_id, actor=actor, now=now)


def amend(tx: Tx, secrets: Secrets, booking: Booking, content: bytes, *, actor: Actor, now: datetime) -> Kept:
    """Other words in the Appointment; its plan stays."""
    new = dataclasses.replace(booking, version=booking.version + 1, updated_at=now)
    data = fhir.stamped_as(content, new, reasoned=True)
    kept = Kept(_amend(tx, secrets, new, data, actor=actor, now=now), data)
    emit(tx, BookingAmended(new.id, new.offer.room_id), now=now)
    return kept


def cancel(
    tx: Tx, secrets: Secrets, booking: Booking, content: bytes, reason: Reason, *, actor: Actor, now: datetime
) -> Kept:
    """As `service.cancel`, with the Appointment in the other system's words.

    Raises:
        AlreadyCancelled, TooLate: as `service.cancel` says.
    """
    if booking.status is Status.PENDING:
        pending.refuse(tx, secrets, booking.id, actor=actor, now=now, reason=reason)
        booking = pending.find(tx, booking.id)
        data = fhir.stamped_as(content, booking, reasoned=True)
        return Kept(_amend(tx, secrets, booking, data, actor=actor, now=now), data)
    service.enter(tx, alone=True)
    service.still_ahead(tx, booking.id, now=now)
    new = dataclasses.replace(
        booking, status=Status.CANCELLED, reason=reason, version=booking.version + 1, updated_at=now
    )
    data = fhir.stamped_as(content, new, reasoned=True)
    _amend(tx, secrets, new, data, actor=actor, now=now)
    freed = claims.release(tx, new.id, new.offer, now=now) + waitlist.end_for(tx, new.id, now=now)
    emit(tx, BookingCancelled(new.id, new.offer.room_id), now=now)
    waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)
    return Kept(new, data)
