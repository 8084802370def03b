"""Find, book, move, cancel and open appointments. Each function takes the open transaction and never commits."""

import dataclasses
from datetime import datetime

from telemed.booking import asking, claims, fhir, model, planner, search, sessions, sought_store, store, waitlist
from telemed.booking.ground import rules
from telemed.booking.keys import arrival_hash, booked, id_for, link_for, new_ticket, reference_for, reference_hash
from telemed.booking.model import (
    AlreadyCancelled,
    Booked,
    Booking,
    BookingCancelled,
    BookingConfirmed,
    BookingMoved,
    Extras,
    NotOffered,
    Reason,
    Reference,
    Request,
    SlotTaken,
    Status,
)
from telemed.booking.planner import HORIZON, Claim, Offer, Window
from telemed.booking.reading import (
    all_current,
    alternatives,
    by_arrival,
    by_link,
    by_reference,
    cancelled_on_day,
    count_unmet,
    count_vain,
    current,
    free_slots,
    get,
    ground,
    of_people,
    of_person,
    offers,
    on_day,
    other_times,
    person_line,
    place_of,
    read_appointment,
    reveal_appointment,
    show_appointment,
    times_near,
    turn,
    unmet_counts,
    unplaceable,
)
from telemed.booking.store import NO_ACCESS, Access
from telemed.directory import service as directories
from telemed.directory.model import Directory
from telemed.fhir.resource import Resource
from telemed.identity.allowed import Action, allowed, program
from telemed.identity.model import Actor
from telemed.kit.db import Tx, share_turn, take_turn
from telemed.kit.ids import digest
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Person
from telemed.people.service import Newcomer

__all__ = [
    "all_current",
    "alternatives",
    "by_arrival",
    "by_link",
    "by_reference",
    "cancelled_on_day",
    "count_unmet",
    "count_vain",
    "current",
    "free_slots",
    "get",
    "ground",
    "of_people",
    "of_person",
    "offers",
    "on_day",
    "other_times",
    "person_line",
    "read_appointment",
    "reveal_appointment",
    "show_appointment",
    "times_near",
    "unmet_counts",
    "unplaceable",
]
"""What only looks, passed on for the neighbours."""


def enter(tx: Tx, *, alone: bool = False) -> None:
    """Before the first claim of a transaction: many may book at once, who changes what others have does it alone."""
    (take_turn if alone else share_turn)(tx, directories.GATE)


def book(tx: Tx, secrets: Secrets, request: Request, *, actor: Actor, now: datetime) -> Booked:
    """Confirm a booking with all its resources, or refuse it whole. The same request again gets the same answer.

    A hold of the same id becomes the booking, if it still holds the same.

    Raises:
        TooLate: it starts at or before *now*.
        NotOffered: these people and things cannot do this at this time.
        SlotTaken: another booking holds one of its resources.
    """
    booking_id = id_for(secrets, request.request_id)
    enter(tx)
    return _book(tx, secrets, booking_id, request, actor=actor, now=now)


def _book(tx: Tx, secrets: Secrets, booking_id: str, request: Request, *, actor: Actor, now: datetime) -> Booked:
    take_turn(tx, turn(booking_id))
    known, held = store.known(tx, booking_id)
    if known:
        return booked(secrets, request.request_id, get(tx, booking_id))
    directory = directories.load(tx)
    admit(directory, request.offer, now=now, ordered=request.extras.ordered_by is not None)
    if held:
        let_go(tx, booking_id, now=now)
    return take_in(tx, secrets, directory, booking_id, request, actor=actor, now=now)


def book_for(
    tx: Tx,
    secrets: Secrets,
    request: Request,
    person_id: str,
    instead_of: str | None,
    *,
    actor: Actor,
    now: datetime,
) -> Booked:
    """Book for somebody who is known already, *instead_of* a later appointment of theirs, if there is one.

    The time may be held under the booking's own id.

    Raises:
        NotFound, AlreadyCancelled, TooLate, NotOffered, SlotTaken: as `book` and `cancel` say.
    """
    if instead_of is not None:
        link = link_for(secrets, request.request_id)
        access = _access(secrets, link, reference_for(secrets, link), request.person.birth_year)
        moved = move(tx, secrets, instead_of, request, actor=actor, now=now, access=access)
        return booked(secrets, request.request_id, moved)
    booking_id, directory = id_for(secrets, request.request_id), directories.load(tx)
    admit(directory, request.offer, now=now, ordered=True)
    let_go(tx, booking_id, now=now)
    return take_in(tx, secrets, directory, booking_id, request, actor=actor, now=now, person_id=person_id)


def _access(secrets: Secrets, link: str, reference: Reference, birth_year: int) -> Access:
    """The hashes of all that is given out for a booking."""
    opens = reference_hash(secrets, reference, birth_year)
    return Access(digest(link), opens, arrival_hash(secrets, reference.digits))


def is_booked(tx: Tx, booking_id: str) -> bool:
    return store.known(tx, booking_id)[0]


def take_in(
    tx: Tx,
    secrets: Secrets,
    directory: Directory,
    booking_id: str,
    request: Request,
    *,
    actor: Actor,
    now: datetime,
    person_id: str | None = None,
) -> Booked:
    """Claim, seal and keep what `admit` let pass; *person_id*: of somebody known already.

    Raises:
        SlotTaken: another booking holds one of its resources.
    """
    take(tx, directory, booking_id, request.offer, now=now)
    newcomer = Newcomer() if person_id is None else None
    booking = Booking(
        booking_id,
        newcomer.id if newcomer else person_id or "",
        request.offer,
        Status.BOOKED,
        new_ticket(),
        request.quiet,
        version=1,
        updated_at=now,
        extras=dataclasses.replace(
            request.extras,
            language=request.person.language,
            come_before=sessions.come_before(directory, request.offer, now=now),
        ),
    )
    answer = booked(secrets, request.request_id, booking)
    data = fhir.appointment(booking, directory, created=now, name=request.person.name)
    sealed = _sealed(tx, secrets, booking, data, request.person, newcomer, actor=actor, now=now)
    access = _access(secrets, answer.link_token, answer.reference, request.person.birth_year)
    kept = keep(tx, directory, booking, sealed, access=access, now=now)
    return answer if kept is booking else dataclasses.replace(answer, ticket=kept.ticket)


def _sealed(
    tx: Tx,
    secrets: Secrets,
    booking: Booking,
    data: bytes,
    person: Person,
    newcomer: Newcomer | None,
    *,
    actor: Actor,
    now: datetime,
) -> bytes:
    place = place_of(booking.id)
    if newcomer is None:
        return people.seal(tx, secrets, booking.person_id, place, data, actor=actor, now=now)
    people.register(tx, secrets, person, actor=actor, now=now, newcomer=newcomer, sealed=[place])
    return newcomer.seal(place, data)


def take(
    tx: Tx, directory: Directory, booking_id: str, offer: Offer, *, now: datetime, until: datetime | None = None
) -> None:
    """Claim all that *offer* needs.

    Raises:
        SlotTaken: another booking or hold has one of its resources.
    """
    try:
        claims.take(tx, booking_id, planner.taken(offer, directory), now=now, held_until=until)
    except SlotTaken as refusal:
        raise SlotTaken(refusal.resource, directory.name_of(refusal.resource)) from None


def let_go(tx: Tx, booking_id: str, *, now: datetime) -> list[Claim]:
    """End the hold of this id, if there is one; what it had."""
    hold = claims.get_hold(tx, booking_id)
    if hold is None:
        return []
    claims.drop_hold(tx, booking_id)
    return claims.release(tx, booking_id, hold.offer, now=now)


def import_appointment(tx: Tx, secrets: Secrets, resource: Resource, *, actor: Actor, now: datetime) -> str:
    """Take a booked appointment of another system: it claims time like any booking and keeps its text.

    One that is here already stays as it is.

    Raises:
        NotFound: it is here, and was not confirmed yet (`pending.confirm`).
        NotAllowed: it is with a doctor for whom this program does not work.
        TooLate: it starts at or before *now*.
        UnknownActor: no known doctor, room or assistant takes part, or an unknown one does.
        SlotTaken: another booking holds one of its resources.
    """
    enter(tx)
    take_turn(tx, turn(resource.id))
    if store.known(tx, resource.id)[0]:
        return get(tx, resource.id).id
    directory = directories.load(tx)
    offer, person = fhir.read(resource, directory)
    if not allowed(program(actor, now), Action.CREATE, asking.thing(offer)):
        raise NotAllowed
    model.confirm(offer, now=now)
    take(tx, directory, resource.id, offer, now=now)
    newcomer = Newcomer()
    booking = Booking(resource.id, newcomer.id, offer, Status.BOOKED, new_ticket(), False, 1, now)
    data = fhir.brought_in(resource, booking)
    sealed = _sealed(tx, secrets, booking, data, person, newcomer, actor=actor, now=now)
    keep(tx, directory, booking, sealed, access=NO_ACCESS, now=now)
    sought_store.describe(tx, booking.id, fhir.described(data))
    return booking.id


def cancel(
    tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime, reason: Reason = Reason.PATIENT
) -> None:
    """Cancel and free the time, which goes at once to whoever waits for it.

    Raises:
        NotFound: there is no such booking.
        AlreadyCancelled: it was cancelled before.
        TooLate: it has begun, and who sits in the room must not vanish from the plan.
    """
    enter(tx, alone=True)
    booking = still_ahead(tx, booking_id, now=now)
    close(tx, secrets, booking, reason, actor=actor, now=now)
    freed = claims.release(tx, booking_id, booking.offer, now=now) + waitlist.end_for(tx, booking_id, now=now)
    emit(tx, BookingCancelled(booking_id, booking.offer.room_id), now=now)
    waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)


def still_ahead(tx: Tx, booking_id: str, *, now: datetime) -> Booking:
    """A booking that may still be changed.

    Raises:
        NotFound, AlreadyCancelled, TooLate: as `cancel` says.
    """
    booking = get(tx, booking_id)
    if booking.status is Status.CANCELLED:
        raise AlreadyCancelled
    model.confirm(booking.offer, now=now)
    return booking


def close(tx: Tx, secrets: Secrets, booking: Booking, reason: Reason, *, actor: Actor, now: datetime) -> bytes:
    """Write into the booking and its Appointment that it is cancelled, and why; the Appointment as it stood."""
    changed = dataclasses.replace(
        booking, status=Status.CANCELLED, reason=reason, version=booking.version + 1, updated_at=now
    )
    plain = read_appointment(tx, secrets, booking.id, actor=actor, now=now)
    place, data = place_of(booking.id), fhir.stamped_as(plain, changed)
    store.rewrite(tx, changed, people.seal(tx, secrets, booking.person_id, place, data, actor=actor, now=now))
    return plain


def move(
    tx: Tx,
    secrets: Secrets,
    booking_id: str,
    to: Request,
    *,
    actor: Actor,
    now: datetime,
    access: Access | None = None,
) -> Booking:
    """Book *to* for the same person in place of a booking, whose link, paper and, if it is free there, ticket go on.

    All or nothing: if anything of the new one is refused, the old one stays. Of *to* the person is not read. The same
    request again gets the same answer. *access*: what opens the new one besides.

    Raises:
        NotFound, AlreadyCancelled, TooLate: as `cancel` says.
        NotOffered, SlotTaken: as `book` says.
    """
    enter(tx, alone=True)
    new_id = id_for(secrets, to.request_id)
    known, held = store.known(tx, new_id)
    if known:
        return get(tx, new_id)
    old, directory = still_ahead(tx, booking_id, now=now), directories.load(tx)
    ordered = old.extras.ordered_by if old.offer.service_id == to.offer.service_id else to.extras.ordered_by
    admit(directory, to.offer, now=now, ordered=ordered is not None)
    if held:
        let_go(tx, new_id, now=now)
    freed = claims.release(tx, old.id, old.offer, now=now) + waitlist.end_for(tx, old.id, now=now)
    take(tx, directory, new_id, to.offer, now=now)
    name = fhir.patient_of(close(tx, secrets, old, Reason.MOVED, actor=actor, now=now))
    extras = Extras(old.id, old.extras.series_id, ordered, language=old.extras.language)
    extras = dataclasses.replace(extras, come_before=sessions.come_before(directory, to.offer, now=now))
    new = Booking(new_id, old.person_id, to.offer, Status.BOOKED, old.ticket, old.quiet, 1, now, extras=extras)
    data = fhir.appointment(new, directory, created=now, name=name)
    sealed = people.seal(tx, secrets, new.person_id, place_of(new.id), data, actor=actor, now=now)
    kept = keep(tx, directory, new, sealed, access=store.hand_over(tx, old.id, to=access), now=now)
    emit(tx, BookingMoved(new.id, old.id, old.offer.room_id), now=now)
    waitlist.serve(tx, secrets, directory, freed, now=now)
    return kept


def shut(tx: Tx, person_id: str) -> None:
    """Neither link nor paper opens anything of this person any more."""
    store.shut(tx, person_id)


def give_back(tx: Tx, secrets: Secrets, booking_id: str, *, now: datetime) -> None:
    """Free what is left of the time of somebody who did not come."""
    enter(tx, alone=True)
    offer = get(tx, booking_id).offer
    freed = claims.release(tx, booking_id, offer, now=now, since=planner.tick_after(now))
    waitlist.serve(tx, secrets, directories.load(tx), freed, now=now)


def admit(directory: Directory, offer: Offer, *, now: datetime, ordered: bool = False, longer: bool = False) -> None:
    """The rules of the offer; whether its time is taken is for the claims to say. *longer*: as `search.objection`.

    Raises:
        TooLate: it starts at or before *now*.
        NotOffered: it says at whom or what it fails, and why.
    """
    model.confirm(offer, now=now)
    broken = search.objection(rules(directory, Window.horizon(now)), offer, ordered=ordered, longer=longer)
    if broken is None and offer.end > now + HORIZON:
        broken = search.Objection(search.Rule.HORIZON)
    if broken is not None:
        raise NotOffered(broken, directory.name_of(broken.resource_id))


def keep(tx: Tx, directory: Directory, booking: Booking, sealed: bytes, *, access: Access, now: datetime) -> Booking:
    """Write a booking whose time is claimed, with another ticket if somebody has that one."""
    day = booking.offer.start.astimezone(directory.zone).date().isoformat()
    while not store.add(tx, booking, day=day, appointment=sealed, access=access):
        booking = dataclasses.replace(booking, ticket=new_ticket())
    emit(tx, BookingConfirmed(booking.id, booking.offer.room_id), now=now)
    return booking
