"""What programs asked for without waiting for the answer, and the answer, for a day."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, LargeBinary, Row, Table, Text, delete, insert, select, update

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_WHO = Kept("answers the program that asked, and no other", "24 hours", "no one")
_ASKED = Kept("the Appointment that a program asked for", "24 hours", "FHIR clients", personal=True)
_ANSWER = Kept("the answer that a program fetches", "24 hours", "FHIR clients", personal=True)

asked = Table(
    "interop_asked",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("subject", Text(), kept=_WHO),
    column("compartment", Text(), kept=_WHO),
    column("sealed_for", Text(), ForeignKey("people_person.id"), kept=TECHNICAL),
    column("request", LargeBinary(), kept=_ASKED),
    column("asked_at", Utc(), index=True, kept=_WHO),
    column("status", Integer(), nullable=True, kept=TECHNICAL),
    column("version", Integer(), nullable=True, kept=TECHNICAL),
    column("answer", LargeBinary(), nullable=True, kept=_ANSWER),
)
"""*sealed_for*: nobody; only a key of its own, which ends with the line. *status*: of HTTP, once it is answered."""


@dataclass(frozen=True)
class Line:
    id: str
    subject: str
    compartment: tuple[str, ...]
    sealed_for: str
    request: bytes
    asked_at: datetime
    status: int | None = None
    version: int | None = None
    answer: bytes | None = None


def add(tx: Tx, line: Line) -> None:
    compartment = json.dumps(line.compartment)
    given = {"id": line.id, "subject": line.subject, "compartment": compartment, "asked_at": line.asked_at}
    tx.execute(insert(asked).values(**given, sealed_for=line.sealed_for, request=line.request))


def get(tx: Tx, asked_id: str) -> Line | None:
    row = tx.execute(select(asked).where(asked.c.id == asked_id)).one_or_none()
    return _line(row) if row else None


def answer(tx: Tx, asked_id: str, status: int, version: int | None, sealed: bytes) -> None:
    values = {"status": status, "version": version, "answer": sealed}
    tx.execute(update(asked).where(asked.c.id == asked_id).values(values))


def before(tx: Tx, moment: datetime) -> list[Line]:
    """What was asked before *moment*."""
    return [_line(row) for row in tx.execute(select(asked).where(asked.c.asked_at < moment).order_by(asked.c.id))]


def drop(tx: Tx, asked_id: str) -> None:
    tx.execute(delete(asked).where(asked.c.id == asked_id))


def _line(row: Row[Any]) -> Line:
    who = row.id, row.subject, tuple(json.loads(row.compartment))
    return Line(*who, row.sealed_for, row.request, row.asked_at, row.status, row.version, row.answer)
