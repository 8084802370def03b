"""Find, confirm, cancel and open appointments. Each function takes the open transaction and never commits."""

import dataclasses
import secrets as random
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from schemas.day import DIGITS, LETTERS, PICTURES, Ticket
from telemed.booking import fhir, model, planner, store
from telemed.booking.model import (
    AlreadyCancelled,
    AppointmentQuery,
    Booked,
    Booking,
    BookingCancelled,
    BookingConfirmed,
    NotOffered,
    PersonLine,
    Reference,
    Request,
    Status,
)
from telemed.booking.planner import Ground, Offer, Window, Wish
from telemed.directory.model import Directory
from telemed.fhir.resource import Resource
from telemed.identity.model import Actor
from telemed.kit.db import Tx, take_turn
from telemed.kit.glance import Glance
from telemed.kit.ids import digest, to_base64
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Erased
from telemed.people.service import Auditor

HORIZON = timedelta(days=56)


def ground(tx: Tx, directory: Directory, start: datetime, end: datetime) -> Ground:
    """Who is free when between two moments."""
    window = Window.of(start, end)
    return Ground(directory, planner.masks(store.claimed(tx, window), window), window)


def offers(tx: Tx, directory: Directory, wish: Wish, *, now: datetime, limit: int = 20) -> list[Offer]:
    """The first offers for *wish*, within the next eight weeks."""
    start, latest = max(now, wish.earliest), min(wish.latest, now + HORIZON)
    if latest <= start:
        return []
    return planner.offers(ground(tx, directory, start, latest), wish, now=now, limit=limit)


def alternatives(tx: Tx, directory: Directory, lost: Offer, *, now: datetime) -> list[Offer]:
    """The three offers nearest to one that has gone."""
    wish = Wish(lost.service_id, lost.start - timedelta(days=3), lost.start + timedelta(days=14))
    return model.nearest(offers(tx, directory, wish, now=now, limit=400), lost.start)


def book(tx: Tx, secrets: Secrets, directory: Directory, request: Request, *, actor: Actor, now: datetime) -> Booked:
    """Confirm a booking with all its resources, or refuse it whole. The same request again gets the same answer.

    Raises:
        TooLate: it starts at or before *now*.
        NotOffered: these people and things cannot do this at this time.
        SlotTaken: another booking holds one of its resources.
    """
    booking_id = _id_for(secrets, request.request_id)
    take_turn(tx, _turn(booking_id))
    known = store.get(tx, booking_id)
    if known is not None:
        return _booked(secrets, request.request_id, known)
    _admit(directory, request.offer, now=now)
    person_id = people.register(tx, secrets, request.person, actor=actor, now=now)
    day = _day(directory, request.offer.start)
    booking = Booking(
        booking_id,
        person_id,
        request.offer,
        Status.BOOKED,
        _new_ticket(store.tickets_of(tx, request.offer.room_id, day)),
        request.quiet,
        version=1,
        updated_at=now,
    )
    booked = _booked(secrets, request.request_id, booking)
    reference = _reference_hash(secrets, booked.reference, request.person.birth_year)
    kept = _keep(tx, secrets, directory, booking, fhir.appointment(booking, directory, created=now),
                 actor=actor, now=now, access=(digest(booked.link_token), reference))  # fmt: skip
    return dataclasses.replace(booked, ticket=kept.ticket)


def import_appointment(
    tx: Tx, secrets: Secrets, directory: Directory, resource: Resource, *, actor: Actor, now: datetime
) -> str:
    """Take a booked appointment of another system: it claims time like any booking and keeps its text.

    One that is here already stays as it is.

    Raises:
        TooLate: it starts at or before *now*.
        UnknownActor: no known doctor, room or assistant takes part, or an unknown one does.
        SlotTaken: another booking holds one of its resources.
    """
    take_turn(tx, _turn(resource.id))
    if store.get(tx, resource.id) is not None:
        return resource.id
    offer, person = fhir.read(resource, directory)
    model.confirm(offer, now=now)
    person_id = people.register(tx, secrets, person, actor=actor, now=now)
    day = _day(directory, offer.start)
    ticket = _new_ticket(store.tickets_of(tx, offer.room_id, day))
    booking = Booking(resource.id, person_id, offer, Status.BOOKED, ticket, quiet=False, version=1, updated_at=now)
    stamped = fhir.stamped_as(resource.content, booking)
    _keep(tx, secrets, directory, booking, stamped, actor=actor, now=now, access=(None, None))
    return booking.id


def cancel(tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime) -> None:
    """Cancel and free the time at once.

    Raises:
        NotFound: there is no such booking.
        AlreadyCancelled: it was cancelled before.
        TooLate: it has begun, and who sits in the room must not vanish from the plan.
    """
    take_turn(tx, _turn(booking_id))
    booking = get(tx, booking_id)
    if booking.status is Status.CANCELLED:
        raise AlreadyCancelled
    model.confirm(booking.offer, now=now)
    changed = dataclasses.replace(booking, status=Status.CANCELLED, version=booking.version + 1, updated_at=now)
    plain = read_appointment(tx, secrets, booking_id, actor=actor, now=now)
    data = fhir.stamped_as(plain, changed)
    place = _place(booking_id)
    sealed = people.seal(tx, secrets, booking.person_id, place, data, actor=actor, now=now)
    store.rewrite(tx, changed, sealed)
    store.release(tx, booking_id)
    emit(tx, BookingCancelled(booking_id, booking.offer.room_id), now=now)


def get(tx: Tx, booking_id: str) -> Booking:
    """
    Raises:
        NotFound: there is no such booking.
    """
    booking = store.get(tx, booking_id)
    if booking is None:
        raise NotFound
    return booking


def by_link(tx: Tx, token: str) -> Booking:
    """The booking that a link opens.

    Raises:
        NotFound: wrong, foreign or unknown; all are answered alike.
    """
    booking = store.by_link(tx, digest(token))
    if booking is None:
        raise NotFound
    return booking


def by_reference(tx: Tx, secrets: Secrets, reference: Reference, birth_year: int) -> Booking:
    """The booking that the paper opens, together with the year of birth.

    Raises:
        NotFound: pictures, digits or year are wrong; all are answered alike.
    """
    booking = store.by_reference(tx, _reference_hash(secrets, reference, birth_year))
    if booking is None:
        raise NotFound
    return booking


def on_day(
    tx: Tx, directory: Directory, day: date, *, room_id: str | None = None, doctor_id: str | None = None
) -> list[Booking]:
    """Booked appointments of one civil day, by start."""
    start, end = planner.day_window(day, directory)
    return store.booked(tx, start, end, room_id=room_id, doctor_id=doctor_id)


def read_appointment(tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime) -> bytes:
    """The FHIR Appointment as stored, audited.

    Raises:
        NotFound: there is no such booking.
        Erased: its person is gone.
    """
    found = store.sealed(tx, booking_id)
    if found is None:
        raise NotFound
    person_id, sealed = found
    plain = people.unseal(
        tx, secrets, person_id, {_place(booking_id): sealed}, actor=actor, purpose="appointment", now=now
    )
    return plain[0]


async def reveal_appointment(
    glance: Glance, auditor: Auditor, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime
) -> bytes:
    """As `read_appointment`, for async code: the audit line is on disk, in a group, before the answer.

    Raises:
        NotFound: there is no such booking.
        Erased: its person is gone.
    """
    row = await glance.one(store.SEALED, id=booking_id)
    if row is None:
        raise NotFound
    return await auditor.unseal(
        secrets, row[0], _place(booking_id), row[1], actor=actor, purpose="appointment", now=now
    )


def search_appointments(
    tx: Tx, secrets: Secrets, query: AppointmentQuery, *, actor: Actor, now: datetime
) -> list[bytes]:
    """The FHIR Appointments that match, audited one by one; those of erased people are left out."""
    found = []
    for booking_id, person_id, sealed in store.search(tx, query):
        try:
            found += people.unseal(
                tx, secrets, person_id, {_place(booking_id): sealed}, actor=actor, purpose="search", now=now
            )
        except Erased:
            continue
    return found


def person_line(
    tx: Tx, secrets: Secrets, directory: Directory, booking: Booking, *, actor: Actor, now: datetime
) -> PersonLine:
    """What the list of the day shows of the person, audited.

    Raises:
        Erased: the person is gone.
    """
    person = people.details(tx, secrets, booking.person_id, actor=actor, purpose="day list", now=now)
    service = directory.services.get(booking.offer.service_id)
    needs = tuple(need.value for need in person.needs)
    return PersonLine(person.name, person.birth_year, needs, service.name if service else "")


def free_slots(
    tx: Tx, directory: Directory, actor_ids: Iterable[str], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans between *start* and *end* in which all *actor_ids* are open and free."""
    here = ground(tx, directory, start, end)
    mask = here.window.all
    for actor_id in actor_ids:
        mask &= _free(here, actor_id)
    return planner.spans(mask, here.window)


def _free(here: Ground, actor_id: str) -> int:
    known = here.directory
    if actor_id in known.devices:
        return here.usable(known.devices[actor_id])
    open_ = known.doctors.get(actor_id) or known.assistants.get(actor_id) or known.rooms.get(actor_id)
    return here.free(actor_id, open_.hours) if open_ else 0


def _admit(directory: Directory, offer: Offer, *, now: datetime) -> None:
    """The rules of the offer; whether its time is taken is for the claims to say."""
    model.confirm(offer, now=now)
    window = Window.of(offer.start, offer.end + timedelta(days=1))
    if offer.start > now + HORIZON or not Ground(directory, {}, window).admits(offer):
        raise NotOffered(expression="Appointment.start")


def _keep(
    tx: Tx,
    secrets: Secrets,
    directory: Directory,
    booking: Booking,
    data: bytes,
    *,
    actor: Actor,
    now: datetime,
    access: tuple[str | None, str | None],
) -> Booking:
    sealed = people.seal(tx, secrets, booking.person_id, _place(booking.id), data, actor=actor, now=now)
    day = _day(directory, booking.offer.start)
    while not store.add(tx, booking, day=day, appointment=sealed, access=access):
        given = store.tickets_of(tx, booking.offer.room_id, day)
        booking = dataclasses.replace(booking, ticket=_new_ticket(given))
    store.claim(tx, booking.id, planner.claims(booking.offer, directory))
    emit(tx, BookingConfirmed(booking.id, booking.offer.room_id), now=now)
    return booking


def _booked(secrets: Secrets, request_id: str, booking: Booking) -> Booked:
    return Booked(booking.id, booking.ticket, _link_for(secrets, request_id), _reference_for(secrets, request_id))


def _turn(booking_id: str) -> str:
    return f"booking {booking_id}"


def _id_for(secrets: Secrets, request_id: str) -> str:
    return secrets.derive("booking", request_id).hex()[:32]


def _link_for(secrets: Secrets, request_id: str) -> str:
    return to_base64(secrets.derive("link", request_id)[:16])


def _reference_for(secrets: Secrets, request_id: str) -> Reference:
    seed = secrets.derive("reference", request_id)
    one, two, three = (PICTURES[byte % len(PICTURES)] for byte in seed[:3])
    return Reference((one, two, three), f"{int.from_bytes(seed[3:11], 'big') % 1_000_000:06d}")


def _reference_hash(secrets: Secrets, reference: Reference, birth_year: int) -> str:
    return secrets.fingerprint("reference", f"{reference.text}-{birth_year}")


def _day(directory: Directory, moment: datetime) -> str:
    return moment.astimezone(directory.zone).date().isoformat()


def _place(booking_id: str) -> str:
    return f"booking|appointment|{booking_id}"


def _new_ticket(given: set[Ticket]) -> Ticket:
    """A ticket at random that nobody has today."""
    while True:
        ticket = Ticket(
            picture=random.choice(PICTURES),
            letter=random.choice(LETTERS),
            digits="".join(random.choice(DIGITS) for _ in range(2)),
        )
        if ticket not in given:
            return ticket
