"""Where people are signed in."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Row

from telemed.identity.model import Actor, Role
from telemed.identity.staff_model import Session, Way
from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.glance import Glance
from telemed.kit.register import Kept, column

_ACCESS = Kept("lets the right person in", "until it expires", "no one")
_WHO = Kept("says for whom the access is", "until it expires", "no one")
_SESSION = Kept(
    "ends a session that nobody uses, and shows staff where they are signed in", "until it expires", "oneself"
)

sessions = Table(
    "identity_session",
    metadata,
    column("hash", Text(), primary_key=True, kept=_ACCESS),
    column("id", Text(), unique=True, kept=_SESSION),
    column("role", Text(), kept=_WHO),
    column("subject", Text(), kept=_WHO),
    column("way", Text(), kept=_SESSION),
    column("browser", Text(), kept=_SESSION),
    column("opened_at", Utc(), kept=_SESSION),
    column("seen_at", Utc(), kept=_SESSION),
    column("fresh_at", Utc(), nullable=True, kept=_SESSION),
    column("expires_at", Utc(), kept=_ACCESS),
    Index("ix_identity_session_who", "role", "subject"),
    CheckConstraint("way in ('link', 'passkey', 'oidc')", name="way"),
)


def add(tx: Tx, session: Session, token_hash: str) -> None:
    tx.execute(
        insert(sessions).values(
            hash=token_hash,
            id=session.id,
            role=session.actor.role.value,
            subject=session.actor.subject,
            way=session.way.value,
            browser=session.browser,
            opened_at=session.opened_at,
            seen_at=session.seen_at,
            fresh_at=session.fresh_at,
            expires_at=session.expires_at,
        )
    )


def of_token(tx: Tx, token_hash: str) -> Session | None:
    """The session of a token, whether it is still open or not."""
    row = tx.execute(_OF_TOKEN, {"hash": token_hash}).one_or_none()
    return _session(row) if row else None


_OF_TOKEN = select(sessions).where(sessions.c.hash == bindparam("hash"))
_AT_A_GLANCE = select(
    *(sessions.c[name] for name in ("id", "role", "subject", "way", "browser")),
    *(sessions.c[name] for name in ("opened_at", "seen_at", "fresh_at", "expires_at")),
).where(sessions.c.hash == bindparam("hash"))


async def at_a_glance(glance: Glance, token_hash: str) -> Session | None:
    """As `of_token`, for async code on SQLite, which keeps moments as text."""
    row = await glance.one(_AT_A_GLANCE, hash=token_hash)
    if row is None:
        return None
    own, role, subject, way, browser, *texts = row
    opened, seen, fresh, expires = (datetime.fromisoformat(text) if text else None for text in texts)
    assert opened
    assert seen
    assert expires
    return Session(own, Actor(Role(role), subject), Way(way), opened, seen, fresh, expires, browser)


def of_person(tx: Tx, actor: Actor) -> list[Session]:
    """Of one person, the newest first, whether still open or not."""
    wanted = select(sessions).where(_of(actor)).order_by(sessions.c.opened_at.desc(), sessions.c.id.desc())
    return [_session(row) for row in tx.execute(wanted)]


def note(tx: Tx, session_id: str, *, seen_at: datetime) -> None:
    tx.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=seen_at))


def change(tx: Tx, session_id: str, token_hash: str, *, fresh_at: datetime) -> None:
    """Another token from now on; the former one opens nothing any more."""
    changed = {"hash": token_hash, "fresh_at": fresh_at, "seen_at": fresh_at}
    tx.execute(update(sessions).where(sessions.c.id == session_id).values(**changed))


def drop(tx: Tx, token_hash: str) -> None:
    tx.execute(delete(sessions).where(sessions.c.hash == token_hash))


def drop_one(tx: Tx, actor: Actor, session_id: str) -> bool:
    """Whether the person had such a session."""
    return bool(tx.execute(delete(sessions).where(_of(actor), sessions.c.id == session_id)).rowcount)


def drop_all(tx: Tx, actor: Actor, *, but: str = "") -> None:
    """All of a person, except the one with the id *but*."""
    tx.execute(delete(sessions).where(_of(actor), sessions.c.id != but))


def drop_expired(tx: Tx, now: datetime) -> None:
    tx.execute(delete(sessions).where(sessions.c.expires_at < now))


def _of(actor: Actor) -> ColumnElement[bool]:
    return and_(sessions.c.role == actor.role.value, sessions.c.subject == actor.subject)


def _session(row: Row[tuple[object, ...]]) -> Session:
    return Session(
        id=row.id,
        actor=Actor(Role(row.role), row.subject),
        way=Way(row.way),
        opened_at=row.opened_at,
        seen_at=row.seen_at,
        fresh_at=row.fresh_at,
        expires_at=row.expires_at,
        browser=row.browser,
    )
