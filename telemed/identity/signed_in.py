"""Where people are signed in: sessions that the centre keeps. The functions take the open transaction, never commit.

A session's token has two parts with a dot between them. The first one stays as long as the session; of it forms of its
pages carry a hash. The second is another one after each new proof of who it is.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from telemed.identity import passkey_store, session_store
from telemed.identity.model import RESIDENT_SESSION, STAFF_SESSION, Actor, Role
from telemed.identity.staff_model import STAFF, Session, Way
from telemed.kit.db import Tx
from telemed.kit.glance import Glance
from telemed.kit.ids import digest, new_id, new_link_token, new_token
from telemed.kit.refusal import NotFound


def open_session(
    tx: Tx,
    actor: Actor,
    *,
    now: datetime,
    real: datetime | None = None,
    way: Way | None = None,
    fresh: bool = True,
    lasts: timedelta | None = None,
    browser: str = "",
) -> str:
    """A new session's token. *real*: the time without an exercise; *now* if it is not given. *fresh*: whether it was
    just now that she has shown who she is."""
    token, seen = f"{new_link_token()}.{new_token()}", real or now
    by = way or (Way.PASSKEY if actor.role in STAFF else Way.LINK)
    until = now + (lasts or (RESIDENT_SESSION if actor.role is Role.RESIDENT else STAFF_SESSION))
    shown_at = seen if fresh and by is not Way.LINK else None
    session = Session(new_id(), actor, by, now, seen, shown_at, until, browser)
    session_store.add(tx, session, digest(token))
    return token


def session_of(tx: Tx, token: str, *, now: datetime, real: datetime) -> Session | None:
    """The open session of a token."""
    found = session_store.of_token(tx, digest(token))
    return _counted(tx, found) if found and found.is_open(now=now, real=real) else None


async def at_a_glance(glance: Glance, token: str) -> Session | None:
    """The session of a token, whether still open or not, for async code on SQLite; of staff without *passkeys*."""
    return await session_store.at_a_glance(glance, digest(token))


def watched(tx: Tx, token: str, *, now: datetime) -> Session | None:
    """The session of a token as long as it lasts, also of somebody who is idle: her page may go on calling her, and
    show nothing else."""
    found = session_store.of_token(tx, digest(token))
    return found if found and found.expires_at > now else None


def note(tx: Tx, session: Session, *, real: datetime) -> None:
    """Somebody did something there."""
    session_store.note(tx, session.id, seen_at=real)


def attend(tx: Tx, token: str) -> Session | None:
    """The session of somebody in a call: nobody falls out of one because a limit was reached, but by signing out."""
    return session_store.of_token(tx, digest(token))


def prove_anew(tx: Tx, session: Session, token: str, *, real: datetime) -> str:
    """Who it is was proven again: another token, and the former one opens nothing any more."""
    changed = f"{token.partition('.')[0]}.{new_token()}"
    session_store.change(tx, session.id, digest(changed), fresh_at=real)
    return changed


def sessions_of(tx: Tx, actor: Actor, *, now: datetime, real: datetime) -> list[Session]:
    """The open ones of a person, the newest first."""
    return [each for each in session_store.of_person(tx, actor) if each.is_open(now=now, real=real)]


def sign_out(tx: Tx, token: str) -> None:
    session_store.drop(tx, digest(token))


def sign_out_one(tx: Tx, actor: Actor, session_id: str) -> None:
    """
    Raises:
        NotFound: the person has no such session.
    """
    if not session_store.drop_one(tx, actor, session_id):
        raise NotFound


def sign_out_everywhere(tx: Tx, actor: Actor, *, but: str = "") -> None:
    """End all sessions of a person, except the one with the id *but*."""
    session_store.drop_all(tx, actor, but=but)


def form_token(token: str) -> str:
    """What forms of a session's pages carry; it opens nothing, and the session cannot be told from it."""
    return digest(f"form {token.partition('.')[0]}")[:32]


def _counted(tx: Tx, session: Session) -> Session:
    if not session.is_staff:
        return session
    return replace(session, passkeys=passkey_store.count(tx, session.actor))
