"""Invitations into visits: hashes of their links, and what each is for."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, Table, Text, and_, delete, insert, select, update
from sqlalchemy.engine import Row

from telemed.identity.model import Invitation
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import Kept, column

_ACCESS = Kept("lets an invited person into one visit", "until it expires", "no one")
_WHAT = Kept("says into which visit and as what", "until it expires", "doctor and assistant of the visit")

invitations = Table(
    "identity_invitation",
    metadata,
    column("id", Text(), primary_key=True, kept=_WHAT),
    column("hash", Text(), unique=True, kept=_ACCESS),
    column("visit_id", Text(), index=True, kept=_WHAT),
    column("role", Text(), kept=_WHAT),
    column("expires_at", Utc(), kept=_ACCESS),
    column("used_at", Utc(), nullable=True, kept=_WHAT),
    column("revoked", Integer(), kept=_WHAT),
    CheckConstraint("role in ('relative', 'interpreter', 'colleague', 'organiser')", name="role"),
    CheckConstraint("revoked in (0, 1)", name="revoked"),
)


def add(tx: Tx, invitation: Invitation, token_hash: str) -> None:
    tx.execute(
        insert(invitations).values(
            id=invitation.id,
            hash=token_hash,
            visit_id=invitation.visit_id,
            role=invitation.role,
            expires_at=invitation.expires_at,
            revoked=0,
        )
    )


def of_link(tx: Tx, token_hash: str) -> Invitation | None:
    row = tx.execute(select(invitations).where(invitations.c.hash == token_hash)).one_or_none()
    return _invitation(row) if row else None


def get(tx: Tx, invitation_id: str) -> Invitation | None:
    row = tx.execute(select(invitations).where(invitations.c.id == invitation_id)).one_or_none()
    return _invitation(row) if row else None


def of_visit(tx: Tx, visit_id: str) -> list[Invitation]:
    """All of a visit's, oldest first."""
    wanted = select(invitations).where(invitations.c.visit_id == visit_id).order_by(invitations.c.id)
    return [_invitation(row) for row in tx.execute(wanted)]


def use(tx: Tx, token_hash: str, now: datetime) -> Invitation | None:
    """Mark the link as used; what it is for, or nothing if it is unknown, used, taken back or too old."""
    fresh = and_(
        invitations.c.hash == token_hash,
        invitations.c.used_at.is_(None),
        invitations.c.revoked == 0,
        invitations.c.expires_at > now,
    )
    row = tx.execute(update(invitations).where(fresh).values(used_at=now).returning(invitations)).one_or_none()
    return _invitation(row) if row else None


def revoke(tx: Tx, invitation_id: str) -> None:
    tx.execute(update(invitations).where(invitations.c.id == invitation_id).values(revoked=1))


def drop_expired(tx: Tx, now: datetime) -> None:
    tx.execute(delete(invitations).where(invitations.c.expires_at < now))


def _invitation(row: Row[tuple[object, ...]]) -> Invitation:
    return Invitation(row.id, row.visit_id, row.role, row.expires_at, row.used_at is not None, bool(row.revoked))
