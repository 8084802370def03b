"""Appointments sealed under their person's key, and a claim on every tick of every resource.

The primary key of a claim refuses the second booking; claims are inserted sorted in one statement (DESIGN D3).
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from schemas.day import Ticket
from telemed.booking.model import AppointmentQuery, Booking, SlotTaken, Status
from telemed.booking.planner import LONGEST_CLEANING, Offer, Window
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_PLAN = Kept("plans people, room and devices", "30 days after the appointment", "doctor and assistant of the visit")
_CODE = Kept("calls the person without a name", "the day of the appointment", "everyone in the waiting room")
_ACCESS = Kept("opens the booking for who holds link or paper", "30 days after the appointment", "no one")
_SEALED = Kept("the FHIR Appointment", "30 days after the appointment", "doctor, FHIR clients", personal=True)

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
    column("status", Text(), kept=_PLAN),
    column("quiet", Integer(), kept=_PLAN),
    column("day", Text(), kept=_CODE),
    column("picture", Text(), kept=_CODE),
    column("letter", Text(), kept=_CODE),
    column("digits", Text(), kept=_CODE),
    column("link_hash", Text(), nullable=True, unique=True, kept=_ACCESS),
    column("reference_hash", Text(), nullable=True, unique=True, kept=_ACCESS),
    column("appointment", LargeBinary(), kept=_SEALED),
    column("version", Integer(), kept=TECHNICAL),
    column("updated_at", Utc(), kept=TECHNICAL),
    UniqueConstraint("room_id", "day", "picture", "letter", "digits"),
    CheckConstraint("status in ('booked', 'cancelled')", name="status"),
    CheckConstraint('"end" > start', name="order"),
    Index("ix_booking_room_id_start", "room_id", "start"),
    Index("ix_booking_doctor_id_start", "doctor_id", "start"),
)
claims = Table(
    "booking_claim",
    metadata,
    column("resource_id", Text(), primary_key=True, kept=_PLAN),
    column("tick", Integer(), primary_key=True, kept=_PLAN),
    column("booking_id", Text(), ForeignKey("booking.id"), index=True, kept=TECHNICAL),
)

_ONE = select(bookings).where(bookings.c.id == bindparam("id"))


def add(tx: Tx, booking: Booking, *, day: str, appointment: bytes, access: tuple[str | None, str | None]) -> bool:
    """Keep a booking; its claims are `claim`'s. *access*: hashes of the link and of the paper reference.

    False, and nothing kept: somebody else has its ticket.
    """
    offer = booking.offer
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    kept = tx.execute(
        dialect.insert(bookings)
        .values(
            id=booking.id,
            person_id=booking.person_id,
            service_id=offer.service_id,
            start=offer.start,
            end=offer.end,
            doctor_id=offer.doctor_id,
            room_id=offer.room_id,
            assistant_id=offer.assistant_id,
            device_ids=json.dumps(offer.device_ids),
            status=booking.status.value,
            quiet=int(booking.quiet),
            day=day,
            picture=booking.ticket.picture,
            letter=booking.ticket.letter,
            digits=booking.ticket.digits,
            link_hash=access[0],
            reference_hash=access[1],
            appointment=appointment,
            version=booking.version,
            updated_at=booking.updated_at,
        )
        .on_conflict_do_nothing(index_elements=["room_id", "day", "picture", "letter", "digits"])
        .returning(bookings.c.id)
    )
    return kept.first() is not None


def claim(tx: Tx, booking_id: str, wanted: list[tuple[str, int]]) -> None:
    """Take every (resource, tick) of *wanted*, which is sorted, or none.

    Raises:
        SlotTaken: one is taken; names its resource.
    """
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    rows = [{"resource_id": resource, "tick": tick, "booking_id": booking_id} for resource, tick in wanted]
    statement = dialect.insert(claims).values(rows).on_conflict_do_nothing()
    got = tx.execute(statement.returning(claims.c.resource_id, claims.c.tick))
    missing = set(wanted) - {(row.resource_id, row.tick) for row in got}
    if missing:
        raise SlotTaken(min(missing)[0])


def release(tx: Tx, booking_id: str) -> None:
    tx.execute(delete(claims).where(claims.c.booking_id == booking_id))


def claimed(tx: Tx, window: Window) -> list[tuple[str, int]]:
    """All (resource, tick) in the window and for the cleaning after it."""
    span = claims.c.tick.between(window.first, window.last + LONGEST_CLEANING)
    return [(row.resource_id, row.tick) for row in tx.execute(select(claims.c.resource_id, claims.c.tick).where(span))]


def get(tx: Tx, booking_id: str) -> Booking | None:
    row = tx.execute(_ONE, {"id": booking_id}).one_or_none()
    return _booking(row) if row else None


SEALED = select(bookings.c.person_id, bookings.c.appointment).where(bookings.c.id == bindparam("id"))


def sealed(tx: Tx, booking_id: str) -> tuple[str, bytes] | None:
    """The person and the sealed Appointment."""
    row = tx.execute(_ONE, {"id": booking_id}).one_or_none()
    return (row.person_id, row.appointment) if row else None


def by_link(tx: Tx, link_hash: str) -> Booking | None:
    row = tx.execute(select(bookings).where(bookings.c.link_hash == link_hash)).one_or_none()
    return _booking(row) if row else None


def by_reference(tx: Tx, reference_hash: str) -> Booking | None:
    row = tx.execute(select(bookings).where(bookings.c.reference_hash == reference_hash)).one_or_none()
    return _booking(row) if row else None


def rewrite(tx: Tx, booking: Booking, appointment: bytes) -> None:
    """Replace status, version and sealed bytes."""
    tx.execute(
        update(bookings)
        .where(bookings.c.id == booking.id)
        .values(
            status=booking.status.value,
            version=booking.version,
            updated_at=booking.updated_at,
            appointment=appointment,
        )
    )


def tickets_of(tx: Tx, room_id: str, day: str) -> set[Ticket]:
    """The tickets given out for a room and day; none is given twice."""
    given = select(bookings.c.picture, bookings.c.letter, bookings.c.digits)
    rows = tx.execute(given.where(bookings.c.room_id == room_id, bookings.c.day == day))
    return {Ticket(picture=row.picture, letter=row.letter, digits=row.digits) for row in rows}


def booked(
    tx: Tx, start: datetime, end: datetime, *, room_id: str | None = None, doctor_id: str | None = None
) -> list[Booking]:
    """Booked appointments that start in the span, by start."""
    wanted = select(bookings).where(
        bookings.c.status == Status.BOOKED.value, bookings.c.start >= start, bookings.c.start < end
    )
    if room_id is not None:
        wanted = wanted.where(bookings.c.room_id == room_id)
    if doctor_id is not None:
        wanted = wanted.where(bookings.c.doctor_id == doctor_id)
    return [_booking(row) for row in tx.execute(wanted.order_by(bookings.c.start, bookings.c.id))]


def search(tx: Tx, query: AppointmentQuery) -> list[tuple[str, str, bytes]]:
    """(id, person, sealed Appointment) of what matches, by start."""
    wanted = select(bookings.c.id, bookings.c.person_id, bookings.c.appointment)
    if query.ids:
        wanted = wanted.where(bookings.c.id.in_(query.ids))
    if query.statuses:
        wanted = wanted.where(bookings.c.status.in_(query.statuses))
    if query.actors:
        wanted = wanted.where(_with_actor(query.actors))
    if query.start_ge is not None:
        wanted = wanted.where(bookings.c.start >= query.start_ge)
    if query.start_lt is not None:
        wanted = wanted.where(bookings.c.start < query.start_lt)
    rows = tx.execute(wanted.order_by(bookings.c.start, bookings.c.id).limit(query.limit))
    return [(row.id, row.person_id, row.appointment) for row in rows]


def _with_actor(actors: tuple[str, ...]) -> Any:
    """Whether one of *actors* (``Type/id``) takes part."""
    ids = [actor.rpartition("/")[2] for actor in actors]
    taking_part = bookings.c.doctor_id.in_(ids) | bookings.c.room_id.in_(ids) | bookings.c.assistant_id.in_(ids)
    taking_part |= bookings.c.person_id.in_(ids)
    for device_id in ids:
        taking_part |= bookings.c.device_ids.contains(json.dumps(device_id), autoescape=True)
    return taking_part


def _booking(row: Row[Any]) -> Booking:
    offer = Offer(
        row.service_id,
        row.start,
        row.end,
        row.doctor_id,
        row.room_id,
        row.assistant_id,
        tuple(json.loads(row.device_ids)),
    )
    ticket = Ticket(picture=row.picture, letter=row.letter, digits=row.digits)
    return Booking(
        row.id, row.person_id, offer, Status(row.status), ticket, bool(row.quiet), row.version, row.updated_at
    )
