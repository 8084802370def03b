"""What touches several bookings, or goes before others: series, who comes without an appointment, staff's override,
and another device in place of a broken one."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from babel.dates import format_date

from telemed.booking import claims, fhir, holding, model, pending, planner, reading, search, service, store
from telemed.booking.ground import Ground, rules
from telemed.booking.keys import booked, id_for
from telemed.booking.model import (
    Blocked,
    Booked,
    Booking,
    BookingCancelled,
    NothingFree,
    NotOffered,
    Reason,
    Request,
    SeriesRefused,
    SlotTaken,
    Status,
    Urgency,
)
from telemed.booking.planner import Offer, What, Window, Wish
from telemed.booking.search import Objection, Rule
from telemed.directory import service as directories
from telemed.directory.model import Device, Directory
from telemed.identity.model import Actor
from telemed.kit.db import Tx, take_turn
from telemed.kit.i18n import words
from telemed.kit.outbox import emit
from telemed.kit.secrets import Secrets
from telemed.people import service as people

LONGEST_SERIES = 12

OVERRULED = (Rule.TAKEN, Rule.CLOSED, Rule.HOLIDAY)
"""What staff may pass over. Nobody books who is absent, or a device that is broken or whose inspection is due."""


def dates(first: Offer, directory: Directory, *, weeks: int, count: int) -> list[datetime]:
    """The starts of a series: the same time on the wall every *weeks* weeks."""
    wall = first.start.astimezone(directory.zone).replace(tzinfo=None)
    steps = (wall + n * timedelta(weeks=weeks) for n in range(count))
    return [step.replace(tzinfo=directory.zone).astimezone(UTC) for step in steps]


def series(
    here: Ground, first: Offer, starts: Collection[datetime], *, now: datetime, wished: What | None = None
) -> list[tuple[datetime, Offer | None]]:
    """For each start what would be booked, with the same doctor in the same room; None where that cannot be had.

    *wished*: what *first* was an answer to, if that was more than its service.
    """
    what = replace(wished or What(first.service_id), doctor_ids=(first.doctor_id,), room_ids=(first.room_id,))
    found: list[tuple[datetime, Offer | None]] = []
    for start in starts:
        wish = Wish(what, start, start + (first.end - first.start), align_minutes=5)
        there = search.offers(here, wish, now=now, limit=1)
        found.append((start, there[0] if there else None))
    return found


def book_series(
    tx: Tx,
    secrets: Secrets,
    requests: list[Request],
    *,
    actor: Actor,
    now: datetime,
    without: Collection[datetime] = (),
) -> list[Booked]:
    """Book all, or nothing; the starts in *without* are left out on purpose.

    Raises:
        SeriesRefused: it names the dates that cannot be had.
    """
    wanted = [request for request in requests if request.offer.start not in without]
    service.enter(tx)
    kept: list[Booked] = []
    refused: list[datetime] = []
    for request in sorted(wanted, key=lambda one: one.offer.start):
        try:
            with tx.begin_nested():
                kept.append(service.book(tx, secrets, request, actor=actor, now=now))
        except (Blocked, model.TooLate):
            refused.append(request.offer.start)
    if refused:
        zone = directories.load(tx).zone
        named = ", ".join(_day(start.astimezone(zone).date()) for start in refused)
        raise SeriesRefused(tuple(refused), named)
    return kept


def _day(day: date) -> str:
    return str(format_date(day, "d. MMMM", locale=words().language))


def walk_in(here: Ground, what: What, *, now: datetime) -> Offer:
    """The first gap of today for somebody who came without an appointment.

    Raises:
        NothingFree: there is none.
    """
    _, tonight = planner.day_window(now.astimezone(here.directory.zone).date(), here.directory)
    found = search.offers(here, Wish(what, now, tonight, align_minutes=5), now=now, limit=1)
    if not found:
        raise NothingFree
    return found[0]


def in_a_room(here: Ground, visit: Booking, wished: What, *, now: datetime, limit: int = 4) -> list[Offer]:
    """The next times at which the doctor of a home visit can see the same person in a room, by time.

    For the same service, or, where that is for homes only, for the doctor's first other one that rooms offer without
    an order. *wished*: what the person needs, whatever the service.
    """
    known, after = here.directory, max(now, visit.offer.end)
    doctor = known.doctors.get(visit.offer.doctor_id)
    rooms = tuple(room.id for room in known.rooms.values() if room.is_claimed)
    offered = [one for one in known.services.values() if doctor in known.doctors_for(one) and not one.needs_order]
    for one in sorted(offered, key=lambda one: (one.id != visit.offer.service_id, len(one.devices), one.id)):
        what = replace(wished, service_id=one.id, doctor_ids=(visit.offer.doctor_id,), room_ids=rooms)
        found = search.offers(here, Wish(what, after, now + planner.HORIZON), now=now, limit=limit)
        if found:
            return found
    return []


def follow_on(tx: Tx, secrets: Secrets, visit: Booking, request: Request, *, actor: Actor, now: datetime) -> Booking:
    """Book another appointment for the person of a visit, which stays as it is: it goes on, or is over.

    Link and paper of the visit open the new one from now on. The same request again gets the same answer.

    Raises:
        TooLate, NotOffered, SlotTaken: as `service.book` says.
        AlreadyFollowed: another appointment follows from this visit already.
    """
    service.enter(tx, alone=True)
    new_id = id_for(secrets, request.request_id)
    if store.known(tx, new_id)[0]:
        return reading.get(tx, new_id)
    if store.following(tx, visit.id) is not None:
        raise model.AlreadyFollowed
    directory = directories.load(tx)
    service.admit(directory, request.offer, now=now, ordered=request.extras.ordered_by is not None)
    asked = replace(request, extras=replace(request.extras, replaces=visit.id))
    service.take_in(tx, secrets, directory, new_id, asked, actor=actor, now=now, person_id=visit.person_id)
    store.lead_on(tx, visit.id, new_id)
    return reading.get(tx, new_id)


@dataclass(frozen=True)
class Overridden:
    """What staff booked before others, and whose appointments were cancelled for it; they wait first in line."""

    booked: Booked
    displaced: tuple[Booking, ...]


def displaces(tx: Tx, directory: Directory, offer: Offer, *, now: datetime) -> list[Booking]:
    """Whose appointments stand in the way of *offer*, to be named before it is booked.

    Raises:
        NotOffered: somebody is absent, unfit, or a device is not inspected: no reason helps.
        SlotTaken: a visit has begun there.
    """
    model.confirm(offer, now=now)
    broken = search.objection(rules(directory, Window.horizon(now)), offer, ordered=True)
    if broken is not None and broken.rule not in OVERRULED:
        raise NotOffered(broken, directory.name_of(broken.resource_id))
    _check_presence(directory, offer)
    owners = claims.owners(tx, planner.claims(offer, directory), besides="", now=now)
    found = [one for one in store.several(tx, {owner for _, owner in owners}) if one.status is Status.BOOKED]
    for one in found:
        if one.offer.start <= now:
            blocking = next(claim[0] for claim, owner in owners if owner == one.id)
            raise SlotTaken(blocking, directory.name_of(blocking))
    return found


def _check_presence(directory: Directory, offer: Offer) -> None:
    """The first rule that is broken hides those behind it; absence, inspection and block are never passed over."""
    for actor_id in offer.resource_ids:
        actor = directory.actor(actor_id)
        if actor is not None and any(a < offer.end and offer.start < b for a, b in actor.hours.closed):
            raise NotOffered(Objection(Rule.ABSENT, actor_id), actor.name)
        if isinstance(actor, Device) and actor.until is not None and actor.until < offer.end:
            raise NotOffered(Objection(search.broken_by(actor), actor_id), actor.name)


def use_another(
    tx: Tx, secrets: Secrets, booking_id: str, device_id: str, *, actor: Actor, now: datetime
) -> str | None:
    """Give a booking another device of the same kind in its room, if one is free then: which, or None.

    Raises:
        NotFound, AlreadyCancelled, TooLate: as `service.cancel` says.
        Erased: its person is gone.
    """
    service.enter(tx, alone=True)
    old, directory = service.still_ahead(tx, booking_id, now=now), directories.load(tx)
    other = _free_like(tx, directory, old.offer, device_id, now=now)
    if other is None:
        return None
    devices = tuple(other.id if one == device_id else one for one in old.offer.device_ids)
    offer = replace(old.offer, device_ids=devices)
    new = replace(old, offer=offer, version=old.version + 1, updated_at=now)
    claims.release(tx, old.id, old.offer, now=now)
    service.take(tx, directory, new.id, offer, now=now)
    plain = reading.read_appointment(tx, secrets, old.id, actor=actor, now=now)
    content = fhir.with_device(plain, new, device_id, other.id, other.name)
    place = reading.place_of(new.id)
    store.rewrite(tx, new, people.seal(tx, secrets, new.person_id, place, content, actor=actor, now=now))
    return other.id


def _free_like(tx: Tx, directory: Directory, offer: Offer, device_id: str, *, now: datetime) -> Device | None:
    """The first of the same kind in the same room that can begin when *offer* does."""
    out = directory.devices.get(device_id)
    if out is None or device_id not in offer.device_ids:
        return None
    like = [
        one for one in directory.devices_in(offer.room_id) if one.kind == out.kind and one.id not in offer.device_ids
    ]
    here = reading.ground(tx, directory, offer.start, offer.end, now=now, of=[one.id for one in like])
    ticks, bit = planner.ticks_in(offer.end - offer.start), planner.tick_of(offer.start) - here.window.first
    return next((one for one in like if here.starts(one.id, ticks) >> bit & 1), None)


def book_known(tx: Tx, secrets: Secrets, request: Request, person_id: str, *, actor: Actor, now: datetime) -> Booked:
    """One more appointment for somebody who is known already. The same request again gets the same answer.

    Raises:
        TooLate, NotOffered, SlotTaken: as `service.book` says.
    """
    service.enter(tx)
    booking_id = id_for(secrets, request.request_id)
    take_turn(tx, reading.turn(booking_id))
    if service.is_booked(tx, booking_id):
        return booked(secrets, request.request_id, service.get(tx, booking_id))
    directory = directories.load(tx)
    service.admit(directory, request.offer, now=now)
    service.let_go(tx, booking_id, now=now)
    return service.take_in(tx, secrets, directory, booking_id, request, actor=actor, now=now, person_id=person_id)


def override(
    tx: Tx,
    secrets: Secrets,
    request: Request,
    urgency: Urgency,
    *,
    actor: Actor,
    now: datetime,
    named: Collection[str] | None = None,
) -> Overridden:
    """Book over others for a coded reason: theirs are cancelled, and they come first when time is freed.

    The same request again gets the same answer, and displaces nobody. *named*: the bookings that were shown before
    staff confirmed.

    Raises:
        NotOffered, SlotTaken: as `displaces` says; also where somebody would give way who was not named.
    """
    service.enter(tx, alone=True)
    booking_id = id_for(secrets, request.request_id)
    if service.is_booked(tx, booking_id):
        return Overridden(booked(secrets, request.request_id, service.get(tx, booking_id)), ())
    directory = directories.load(tx)
    displaced = displaces(tx, directory, request.offer, now=now)
    unnamed = [one for one in displaced if named is not None and one.id not in named]
    if unnamed:
        raise SlotTaken(unnamed[0].offer.room_id, directory.name_of(unnamed[0].offer.room_id))
    for one in displaced:
        _displace(tx, secrets, one, actor=actor, now=now)
    for _, owner in claims.owners(tx, planner.claims(request.offer, directory), besides="", now=now):
        holding.take_away(tx, owner, now=now)
        pending.take_away(tx, secrets, owner, actor=actor, now=now)
    extras = replace(request.extras, urgency=urgency)
    urgent = replace(request, extras=extras)
    made = service.take_in(tx, secrets, directory, booking_id, urgent, actor=actor, now=now)
    return Overridden(made, tuple(displaced))


def _displace(tx: Tx, secrets: Secrets, one: Booking, *, actor: Actor, now: datetime) -> None:
    """Cancel for staff's sake, and put the person first in line for the same."""
    service.close(tx, secrets, one, Reason.DISPLACED, actor=actor, now=now)
    claims.release(tx, one.id, one.offer, now=now)
    emit(tx, BookingCancelled(one.id, one.offer.room_id), now=now)
    what = What(one.offer.service_id, ordered=one.extras.ordered_by is not None)
    holding.put_first(tx, one.person_id, Wish(what, now, now + planner.HORIZON), now=now)
