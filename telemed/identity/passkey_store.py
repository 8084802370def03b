"""Staff, their passkeys, the questions that were answered, and who has lost all passkeys."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from telemed.identity.model import Actor, Role
from telemed.identity.staff_model import Member, Passkey, Recovery
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column

_STAFF = Kept("says who of the staff may sign in", "until removed from the staff", "operator")
_PASSKEY = Kept("lets staff sign in by a passkey", "until withdrawn", "oneself, and the operator how many there are")
_RECOVERY = Kept("lets staff in again who lost all passkeys, by two operators", "24 hours", "operator")
_CODE = Kept("lets staff in again who lost all passkeys, by two operators", "24 hours", "no one")

members = Table(
    "identity_member",
    metadata,
    column("role", Text(), kept=_STAFF),
    column("subject", Text(), kept=_STAFF),
    column("name", Text(), kept=_STAFF),
    column("handle", Text(), unique=True, kept=_PASSKEY),
    column("added_at", Utc(), kept=_STAFF),
    column("revoked", Integer(), kept=_STAFF),
    PrimaryKeyConstraint("role", "subject"),
    CheckConstraint("role in ('doctor', 'assistant', 'operator')", name="role"),
    CheckConstraint("revoked in (0, 1)", name="revoked"),
)
passkeys = Table(
    "identity_passkey",
    metadata,
    column("id", Text(), primary_key=True, kept=_PASSKEY),
    column("role", Text(), kept=_PASSKEY),
    column("subject", Text(), index=True, kept=_PASSKEY),
    column("public_key", Text(), kept=_PASSKEY),
    column("sign_count", Integer(), kept=_PASSKEY),
    column("name", Text(), kept=_PASSKEY),
    column("created_at", Utc(), kept=_PASSKEY),
    column("used_at", Utc(), nullable=True, kept=_PASSKEY),
)
answered = Table(
    "identity_answered",
    metadata,
    column("question", Text(), primary_key=True, kept=TECHNICAL),
    column("expires_at", Utc(), kept=TECHNICAL),
)
recoveries = Table(
    "identity_recovery",
    metadata,
    column("id", Text(), primary_key=True, kept=_RECOVERY),
    column("role", Text(), kept=_RECOVERY),
    column("subject", Text(), kept=_RECOVERY),
    column("first", Text(), kept=_RECOVERY),
    column("second", Text(), kept=_RECOVERY),
    column("code", Text(), kept=_CODE),
    column("started_at", Utc(), kept=_RECOVERY),
    column("expires_at", Utc(), kept=_RECOVERY),
)


def _is(table: Table, actor: Actor) -> ColumnElement[bool]:
    return and_(table.c.role == actor.role.value, table.c.subject == actor.subject)


def member(tx: Tx, actor: Actor) -> Member | None:
    row = tx.execute(select(members).where(_is(members, actor))).one_or_none()
    return _member(row) if row else None


def members_of_all(tx: Tx) -> list[Member]:
    """By role and name."""
    wanted = select(members).order_by(members.c.role, members.c.name, members.c.subject)
    return [_member(row) for row in tx.execute(wanted)]


def add_member(tx: Tx, new: Member) -> None:
    tx.execute(
        insert(members).values(
            role=new.actor.role.value,
            subject=new.actor.subject,
            name=new.name,
            handle=new.handle,
            added_at=new.added_at,
            revoked=0,
        )
    )


def change_member(tx: Tx, changed: Member) -> None:
    tx.execute(
        update(members).where(_is(members, changed.actor)).values(name=changed.name, revoked=int(changed.revoked))
    )


def add_passkey(tx: Tx, new: Passkey) -> None:
    tx.execute(
        insert(passkeys).values(
            id=new.id,
            role=new.actor.role.value,
            subject=new.actor.subject,
            public_key=new.public_key,
            sign_count=new.sign_count,
            name=new.name,
            created_at=new.created_at,
        )
    )


def passkey(tx: Tx, passkey_id: str) -> Passkey | None:
    row = tx.execute(select(passkeys).where(passkeys.c.id == passkey_id)).one_or_none()
    return _passkey(row) if row else None


def passkeys_of(tx: Tx, actor: Actor) -> list[Passkey]:
    """The oldest first."""
    wanted = select(passkeys).where(_is(passkeys, actor)).order_by(passkeys.c.created_at, passkeys.c.id)
    return [_passkey(row) for row in tx.execute(wanted)]


def passkeys_of_all(tx: Tx) -> list[Passkey]:
    return [_passkey(row) for row in tx.execute(select(passkeys).order_by(passkeys.c.created_at))]


def count(tx: Tx, actor: Actor) -> int:
    return int(tx.execute(select(func.count()).select_from(passkeys).where(_is(passkeys, actor))).scalar_one())


def used(tx: Tx, passkey_id: str, *, sign_count: int, now: datetime) -> None:
    tx.execute(update(passkeys).where(passkeys.c.id == passkey_id).values(sign_count=sign_count, used_at=now))


def drop_passkey(tx: Tx, actor: Actor, passkey_id: str) -> bool:
    """Whether the person had it."""
    return bool(tx.execute(delete(passkeys).where(_is(passkeys, actor), passkeys.c.id == passkey_id)).rowcount)


def drop_passkeys(tx: Tx, actor: Actor) -> None:
    tx.execute(delete(passkeys).where(_is(passkeys, actor)))


def answer(tx: Tx, question: str, expires_at: datetime) -> bool:
    """Note that *question* was answered; False if it was before."""
    into = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    made = into(answered).values(question=question, expires_at=expires_at).on_conflict_do_nothing()
    return bool(tx.execute(made).rowcount)


def add_recovery(tx: Tx, new: Recovery) -> None:
    tx.execute(
        insert(recoveries).values(
            id=new.id,
            role=new.actor.role.value,
            subject=new.actor.subject,
            first=new.first,
            second="",
            code="",
            started_at=new.started_at,
            expires_at=new.expires_at,
        )
    )


def recovery(tx: Tx, recovery_id: str) -> tuple[Recovery, str] | None:
    """One of them, and the hash of its code; empty while there is none."""
    row = tx.execute(select(recoveries).where(recoveries.c.id == recovery_id)).one_or_none()
    return (_recovery(row), row.code) if row else None


def recoveries_of_all(tx: Tx) -> list[Recovery]:
    return [_recovery(row) for row in tx.execute(select(recoveries).order_by(recoveries.c.started_at))]


def confirm(tx: Tx, recovery_id: str, *, second: str, code: str, expires_at: datetime) -> bool:
    """Give it its code; False if somebody was quicker."""
    waiting = and_(recoveries.c.id == recovery_id, recoveries.c.second == "")
    done = tx.execute(update(recoveries).where(waiting).values(second=second, code=code, expires_at=expires_at))
    return bool(done.rowcount)


def drop_recovery(tx: Tx, recovery_id: str) -> bool:
    """Whether it was there."""
    return bool(tx.execute(delete(recoveries).where(recoveries.c.id == recovery_id)).rowcount)


def drop_recoveries(tx: Tx, actor: Actor) -> None:
    """Those of a person, and those that were begun or confirmed by this operator."""
    by = or_(recoveries.c.first == actor.subject, recoveries.c.second == actor.subject)
    own = _is(recoveries, actor)
    tx.execute(delete(recoveries).where(or_(own, by) if actor.role is Role.OPERATOR else own))


def drop_expired(tx: Tx, now: datetime) -> None:
    for table in (answered, recoveries):
        tx.execute(delete(table).where(table.c.expires_at < now))


def _member(row: Row[tuple[object, ...]]) -> Member:
    return Member(Actor(Role(row.role), row.subject), row.name, row.handle, row.added_at, bool(row.revoked))


def _passkey(row: Row[tuple[object, ...]]) -> Passkey:
    who = Actor(Role(row.role), row.subject)
    return Passkey(row.id, who, row.public_key, row.sign_count, row.name, row.created_at, row.used_at)


def _recovery(row: Row[tuple[object, ...]]) -> Recovery:
    who = Actor(Role(row.role), row.subject)
    return Recovery(row.id, who, row.first, row.second, row.started_at, row.expires_at)
