"""Sealed sheets, one for each visit, until they run out; sealed once more under their person's key."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, Table, Text, delete, insert, select

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_SHEET = Kept(
    "is read by who has its link and the key in it", "14 days", "the person; the centre has no key", personal=True
)
_UNTIL = Kept("says when the sheet is forgotten", "14 days", "no one")

sheets = Table(
    "aftercare_sheet",
    metadata,
    column("visit_id", Text(), ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True, kept=TECHNICAL),
    column("id", Text(), unique=True, kept=TECHNICAL),
    column("person_id", Text(), ForeignKey("people_person.id", ondelete="CASCADE"), index=True, kept=TECHNICAL),
    column("sealed", LargeBinary(), kept=_SHEET),
    column("expires_at", Utc(), index=True, kept=_UNTIL),
)


@dataclass(frozen=True)
class Row:
    visit_id: str
    id: str
    person_id: str
    sealed: bytes
    expires_at: datetime


def put(tx: Tx, row: Row) -> None:
    """In place of what the visit had."""
    drop(tx, row.visit_id)
    tx.execute(insert(sheets).values(**vars(row)))


def visit_of(tx: Tx, sheet_id: str) -> str | None:
    return tx.execute(select(sheets.c.visit_id).where(sheets.c.id == sheet_id)).scalar_one_or_none()


def get(tx: Tx, sheet_id: str, *, now: datetime) -> Row | None:
    """The sheet, unless it has run out."""
    row = tx.execute(select(sheets).where(sheets.c.id == sheet_id, sheets.c.expires_at > now)).one_or_none()
    return Row(row.visit_id, row.id, row.person_id, row.sealed, row.expires_at) if row else None


def until(tx: Tx, visit_id: str, *, now: datetime) -> datetime | None:
    """Until when a visit has a sheet that can be read."""
    wanted = select(sheets.c.expires_at).where(sheets.c.visit_id == visit_id, sheets.c.expires_at > now)
    return tx.execute(wanted).scalar_one_or_none()


def drop(tx: Tx, visit_id: str) -> None:
    tx.execute(delete(sheets).where(sheets.c.visit_id == visit_id))


def drop_expired(tx: Tx, *, now: datetime) -> None:
    tx.execute(delete(sheets).where(sheets.c.expires_at <= now))
