"""What happened, as it became known: facts, merged by their id and never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Table, Text, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from schemas.day import Fact, FactKind, FactReason
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_COURSE = Kept("runs the day and tells delays", "30 days", "doctor, assistant and room of the visit")
_KINDS = ", ".join(repr(kind.value) for kind in FactKind)

facts = Table(
    "visit_fact",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("visit_id", Text(), ForeignKey("booking.id"), kept=_COURSE),
    column("kind", Text(), kept=_COURSE),
    column("at", Utc(), kept=_COURSE),
    column("by", Text(), kept=_COURSE),
    column("heard_at", Utc(), kept=TECHNICAL),
    column("reason", Text(), nullable=True, kept=_COURSE),
    column("minutes", Integer(), nullable=True, kept=_COURSE),
    CheckConstraint(f"kind in ({_KINDS})", name="kind"),
    Index("ix_visit_fact_visit_id", "visit_id", "at"),
)


def add(tx: Tx, fact: Fact, now: datetime) -> bool:
    """Keep a fact; whether it was new."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = {
        "id": fact.fact_id,
        "visit_id": fact.visit_id,
        "kind": fact.kind.value,
        "at": fact.at,
        "by": fact.by,
        "heard_at": now,
        "reason": fact.reason.value if fact.reason else None,
        "minutes": fact.minutes,
    }
    kept = dialect.insert(facts).values(row).on_conflict_do_nothing().returning(facts.c.id)
    return tx.execute(kept).first() is not None


def of(tx: Tx, visit_ids: list[str]) -> list[Fact]:
    """All facts of these visits, by time."""
    return [_fact(row) for row in tx.execute(_OF, {"visits": visit_ids})] if visit_ids else []


_OF = select(facts).where(facts.c.visit_id.in_(bindparam("visits", expanding=True))).order_by(facts.c.at, facts.c.id)


def _fact(row: Row[Any]) -> Fact:
    return Fact(
        fact_id=row.id,
        visit_id=row.visit_id,
        kind=FactKind(row.kind),
        at=row.at,
        by=row.by,
        reason=FactReason(row.reason) if row.reason else None,
        minutes=row.minutes,
    )
