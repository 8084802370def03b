"""One-time codes as rows: for which number or address, until when, how often tried. The code itself stands nowhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, Table, Text, delete, func, insert, select, update

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import Kept, column

_CODE = Kept("lets somebody see the own appointments once", "an hour", "no one")

codes = Table(
    "notify_code",
    metadata,
    column("id", Text(), primary_key=True, kept=_CODE),
    column("contact_hash", Text(), index=True, kept=_CODE),
    column("expires_at", Utc(), kept=_CODE),
    column("tries", Integer(), kept=_CODE),
    column("proven", Integer(), kept=_CODE),
    CheckConstraint("proven in (0, 1)", name="proven"),
)


@dataclass(frozen=True)
class Code:
    """*id* is the hash of a token that only who asked for it has. *proven*: the right code was typed."""

    id: str
    contact_hash: str
    expires_at: datetime
    proven: bool


def add(tx: Tx, code_id: str, contact_hash: str, *, expires_at: datetime) -> None:
    tx.execute(insert(codes).values(id=code_id, contact_hash=contact_hash, expires_at=expires_at, tries=0, proven=0))


def get(tx: Tx, code_id: str) -> Code | None:
    row = tx.execute(select(codes).where(codes.c.id == code_id)).one_or_none()
    return Code(row.id, row.contact_hash, row.expires_at, bool(row.proven)) if row else None


def try_once(tx: Tx, code_id: str, *, most: int, now: datetime) -> bool:
    """Count one try; False: there are no more, or it is over."""
    mine = (codes.c.id == code_id, codes.c.tries < most, codes.c.expires_at > now)
    return tx.execute(update(codes).where(*mine).values(tries=codes.c.tries + 1)).rowcount == 1


def prove(tx: Tx, code_id: str) -> None:
    tx.execute(update(codes).where(codes.c.id == code_id).values(proven=1))


def asked_since(tx: Tx, contact_hash: str, *, expire_after: datetime) -> int:
    """How many codes for this number or address expire after a moment."""
    wanted = select(func.count()).where(codes.c.contact_hash == contact_hash, codes.c.expires_at > expire_after)
    return int(tx.execute(wanted).scalar_one())


def forget_before(tx: Tx, moment: datetime) -> None:
    tx.execute(delete(codes).where(codes.c.expires_at < moment))
