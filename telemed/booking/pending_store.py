"""Which appointments wait for a yes, and until when."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Row, Table, Text, delete, insert, select, update

from telemed.booking.pending_model import Confirms, Pending
from telemed.booking.store import bookings
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_WAITS = Kept("keeps the time of an appointment until it is confirmed", "until it is confirmed or runs out", "no one")

pending = Table(
    "booking_pending",
    metadata,
    column("booking_id", Text(), ForeignKey("booking.id"), primary_key=True, kept=TECHNICAL),
    column("held_until", Utc(), index=True, kept=_WAITS),
    column("confirms", Text(), kept=_WAITS),
    column("extended", Integer(), kept=_WAITS),
    CheckConstraint("confirms in ('client', 'staff')", name="confirms"),
)


def add(tx: Tx, one: Pending) -> None:
    tx.execute(insert(pending).values(booking_id=one.booking_id, **_values(one)))


def put(tx: Tx, one: Pending) -> None:
    """Keep what changed."""
    tx.execute(update(pending).where(pending.c.booking_id == one.booking_id).values(_values(one)))


def _values(one: Pending) -> dict[str, object]:
    return {"held_until": one.held_until, "confirms": one.confirms.value, "extended": one.extended}


def get(tx: Tx, booking_id: str) -> Pending | None:
    row = tx.execute(select(pending).where(pending.c.booking_id == booking_id)).one_or_none()
    return _pending(row) if row else None


def give_to(tx: Tx, booking_id: str, person_id: str, appointment: bytes) -> None:
    """It is for somebody else, and its Appointment is sealed under that person's key."""
    wanted = update(bookings).where(bookings.c.id == booking_id)
    tx.execute(wanted.values(person_id=person_id, appointment=appointment))


def drop(tx: Tx, booking_id: str) -> None:
    tx.execute(delete(pending).where(pending.c.booking_id == booking_id))


def run_out(tx: Tx, *, now: datetime) -> list[Pending]:
    """Those that nobody confirmed in time."""
    rows = tx.execute(select(pending).where(pending.c.held_until <= now).order_by(pending.c.booking_id))
    return [_pending(row) for row in rows]


def waiting_for(tx: Tx, confirms: Confirms, *, now: datetime) -> list[Pending]:
    """Those that may still be confirmed, the most pressing first."""
    wanted = select(pending).where(pending.c.confirms == confirms.value, pending.c.held_until > now)
    return [_pending(row) for row in tx.execute(wanted.order_by(pending.c.held_until, pending.c.booking_id))]


def _pending(row: Row[Any]) -> Pending:
    return Pending(row.booking_id, row.held_until, Confirms(row.confirms), row.extended)
