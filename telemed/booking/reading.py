"""What is offered, what was booked, and what is known of it: everything that changes nothing but the audit."""

import dataclasses
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from telemed.booking import claims, fhir, planner, search, store
from telemed.booking.asking import may
from telemed.booking.ground import Ground, rules
from telemed.booking.keys import arrival_hash, reference_hash
from telemed.booking.model import Booking, PersonLine, Reference, Status
from telemed.booking.planner import HORIZON, Offer, What, Window, Wish
from telemed.directory import service as directories
from telemed.directory.model import Directory
from telemed.fhir.resource import Resource
from telemed.identity.allowed import Action, Asker, allowed
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.kit.glance import Glance
from telemed.kit.ids import digest
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.service import Auditor


def ground(
    tx: Tx, directory: Directory, start: datetime, end: datetime, *, now: datetime, of: Iterable[str] = ()
) -> Ground:
    """Who is free when between two moments, read from the claims; `Index` knows it without reading.

    *of*: only these will be asked for.
    """
    window = Window.around(start, end)
    return Ground(directory, window, planner.masks(claims.claimed(tx, window, now=now, of=of), window))


def offers(tx: Tx, directory: Directory, wish: Wish, *, now: datetime, limit: int = 20) -> list[Offer]:
    """The first offers for *wish*, within the next eight weeks."""
    start, latest = max(now, wish.earliest), min(wish.latest, now + HORIZON)
    if latest <= start:
        return []
    wish = dataclasses.replace(wish, latest=latest)
    return search.offers(ground(tx, directory, start, latest, now=now), wish, now=now, limit=limit)


def alternatives(
    here: Ground, lost: Offer, *, now: datetime, ordered: bool = False, wished: What | None = None
) -> list[Offer]:
    """The three offers nearest to one that has gone: with its doctor in its room, or else with anyone anywhere.

    *wished*: what *lost* was an answer to, if that was more than its service.
    """
    anywhere = wished or What(lost.service_id, ordered=ordered)
    own = dataclasses.replace(anywhere, doctor_ids=(lost.doctor_id,), room_ids=(lost.room_id,))
    for what in (own, anywhere):
        wish = Wish(what, max(now, lost.start - timedelta(days=3)), min(lost.start + timedelta(days=14), now + HORIZON))
        found = search.nearest(here, wish, lost.start, now=now)
        if found:
            return found
    return []


def other_times(tx: Tx, appointment: Resource, *, now: datetime) -> list[datetime]:
    """As `times_near`, read from the claims."""
    directory = directories.load(tx)
    lost, _ = fhir.read(appointment, directory)
    here = ground(tx, directory, *_around(lost, now), now=now, of=lost.resource_ids)
    return times_near(here, appointment, now=now)


def times_near(here: Ground, appointment: Resource, *, now: datetime) -> list[datetime]:
    """The three starts nearest to that of a foreign appointment at which all that it names is there and free.

    Raises:
        UnknownActor: as `service.import_appointment` says.
    """
    lost, _ = fhir.read(appointment, here.directory)
    start, end = _around(lost, now)
    ticks = planner.ticks_in(lost.end - lost.start)
    mask = here.window.mask(planner.tick_after(start) + 1, planner.tick_of(end) - ticks + 1)
    mask &= search.aligned(10, here.window, here.directory.zone)
    for actor_id in lost.resource_ids:
        mask &= here.starts(actor_id, ticks)
    at = search.nearest_bits(mask, planner.tick_of(min(lost.start, now + HORIZON)) - here.window.first, 3)
    return [planner.moment_of(here.window.first + bit) for bit in at]


def _around(lost: Offer, now: datetime) -> tuple[datetime, datetime]:
    """Between which moments to look for another time: 3 days before, 14 behind, as far as one may book."""
    wished = min(lost.start, now + HORIZON)
    return max(now, wished - timedelta(days=3)), min(wished + timedelta(days=14), now + HORIZON)


def get(tx: Tx, booking_id: str) -> Booking:
    """
    Raises:
        NotFound: there is no such booking, or it is another system's and not confirmed yet (`pending.find`).
    """
    booking = store.get(tx, booking_id)
    if booking is None or booking.status is Status.PENDING:
        raise NotFound
    return booking


def current(tx: Tx, booking_id: str) -> Booking:
    """A booking, or the one that took its place in the end, or follows from it.

    Raises:
        NotFound: there is no such booking.
    """
    found, next_one = store.with_following(tx, booking_id)
    if found is None or found.status is Status.PENDING:
        raise NotFound
    while next_one is not None:
        found, next_one = next_one, store.with_following(tx, next_one.id)[1]
    return found


def all_current(tx: Tx, booking_ids: Collection[str]) -> dict[str, Booking]:
    """`current` of each of *booking_ids* that is there, in two looks for all of those that were never moved."""
    moved = store.followed(tx, booking_ids)
    return {one.id: current(tx, one.id) if one.id in moved else one for one in store.several(tx, booking_ids)}


def by_link(tx: Tx, token: str) -> Booking:
    """The booking that a link opens, or to which that was moved.

    Raises:
        NotFound: wrong, foreign or unknown; all are answered alike.
    """
    booking = store.by_link(tx, digest(token))
    if booking is None:
        raise NotFound
    return current(tx, booking.id)


def by_reference(tx: Tx, secrets: Secrets, reference: Reference, birth_year: int) -> Booking:
    """The booking that the paper opens, together with the year of birth.

    Raises:
        NotFound: pictures, digits or year are wrong; all are answered alike.
    """
    booking = store.by_reference(tx, reference_hash(secrets, reference, birth_year))
    if booking is None:
        raise NotFound
    return current(tx, booking.id)


def by_arrival(tx: Tx, secrets: Secrets, directory: Directory, digits: str, *, now: datetime) -> Booking:
    """The booking of today whose paper has these six digits; where two have them, a person must look.

    Raises:
        NotFound: none, or more than one.
    """
    day = now.astimezone(directory.zone).date().isoformat()
    found = store.by_arrival(tx, arrival_hash(secrets, digits), day=day)
    if len(found) != 1:
        raise NotFound
    return found[0]


def of_person(tx: Tx, person_id: str) -> list[Booking]:
    """Everything that is kept of one person, also what was cancelled, by start."""
    return store.of_person(tx, person_id)


def of_people(tx: Tx, person_ids: Iterable[str], *, since: datetime) -> list[Booking]:
    """What is booked for these people and starts after a moment, by start."""
    return store.of_people(tx, person_ids, since=since)


def on_day(
    tx: Tx, directory: Directory, day: date, *, room_id: str | None = None, doctor_id: str | None = None
) -> list[Booking]:
    """Booked appointments of one civil day, by start."""
    start, end = planner.day_window(day, directory)
    return store.booked(tx, start, end, day=day.isoformat(), room_id=room_id, doctor_id=doctor_id)


def cancelled_on_day(tx: Tx, day: date, *, room_id: str) -> list[Booking]:
    """Appointments of one room and civil day that were cancelled, without those that were moved, by start."""
    return store.cancelled(tx, day=day.isoformat(), room_id=room_id)


def unplaceable(
    tx: Tx, directory: Directory, *, now: datetime, concerning: Collection[str] | None = None
) -> list[tuple[Booking, search.Objection]]:
    """Bookings ahead that the rules do not admit any more: somebody is absent, a device is blocked, hours changed.

    *concerning*: only those in which one of these people, rooms or services takes part.
    """
    here, found = rules(directory, Window.horizon(now)), []
    for booking in store.ahead(tx, now=now, concerning=concerning):
        if booking.offer.service_id and booking.extras.urgency is None:
            ordered = booking.extras.ordered_by is not None
            broken = search.objection(here, booking.offer, ordered=ordered, longer=True)
            if broken is not None:
                found.append((booking, broken))
    return found


def count_unmet(tx: Tx, directory: Directory, wish: Wish) -> None:
    """Count, without a person, that nothing was free: by specialty and the weekday that was asked for first."""
    service = directory.services.get(wish.what.service_id)
    if service is not None:
        store.count_unmet(tx, service.specialty, wish.earliest.astimezone(directory.zone).weekday())


def count_vain(tx: Tx, directory: Directory, specialty: str, *, now: datetime) -> None:
    """Count, without a person and without the words, that a search found no time; *specialty* may be empty."""
    store.count_unmet(tx, specialty, now.astimezone(directory.zone).weekday())


def read_appointment(tx: Tx, secrets: Secrets, booking_id: str, *, actor: Actor, now: datetime) -> bytes:
    """The FHIR Appointment as stored, audited; for what is done to it, whoever may do that.

    Raises:
        NotFound: there is no such booking.
        Erased: its person is gone.
    """
    found = store.sealed(tx, booking_id)
    if found is None:
        raise NotFound
    thing, sealed = found
    plain = people.unseal(
        tx, secrets, thing.person_id, {place_of(booking_id): sealed}, actor=actor, purpose="appointment", now=now
    )
    return plain[0]


def show_appointment(tx: Tx, secrets: Secrets, booking_id: str, *, asker: Asker) -> bytes:
    """As `read_appointment`, for whoever only wants to see it.

    Raises:
        NotFound: there is no such booking, or it is not for her; both are answered alike.
        Erased: its person is gone.
    """
    found = store.sealed(tx, booking_id)
    if found is None or not allowed(asker, Action.MEET, found[0]):
        raise NotFound
    return read_appointment(tx, secrets, booking_id, actor=asker.actor, now=asker.now)


async def reveal_appointment(
    glance: Glance, auditor: Auditor, secrets: Secrets, booking_id: str, *, asker: Asker
) -> bytes:
    """As `show_appointment`, for async code: the audit line is on disk, in a group, before the answer.

    Raises:
        NotFound: there is no such booking, or it is not for her; both are answered alike.
        Erased: its person is gone.
    """
    row = await glance.one(store.SEALED, id=booking_id)
    if row is None:
        raise NotFound
    thing, sealed = store.thing_in(row), row[-1]
    if not allowed(asker, Action.MEET, thing):
        raise NotFound
    place = place_of(booking_id)
    return await auditor.unseal(
        secrets, thing.person_id, place, sealed, actor=asker.actor, purpose="appointment", now=asker.now
    )


def person_line(tx: Tx, secrets: Secrets, directory: Directory, booking: Booking, *, asker: Asker) -> PersonLine:
    """What the list of the day shows *asker* of the person, audited; what for only to who may know it.

    Raises:
        Erased: the person is gone.
    """
    actor, now = asker.actor, asker.now
    person = people.details(tx, secrets, booking.person_id, actor=actor, purpose="day list", now=now)
    service = directory.services.get(booking.offer.service_id) if may(asker, Action.REASON, booking) else None
    needs = tuple(need.value for need in person.needs)
    return PersonLine(person.name, person.birth_year, needs, service.name if service else "")


def free_slots(
    tx: Tx, directory: Directory, actor_ids: Iterable[str], start: datetime, end: datetime, *, now: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans between *start* and *end* in which all *actor_ids* are open and free."""
    named = list(actor_ids)
    here = ground(tx, directory, start, end, now=now, of=named)
    mask = here.window.mask(planner.tick_of(start), planner.tick_after(end))
    for actor_id in named:
        mask &= here.free(actor_id)
    return planner.spans(mask, here.window)


def unmet_counts(tx: Tx) -> dict[tuple[str, int], int]:
    """How often nothing was free, by specialty and weekday (Monday is 0)."""
    return store.unmet_counts(tx)


def place_of(booking_id: str) -> str:
    """Where the sealed Appointment stands."""
    return f"booking|appointment|{booking_id}"


def turn(booking_id: str) -> str:
    """What is held while one booking is made or changed."""
    return f"booking {booking_id}"
