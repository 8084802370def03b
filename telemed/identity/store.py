"""Sign-in links, bearer tokens, pairing codes, machines."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, Table, Text, and_, bindparam, delete, insert, select, update
from sqlalchemy.engine import Row

from telemed.identity.model import Actor, Machine, Role
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import Kept, column

_ACCESS = Kept("lets the right person or machine in", "until it expires", "no one")
_WHO = Kept("says for whom the access is", "until it expires", "no one")
_SCOPES = Kept("says what a program may do with its token", "until it expires", "no one")
_MACHINE = Kept("knows the machines of a room", "until the machine is removed", "operator")

sign_ins = Table(
    "identity_sign_in",
    metadata,
    column("hash", Text(), primary_key=True, kept=_ACCESS),
    column("role", Text(), kept=_WHO),
    column("subject", Text(), kept=_WHO),
    column("expires_at", Utc(), kept=_ACCESS),
    column("used_at", Utc(), nullable=True, kept=_ACCESS),
)
bearers = Table(
    "identity_bearer",
    metadata,
    column("hash", Text(), primary_key=True, kept=_ACCESS),
    column("role", Text(), kept=_WHO),
    column("subject", Text(), kept=_WHO),
    column("expires_at", Utc(), kept=_ACCESS),
    column("scopes", Text(), nullable=True, kept=_SCOPES),
)
pairings = Table(
    "identity_pairing",
    metadata,
    column("hash", Text(), primary_key=True, kept=_ACCESS),
    column("kind", Text(), kept=_MACHINE),
    column("room_id", Text(), kept=_MACHINE),
    column("expires_at", Utc(), kept=_ACCESS),
    column("used_at", Utc(), nullable=True, kept=_ACCESS),
    CheckConstraint("kind in ('agent', 'kiosk', 'monitor')", name="kind"),
)
machines = Table(
    "identity_machine",
    metadata,
    column("id", Text(), primary_key=True, kept=_MACHINE),
    column("kind", Text(), kept=_MACHINE),
    column("room_id", Text(), index=True, kept=_MACHINE),
    column("public_key", Text(), kept=_MACHINE),
    column("paired_at", Utc(), kept=_MACHINE),
    column("revoked", Integer(), kept=_MACHINE),
    CheckConstraint("kind in ('agent', 'kiosk', 'monitor')", name="kind"),
    CheckConstraint("revoked in (0, 1)", name="revoked"),
)

_ACCESS_TABLES = {"bearer": bearers, "sign-in": sign_ins}


def add_access(tx: Tx, where: str, token_hash: str, actor: Actor, expires_at: datetime) -> None:
    """Keep an access; *where* is ``bearer`` or ``sign-in``."""
    row = {"hash": token_hash, "role": actor.role.value, "subject": actor.subject, "expires_at": expires_at}
    if actor.scopes is not None:
        row["scopes"] = " ".join(actor.scopes)
    tx.execute(insert(_ACCESS_TABLES[where]).values(row))


def access(tx: Tx, where: str, token_hash: str, now: datetime) -> Actor | None:
    """Whom a bearer token stands for, or a link that was not used, if it has not expired."""
    table = _ACCESS_TABLES[where]
    unused = (table.c.used_at.is_(None),) if "used_at" in table.c else ()
    row = tx.execute(select(table).where(table.c.hash == token_hash, table.c.expires_at > now, *unused)).one_or_none()
    if row is None:
        return None
    scopes = row.scopes if "scopes" in table.c else None
    return Actor(Role(row.role), row.subject, scopes=None if scopes is None else tuple(scopes.split()))


def has_bearer(tx: Tx, actor: Actor, now: datetime) -> bool:
    """Whether there is a bearer token of *actor* that has not expired."""
    c = bearers.c
    of_actor = (c.role == actor.role.value, c.subject == actor.subject, c.expires_at > now)
    return tx.execute(select(c.hash).where(*of_actor).limit(1)).one_or_none() is not None


def drop_expired(tx: Tx, now: datetime) -> None:
    """Forget what nobody can use any more."""
    for table in (bearers, sign_ins, pairings):
        tx.execute(delete(table).where(table.c.expires_at < now))


def use_sign_in(tx: Tx, token_hash: str, now: datetime) -> Actor | None:
    """Mark the link as used; whom it lets in, or nobody if it is unknown, used or too old."""
    fresh = and_(sign_ins.c.hash == token_hash, sign_ins.c.used_at.is_(None), sign_ins.c.expires_at > now)
    row = tx.execute(
        update(sign_ins).where(fresh).values(used_at=now).returning(sign_ins.c.role, sign_ins.c.subject)
    ).one_or_none()
    return Actor(Role(row.role), row.subject) if row else None


def drop_accesses(tx: Tx, actor: Actor) -> None:
    """Links and bearer tokens of a person open nothing any more."""
    for table in (sign_ins, bearers):
        tx.execute(delete(table).where(table.c.role == actor.role.value, table.c.subject == actor.subject))


def add_pairing(tx: Tx, code_hash: str, *, kind: str, room_id: str, expires_at: datetime) -> None:
    tx.execute(insert(pairings).values(hash=code_hash, kind=kind, room_id=room_id, expires_at=expires_at))


def use_pairing(tx: Tx, code_hash: str, kind: str, now: datetime) -> str | None:
    """Mark the code as used; the room it is for, or nothing."""
    fresh = and_(
        pairings.c.hash == code_hash,
        pairings.c.kind == kind,
        pairings.c.used_at.is_(None),
        pairings.c.expires_at > now,
    )
    return tx.execute(
        update(pairings).where(fresh).values(used_at=now).returning(pairings.c.room_id)
    ).scalar_one_or_none()


def add_machine(tx: Tx, machine: Machine, now: datetime) -> None:
    tx.execute(
        insert(machines).values(
            id=machine.id,
            kind=machine.kind,
            room_id=machine.room_id,
            public_key=machine.public_key,
            paired_at=now,
            revoked=0,
        )
    )


def revoke(tx: Tx, machine_id: str) -> str | None:
    """The room of the machine, or nothing if there is no such machine."""
    return tx.execute(
        update(machines).where(machines.c.id == machine_id).values(revoked=1).returning(machines.c.room_id)
    ).scalar_one_or_none()


def machine(tx: Tx, machine_id: str) -> Machine | None:
    row = tx.execute(select(machines).where(machines.c.id == machine_id)).one_or_none()
    return _machine(row) if row else None


def machines_of(tx: Tx, room_id: str | None = None) -> list[Machine]:
    """All machines of a room, or of all rooms, oldest first."""
    rows = tx.execute(_ALL) if room_id is None else tx.execute(_IN_ROOM, {"room": room_id})
    return [_machine(row) for row in rows]


_ALL = select(machines).order_by(machines.c.paired_at, machines.c.id)
_IN_ROOM = _ALL.where(machines.c.room_id == bindparam("room"))
"""Every page that says how a day stands asks for it: it is built once."""


def _machine(row: Row[tuple[object, ...]]) -> Machine:
    return Machine(row.id, row.kind, row.room_id, row.public_key, bool(row.revoked))
