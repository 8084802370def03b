"""What is granted beyond the table: appointments for which the glass was broken, and for whom a program works."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Index, Table, Text, delete, insert, select

from telemed.identity.allowed import Glass, GlassReason
from telemed.identity.model import Role
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_GLASS = Kept("shows who looked outside the usual time, and why", "1 year", "operator, without the person")
_WORKS_FOR = Kept("limits a program to the appointments of its practice", "until it is changed", "operator")

glasses = Table(
    "identity_glass",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("role", Text(), kept=_GLASS),
    column("subject", Text(), kept=_GLASS),
    column("appointment_id", Text(), kept=TECHNICAL),
    column("person_id", Text(), kept=TECHNICAL),
    column("reason", Text(), kept=_GLASS),
    column("opened_at", Utc(), index=True, kept=_GLASS),
    column("until", Utc(), kept=_GLASS),
    Index("ix_identity_glass_who", "subject", "until"),
)
compartments = Table(
    "identity_compartment",
    metadata,
    column("client", Text(), primary_key=True, kept=_WORKS_FOR),
    column("doctor_id", Text(), primary_key=True, kept=_WORKS_FOR),
)


def add_glass(tx: Tx, one: Glass) -> None:
    tx.execute(
        insert(glasses).values(
            id=one.id,
            role=one.role.value,
            subject=one.subject,
            appointment_id=one.appointment_id,
            person_id=one.person_id,
            reason=one.reason.value,
            opened_at=one.opened_at,
            until=one.until,
        )
    )


def opened(tx: Tx, role: Role, subject: str, now: datetime) -> frozenset[str]:
    """The appointments that are open to somebody now."""
    own = select(glasses.c.appointment_id).where(
        glasses.c.role == role.value, glasses.c.subject == subject, glasses.c.until > now
    )
    return frozenset(tx.execute(own).scalars())


def broken_since(tx: Tx, since: datetime) -> list[Glass]:
    """The newest first."""
    found = select(glasses).where(glasses.c.opened_at >= since)
    return [
        Glass(
            row.id,
            Role(row.role),
            row.subject,
            row.appointment_id,
            row.person_id,
            GlassReason(row.reason),
            row.opened_at,
            row.until,
        )
        for row in tx.execute(found.order_by(glasses.c.opened_at.desc(), glasses.c.id))
    ]


def drop_before(tx: Tx, moment: datetime) -> None:
    tx.execute(delete(glasses).where(glasses.c.opened_at < moment))


def set_compartment(tx: Tx, client: str, doctor_ids: Iterable[str]) -> None:
    tx.execute(delete(compartments).where(compartments.c.client == client))
    rows = [{"client": client, "doctor_id": one} for one in sorted(set(doctor_ids))]
    if rows:
        tx.execute(insert(compartments), rows)


def compartment(tx: Tx, client: str) -> tuple[str, ...]:
    own = select(compartments.c.doctor_id).where(compartments.c.client == client)
    return tuple(sorted(tx.execute(own).scalars()))
