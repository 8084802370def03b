"""Mandates of relatives: who they are is sealed under the resident's key; of their links only hashes are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, Table, Text, bindparam, delete, insert, select, update
from sqlalchemy.engine import Row

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.people.mandate import Scope

_WHO = Kept("who may act for the person", "90 days after its end", "the person, assistant of the visit", personal=True)
_WHAT = Kept("what a relative may do for the person, and until when", "90 days after its end", "the person, assistant")
_ACCESS = Kept("lets the relative in", "until it ends", "no one")

mandates = Table(
    "people_mandate",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("person_id", Text(), ForeignKey("people_person.id", ondelete="CASCADE"), index=True, kept=TECHNICAL),
    column("relative", LargeBinary(), kept=_WHO),
    column("link_hash", Text(), unique=True, nullable=True, kept=_ACCESS),
    column("scopes", Text(), kept=_WHAT),
    column("given_at", Utc(), kept=_WHAT),
    column("expires_at", Utc(), kept=_WHAT),
    column("witness", Text(), kept=_WHAT),
    column("opened_at", Utc(), nullable=True, kept=_WHAT),
    column("ended_at", Utc(), nullable=True, kept=_WHAT),
)


@dataclass(frozen=True)
class Sealed:
    """A mandate as it is kept; *relative* is sealed."""

    id: str
    person_id: str
    relative: bytes
    scopes: frozenset[Scope]
    given_at: datetime
    expires_at: datetime
    witness: str
    opened_at: datetime | None = None
    ended_at: datetime | None = None


def add(tx: Tx, one: Sealed, link_hash: str) -> None:
    tx.execute(
        insert(mandates).values(
            id=one.id,
            person_id=one.person_id,
            relative=one.relative,
            link_hash=link_hash,
            scopes=" ".join(sorted(one.scopes)),
            given_at=one.given_at,
            expires_at=one.expires_at,
            witness=one.witness,
        )
    )


def get(tx: Tx, mandate_id: str) -> Sealed | None:
    row = tx.execute(_ONE, {"id": mandate_id}).one_or_none()
    return _sealed(row) if row else None


_ONE = select(mandates).where(mandates.c.id == bindparam("id"))


def by_link(tx: Tx, link_hash: str) -> Sealed | None:
    row = tx.execute(select(mandates).where(mandates.c.link_hash == link_hash)).one_or_none()
    return _sealed(row) if row else None


def of(tx: Tx, person_id: str) -> list[Sealed]:
    """All of a person, oldest first."""
    return [_sealed(row) for row in tx.execute(_OF, {"person": person_id})]


_OF = select(mandates).where(mandates.c.person_id == bindparam("person")).order_by(mandates.c.given_at, mandates.c.id)


def several(tx: Tx, ids: Iterable[str]) -> list[Sealed]:
    return [_sealed(row) for row in tx.execute(select(mandates).where(mandates.c.id.in_(sorted(ids))))]


def opened(tx: Tx, mandate_id: str, now: datetime) -> None:
    first = mandates.c.id == mandate_id, mandates.c.opened_at.is_(None)
    tx.execute(update(mandates).where(*first).values(opened_at=now))


def end(tx: Tx, person_id: str, now: datetime, *, only: str | None = None) -> int:
    """End those of a person that go on, or *only* one; how many that were. Their links open nothing any more."""
    wanted = update(mandates).where(mandates.c.person_id == person_id, mandates.c.ended_at.is_(None))
    if only is not None:
        wanted = wanted.where(mandates.c.id == only)
    return tx.execute(wanted.values(ended_at=now, link_hash=None)).rowcount


def drop_before(tx: Tx, moment: datetime) -> None:
    """Forget those that ended before *moment*, or ran out then."""
    tx.execute(delete(mandates).where((mandates.c.ended_at < moment) | (mandates.c.expires_at < moment)))


def _sealed(row: Row[Any]) -> Sealed:
    scopes = frozenset(Scope(each) for each in row.scopes.split())
    times = row.given_at, row.expires_at, row.witness, row.opened_at, row.ended_at
    return Sealed(row.id, row.person_id, row.relative, scopes, *times)
