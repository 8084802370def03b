"""Counts by month, and reports of barriers, sealed under a key of their own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, LargeBinary, Table, Text, delete, insert, select

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.hot import Hot
from telemed.kit.register import TECHNICAL, Kept, column

_FACES = Kept("shows how people found it, without a person", "3 years", "operator, from 5 equal answers on")
_BARRIER = Kept("mends what hinders somebody, and answers", "1 year", "operator", personal=True)
_WHEN = Kept("says which report of a barrier is answered next", "1 year", "operator")

faces = Table(
    "feedback_face",
    metadata,
    column("month", Text(), primary_key=True, kept=_FACES),
    column("said", Text(), primary_key=True, kept=_FACES),
    column("count", Integer(), kept=_FACES),
    CheckConstraint("count > 0", name="count"),
)
barriers = Table(
    "feedback_barrier",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("person_id", Text(), ForeignKey("people_person.id", ondelete="CASCADE"), index=True, kept=TECHNICAL),
    column("at", Utc(), kept=_WHEN),
    column("report", LargeBinary(), kept=_BARRIER),
)

_COUNT = Hot(
    """INSERT INTO feedback_face (month, said, count) VALUES (:month, :said, 1)
    ON CONFLICT (month, said) DO UPDATE SET count = feedback_face.count + 1"""
)


def count(tx: Tx, month: str, said: str) -> None:
    _COUNT.run(tx, month=month, said=said)


def counts(tx: Tx) -> dict[str, dict[str, int]]:
    """How often each was said, by month."""
    found: dict[str, dict[str, int]] = {}
    for row in tx.execute(select(faces).order_by(faces.c.month.desc())):
        found.setdefault(row.month, {})[row.said] = row._mapping["count"]
    return found


@dataclass(frozen=True)
class Sealed:
    id: str
    person_id: str
    at: datetime
    report: bytes


def add(tx: Tx, one: Sealed) -> None:
    tx.execute(insert(barriers).values(id=one.id, person_id=one.person_id, at=one.at, report=one.report))


def get(tx: Tx, barrier_id: str) -> Sealed | None:
    row = tx.execute(select(barriers).where(barriers.c.id == barrier_id)).one_or_none()
    return Sealed(row.id, row.person_id, row.at, row.report) if row else None


def reports(tx: Tx) -> list[Sealed]:
    """All that are not answered, oldest first."""
    rows = tx.execute(select(barriers).order_by(barriers.c.at, barriers.c.id))
    return [Sealed(row.id, row.person_id, row.at, row.report) for row in rows]


def drop(tx: Tx, barrier_id: str) -> None:
    tx.execute(delete(barriers).where(barriers.c.id == barrier_id))


def drop_before(tx: Tx, moment: datetime, month: str) -> None:
    """Forget reports from before *moment*, and counts of months before *month*."""
    tx.execute(delete(barriers).where(barriers.c.at < moment))
    tx.execute(delete(faces).where(faces.c.month < month))
