"""The ends that were refused, for the audit. Of what is carried nothing is ever stored."""

from datetime import datetime

from sqlalchemy import Index, Table, Text, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from schemas.signalling import Role
from schemas.trust import RefusedWhy
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.signalling.model import RefusedEnd, SeenBy

_AUDIT = Kept("shows that somebody tried to stand between the ends of a call", "1 year", "operator")

refused = Table(
    "signalling_refused",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("visit_id", Text(), kept=_AUDIT),
    column("at", Utc(), kept=_AUDIT),
    column("seen_by", Text(), kept=_AUDIT),
    column("role", Text(), kept=_AUDIT),
    column("reason", Text(), kept=_AUDIT),
    Index("ix_signalling_refused_visit_id", "visit_id"),
)


def add(tx: Tx, end: RefusedEnd) -> bool:
    """Keep it; whether it was new."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = {
        "id": end.id,
        "visit_id": end.visit_id,
        "at": end.at,
        "seen_by": end.seen_by.value,
        "role": end.role.value,
        "reason": end.reason.value,
    }
    kept = dialect.insert(refused).values(row).on_conflict_do_nothing().returning(refused.c.id)
    return tx.execute(kept).first() is not None


def count(tx: Tx, visit_id: str) -> int:
    wanted = select(func.count()).select_from(refused).where(refused.c.visit_id == visit_id)
    return tx.execute(wanted).scalar_one()


def of_all(tx: Tx) -> list[RefusedEnd]:
    return [
        RefusedEnd(row.id, row.visit_id, row.at, SeenBy(row.seen_by), Role(row.role), RefusedWhy(row.reason))
        for row in tx.execute(select(refused).order_by(refused.c.at, refused.c.id))
    ]


def drop_before(tx: Tx, moment: datetime) -> None:
    tx.execute(delete(refused).where(refused.c.at < moment))
