"""Appointments, sealed under their person's key."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.engine import Row

from schemas.day import Ticket
from telemed.booking.model import GERMAN, Booking, Extras, Reason, Status, Urgency
from telemed.booking.planner import Offer
from telemed.identity.allowed import Action, Asker, Thing
from telemed.identity.visible import visible_to
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.hot import Hot
from telemed.kit.register import TECHNICAL, Kept, column

_PLAN = Kept("plans people, room and devices", "30 days after the appointment", "doctor and assistant of the visit")
_CODE = Kept("calls the person without a name", "the day of the appointment", "everyone in the waiting room")
_ACCESS = Kept("opens the booking for who holds link or paper", "30 days after the appointment", "no one")
_FOREIGN = Kept("finds what another system brought, by its codes", "30 days after the appointment", "FHIR clients")
_SEALED = Kept("the FHIR Appointment", "30 days after the appointment", "doctor, FHIR clients", personal=True)

_SOUGHT = ("doctor_id", "room_id", "assistant_id", "interpreter_id", "service_id", "status", "origin")
"""With when and which: what most searches ask, so that counting reads no row."""
ERASED = "erased"
"""The origin of what nobody can read any more."""
_MOVED = text("replaces IS NOT NULL")

bookings = Table(
    "booking",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("person_id", Text(), ForeignKey("people_person.id"), index=True, kept=TECHNICAL),
    column("service_id", Text(), kept=_PLAN),
    column("start", Utc(), kept=_PLAN),
    column("end", Utc(), kept=_PLAN),
    column("doctor_id", Text(), kept=_PLAN),
    column("room_id", Text(), kept=_PLAN),
    column("assistant_id", Text(), kept=_PLAN),
    column("device_ids", Text(), kept=_PLAN),
    column("interpreter_id", Text(), kept=_PLAN),
    column("status", Text(), kept=_PLAN),
    column("reason", Text(), nullable=True, kept=_PLAN),
    column("extras", Text(), kept=_PLAN),
    column("replaces", Text(), ForeignKey("booking.id"), nullable=True, kept=TECHNICAL),
    column("quiet", Integer(), kept=_PLAN),
    column("day", Text(), kept=_CODE),
    column("picture", Text(), kept=_CODE),
    column("letter", Text(), kept=_CODE),
    column("digits", Text(), kept=_CODE),
    column("link_hash", Text(), nullable=True, unique=True, kept=_ACCESS),
    column("reference_hash", Text(), nullable=True, unique=True, kept=_ACCESS),
    column("arrival_hash", Text(), nullable=True, index=True, kept=_ACCESS),
    column("appointment", LargeBinary(), kept=_SEALED),
    column("origin", Text(), nullable=True, kept=_FOREIGN),
    column("said", Text(), nullable=True, kept=_FOREIGN),
    column("version", Integer(), kept=TECHNICAL),
    column("updated_at", Utc(), kept=TECHNICAL),
    UniqueConstraint("room_id", "day", "picture", "letter", "digits"),
    CheckConstraint("status in ('booked', 'pending', 'cancelled')", name="status"),
    CheckConstraint('"end" > start', name="order"),
    Index("uq_booking_replaces", "replaces", unique=True, sqlite_where=_MOVED, postgresql_where=_MOVED),
    Index("ix_booking_doctor_id_start", "doctor_id", "start"),
    Index("ix_booking_sought", "start", "id", *_SOUGHT),
)
_DEMAND = Kept("shows what the quarter lacks, without a person", "until the operator resets it", "operator")
unmet = Table(
    "booking_unmet",
    metadata,
    column("specialty", Text(), primary_key=True, kept=_DEMAND),
    column("weekday", Integer(), primary_key=True, autoincrement=False, kept=_DEMAND),
    column("count", Integer(), kept=_DEMAND),
)


@dataclass(frozen=True)
class Access:
    """Hashes of what opens a booking, the link and the paper's reference; *arrival*: of what says that she has come."""

    link: str | None = None
    reference: str | None = None
    arrival: str | None = None


NO_ACCESS = Access()

_ONE = select(bookings).where(bookings.c.id == bindparam("id"))


_ADD = Hot(
    """INSERT INTO booking (id, person_id, service_id, start, "end", doctor_id, room_id, assistant_id, device_ids,
        interpreter_id, status, reason, extras, replaces, quiet, day, picture, letter, digits, link_hash,
        reference_hash, arrival_hash, appointment, version, updated_at)
    VALUES (:id, :person_id, :service_id, :start, :end, :doctor_id, :room_id, :assistant_id, :device_ids,
        :interpreter_id, :status, :reason, :extras, :replaces, :quiet, :day, :picture, :letter, :digits, :link_hash,
        :reference_hash, :arrival_hash, :appointment, :version, :updated_at)
    ON CONFLICT (room_id, day, picture, letter, digits) DO NOTHING"""
)


def add(tx: Tx, booking: Booking, *, day: str, appointment: bytes, access: Access) -> bool:
    """Keep a booking; its claims are kept apart. False, and nothing kept: somebody else has its ticket."""
    kept = _ADD.run(
        tx,
        id=booking.id,
        person_id=booking.person_id,
        replaces=booking.extras.replaces,
        quiet=int(booking.quiet),
        day=day,
        link_hash=access.link,
        reference_hash=access.reference,
        arrival_hash=access.arrival,
        **_planned(booking, appointment),
    )
    return bool(kept.rowcount)


_KNOWN = Hot(
    """SELECT EXISTS (SELECT 1 FROM booking WHERE id = :id), EXISTS (SELECT 1 FROM booking_hold WHERE id = :id)"""
)


def known(tx: Tx, booking_id: str) -> tuple[bool, bool]:
    """Whether there is a booking of this id, and whether a hold."""
    is_booked, is_held = _KNOWN.run(tx, id=booking_id).fetchone()
    return bool(is_booked), bool(is_held)


def get(tx: Tx, booking_id: str) -> Booking | None:
    row = tx.execute(_ONE, {"id": booking_id}).one_or_none()
    return _booking(row) if row else None


_THING = tuple(bookings.c[name] for name in ("id", "person_id", "doctor_id", "room_id", "start", "end"))
SEALED = select(*_THING, bookings.c.appointment).where(bookings.c.id == bindparam("id"))


def sealed(tx: Tx, booking_id: str) -> tuple[Thing, bytes] | None:
    """An appointment as the rule of who may reads it, and the sealed one."""
    row = tx.execute(SEALED, {"id": booking_id}).one_or_none()
    return (thing_in(row), row.appointment) if row else None


def thing_in(row: Any) -> Thing:
    """What `SEALED` found, also as the driver gives it."""
    *names, start, end, _sealed = row
    return Thing(*names, *(datetime.fromisoformat(one) if isinstance(one, str) else one for one in (start, end)))


def by_link(tx: Tx, link_hash: str) -> Booking | None:
    row = tx.execute(select(bookings).where(bookings.c.link_hash == link_hash)).one_or_none()
    return _booking(row) if row else None


def by_reference(tx: Tx, reference_hash: str) -> Booking | None:
    row = tx.execute(select(bookings).where(bookings.c.reference_hash == reference_hash)).one_or_none()
    return _booking(row) if row else None


def by_arrival(tx: Tx, arrival_hash: str, *, day: str) -> list[Booking]:
    """What is booked for a civil day and has these six digits."""
    wanted = select(bookings).where(bookings.c.arrival_hash == arrival_hash, bookings.c.day == day)
    return [_booking(row) for row in tx.execute(wanted.where(bookings.c.status == Status.BOOKED.value))]


def following(tx: Tx, booking_id: str) -> Booking | None:
    """The booking that took the place of this one, or follows from it."""
    return with_following(tx, booking_id)[1]


def with_following(tx: Tx, booking_id: str) -> tuple[Booking | None, Booking | None]:
    """A booking, and the one that took its place or follows from it, in one look."""
    found = {row.id == booking_id: _booking(row) for row in tx.execute(_WITH_FOLLOWING, {"id": booking_id})}
    return found.get(True), found.get(False)


_WITH_FOLLOWING = select(bookings).where(or_(bookings.c.id == bindparam("id"), bookings.c.replaces == bindparam("id")))


def followed(tx: Tx, booking_ids: Iterable[str]) -> set[str]:
    """Those of *booking_ids* of which another booking took the place, or follows."""
    wanted = select(bookings.c.replaces).where(bookings.c.replaces.in_(sorted(booking_ids)))
    return set(tx.execute(wanted).scalars())


def several(tx: Tx, booking_ids: Iterable[str]) -> list[Booking]:
    """Those of *booking_ids* that are there, by start."""
    wanted = select(bookings).where(bookings.c.id.in_(sorted(booking_ids)))
    return [_booking(row) for row in tx.execute(wanted.order_by(bookings.c.start, bookings.c.id))]


def of_people(tx: Tx, person_ids: Iterable[str], *, since: datetime) -> list[Booking]:
    """What is booked for these people and starts after a moment, by start."""
    wanted = select(bookings).where(bookings.c.person_id.in_(sorted(person_ids)), bookings.c.start > since)
    wanted = wanted.where(bookings.c.status == Status.BOOKED.value)
    return [_booking(row) for row in tx.execute(wanted.order_by(bookings.c.start, bookings.c.id))]


def rewrite(tx: Tx, booking: Booking, appointment: bytes, *, day: str | None = None) -> None:
    """Replace all that is planned of a booking, and its sealed bytes; for whom it is and what opens it stay.

    *day*: of its ticket, where that changes too.
    """
    values = _planned(booking, appointment)
    tx.execute(update(bookings).where(bookings.c.id == booking.id).values(values | ({"day": day} if day else {})))


def _planned(booking: Booking, appointment: bytes) -> dict[str, Any]:
    offer, ticket = booking.offer, booking.ticket
    return {
        "service_id": offer.service_id,
        "start": offer.start,
        "end": offer.end,
        "doctor_id": offer.doctor_id,
        "room_id": offer.room_id,
        "assistant_id": offer.assistant_id,
        "device_ids": orjson.dumps(offer.device_ids).decode(),
        "interpreter_id": offer.interpreter_id,
        "status": booking.status.value,
        "reason": booking.reason.value if booking.reason else None,
        "extras": extras_text(booking.extras),
        "picture": ticket.picture,
        "letter": ticket.letter,
        "digits": ticket.digits,
        "version": booking.version,
        "updated_at": booking.updated_at,
        "appointment": appointment,
    }


_KEYS = (bookings.c.link_hash, bookings.c.reference_hash, bookings.c.arrival_hash)
_NO_KEYS: dict[str, None] = {each.name: None for each in _KEYS}


def hand_over(tx: Tx, booking_id: str, *, to: Access | None) -> Access:
    """What opens the booking that takes the place of this one, whose ticket is free from now on.

    That is *to*, and what opened this one leads on; or else link and reference move along.
    """
    own = bookings.c.id == booking_id
    if to is not None:
        tx.execute(update(bookings).where(own).values(day=f"moved {booking_id}"))
        return to
    row = tx.execute(select(*_KEYS).where(own)).one()
    tx.execute(update(bookings).where(own).values(**_NO_KEYS, day=f"moved {booking_id}"))
    return Access(*row)


def lead_on(tx: Tx, booking_id: str, to_id: str) -> None:
    """What opened a booking, which stays as it is, opens another one from now on."""
    own = bookings.c.id == booking_id
    row = tx.execute(select(*_KEYS).where(own)).one()
    if row.link_hash is None:
        return
    tx.execute(update(bookings).where(own).values(**_NO_KEYS))
    tx.execute(update(bookings).where(bookings.c.id == to_id).values(**row._mapping))


def booked(
    tx: Tx, start: datetime, end: datetime, *, day: str, room_id: str | None = None, doctor_id: str | None = None
) -> list[Booking]:
    """Booked appointments that start in the span, which is that of *day*, by start."""
    wanted = _booked(room_id is not None, doctor_id is not None)
    given = {"from": start, "until": end, "day": day, "room": room_id, "doctor": doctor_id}
    return [_booking(row) for row in tx.execute(wanted, given)]


@cache
def _booked(in_room: bool, of_doctor: bool) -> Select[Any]:
    """Every page that says how a day stands asks for it: it is built once."""
    wanted = select(bookings).where(
        bookings.c.status == Status.BOOKED.value,
        bookings.c.start >= bindparam("from"),
        bookings.c.start < bindparam("until"),
    )
    if in_room:
        wanted = wanted.where(bookings.c.room_id == bindparam("room"), bookings.c.day == bindparam("day"))
    if of_doctor:
        wanted = wanted.where(bookings.c.doctor_id == bindparam("doctor"))
    return wanted.order_by(bookings.c.start, bookings.c.id)


def visible(tx: Tx, asker: Asker, action: Action, start: datetime, end: datetime) -> list[Booking]:
    """Booked appointments that start in the span and with which *asker* may do *action*, by start."""
    within = bookings.c.start >= start, bookings.c.start < end, visible_to(asker, bookings, action)
    wanted = select(bookings).where(bookings.c.status == Status.BOOKED.value, *within)
    return [_booking(row) for row in tx.execute(wanted.order_by(bookings.c.start, bookings.c.id))]


def of_person(tx: Tx, person_id: str) -> list[Booking]:
    """Everything that is kept of one person, by start."""
    return [_booking(row) for row in tx.execute(_OF_PERSON, {"person": person_id})]


_OF_PERSON = select(bookings).where(bookings.c.person_id == bindparam("person")).order_by("start", "id")


def shut(tx: Tx, person_id: str) -> None:
    """Neither link nor paper opens anything of this person any more, and no search finds it."""
    tx.execute(update(bookings).where(bookings.c.person_id == person_id).values(**_NO_KEYS, origin=ERASED))


def cancelled(tx: Tx, *, day: str, room_id: str) -> list[Booking]:
    """Appointments of a room's day that were cancelled, without those that were moved, by start."""
    return [_booking(row) for row in tx.execute(_CANCELLED, {"day": day, "room": room_id})]


_CANCELLED = select(bookings).where(bookings.c.room_id == bindparam("room"), bookings.c.day == bindparam("day"))
_CANCELLED = _CANCELLED.where(bookings.c.status == Status.CANCELLED.value).order_by("start", "id")


def ahead(tx: Tx, *, now: datetime, concerning: Collection[str] | None = None) -> list[Booking]:
    """Everything booked that has not begun, by start; *concerning*: of these people, rooms or services alone."""
    parts = (bookings.c[f"{one}_id"] for one in ("service", "doctor", "assistant", "interpreter", "room"))
    some = true() if concerning is None else or_(*(part.in_(sorted(concerning)) for part in parts))
    wanted = select(bookings).where(bookings.c.status == Status.BOOKED.value, bookings.c.start > now, some)
    return [_booking(row) for row in tx.execute(wanted.order_by(bookings.c.start, bookings.c.id))]


def count_unmet(tx: Tx, specialty: str, weekday: int) -> None:
    _UNMET.run(tx, specialty=specialty, weekday=weekday)


_UNMET = Hot(
    """INSERT INTO booking_unmet (specialty, weekday, count) VALUES (:specialty, :weekday, 1)
    ON CONFLICT (specialty, weekday) DO UPDATE SET count = booking_unmet.count + 1"""
)


def unmet_counts(tx: Tx) -> dict[tuple[str, int], int]:
    """How often nothing was free, by specialty and weekday."""
    return {(row.specialty, row.weekday): row._mapping["count"] for row in tx.execute(select(unmet))}


def extras_text(extras: Extras) -> str:
    """What few have; empty for most."""
    if extras == Extras(replaces=extras.replaces):
        return ""
    urgency = extras.urgency.value if extras.urgency else None
    kept = {"series": extras.series_id, "ordered_by": extras.ordered_by, "urgency": urgency}
    come_before = int(extras.come_before / timedelta(minutes=1))
    return json.dumps({**kept, "walk_in": extras.walk_in, "language": extras.language, "come_before": come_before})


def _extras(row: Row[Any]) -> Extras:
    if not row.extras:
        return Extras(row.replaces)
    kept = json.loads(row.extras)
    urgency = Urgency(kept["urgency"]) if kept["urgency"] else None
    return Extras(
        row.replaces,
        kept["series"],
        kept["ordered_by"],
        urgency,
        kept["walk_in"],
        kept.get("language", GERMAN),
        timedelta(minutes=kept.get("come_before", 0)),
    )


def _booking(row: Row[Any]) -> Booking:
    devices = tuple(json.loads(row.device_ids))
    staff = row.doctor_id, row.room_id, row.assistant_id, devices, row.interpreter_id
    return Booking(
        row.id,
        row.person_id,
        Offer(row.service_id, row.start, row.end, *staff),
        Status(row.status),
        Ticket(picture=row.picture, letter=row.letter, digits=row.digits),
        bool(row.quiet),
        row.version,
        row.updated_at,
        Reason(row.reason) if row.reason else None,
        _extras(row),
    )
