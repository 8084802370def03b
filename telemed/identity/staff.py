"""Who of the staff may sign in: taking in, shutting out, and letting in again who has lost all passkeys.

The functions take the open transaction and never commit.
"""

import secrets
import threading
from dataclasses import replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from telemed.identity import passkey_store, roster, session_store, store
from telemed.identity.model import PAIRING_ALPHABET, Actor, Role
from telemed.identity.staff_model import (
    RECOVERY_CODE,
    RECOVERY_STARTED,
    STAFF,
    CodeWrong,
    Member,
    OwnRecovery,
    Passkey,
    Recovery,
    StaffRevoked,
    TooManyTries,
)
from telemed.kit.db import Tx
from telemed.kit.ids import new_token
from telemed.kit.logs import logger
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.tries import Tries

log = logger("staff")
CODE_SYMBOLS = 24
"""120 bit."""
NUMBER_SYMBOLS = 6
"""What a code begins with: which recovery it is for. It is no secret."""

_NOBODY = "$argon2id$v=19$m=65536,t=3,p=2$WAxoOU7mWfNynGDsoWS26w$+ecNdElY3A7nCInQlHiBZXXvATDtHgVkPkq5raqjxCQ"
"""The hash of what is no code: whoever sends an unknown number waits as long."""

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=2)
_hashing = threading.BoundedSemaphore(2)
"""Each takes 64 MiB: so whoever sends many codes cannot fill the memory."""


class RecoveryTries(Tries):
    """Wrong codes from paper per place: five in ten minutes."""

    def __init__(self) -> None:
        super().__init__(5, timedelta(minutes=10), too_many=TooManyTries)


def take_in(tx: Tx, actor: Actor, name: str = "", *, now: datetime) -> None:
    """Somebody may sign in from now on, also if she was shut out. *name*: her id if it is not given.

    Raises:
        NotAllowed: nobody of this role is staff.
    """
    if actor.role not in STAFF:
        raise NotAllowed
    known = passkey_store.member(tx, actor)
    if known is None:
        passkey_store.add_member(tx, Member(actor, name or actor.subject, new_token(), now))
    else:
        passkey_store.change_member(tx, replace(known, name=name or known.name, revoked=False))


def member(tx: Tx, actor: Actor) -> Member:
    """
    Raises:
        NotFound: she is no member of the staff, or was shut out.
    """
    found = passkey_store.member(tx, actor)
    if found is None or found.revoked:
        raise NotFound
    return found


def members(tx: Tx) -> list[Member]:
    """All of them, also those who were shut out."""
    return passkey_store.members_of_all(tx)


def passkeys(tx: Tx) -> list[Passkey]:
    """Those of all, the oldest first."""
    return passkey_store.passkeys_of_all(tx)


def shut_out(tx: Tx, actor: Actor, *, by: Actor, now: datetime) -> None:
    """Somebody is out at once: sessions, links, passkeys, and the keys of her browsers.

    Raises:
        NotAllowed: nobody shuts herself out.
        NotFound: she is no member of the staff.
    """
    if actor == by:
        raise NotAllowed
    passkey_store.change_member(tx, replace(member(tx, actor), revoked=True))
    _drop_accesses(tx, actor)
    for key in roster.browser_keys(tx):
        if actor.role is Role.DOCTOR and key.doctor_id == actor.subject and not key.revoked:
            roster.revoke_key(tx, key.public_key, now=now)
    log.info("staff_shut_out", role=actor.role.value, subject=actor.subject)
    emit(tx, StaffRevoked(actor.role.value, actor.subject), now=now)


def _drop_accesses(tx: Tx, actor: Actor) -> None:
    session_store.drop_all(tx, actor)
    store.drop_accesses(tx, actor)
    passkey_store.drop_passkeys(tx, actor)
    passkey_store.drop_recoveries(tx, actor)


def begin_recovery(tx: Tx, actor: Actor, *, by: Actor, now: datetime) -> str:
    """The first operator says that somebody has lost all passkeys; the recovery's number.

    Raises:
        NotFound: she is no member of the staff.
        OwnRecovery: it is the operator herself.
    """
    member(tx, actor)
    if actor == by:
        raise OwnRecovery
    number = _symbols(NUMBER_SYMBOLS)
    passkey_store.add_recovery(tx, Recovery(number, actor, by.subject, "", now, now + RECOVERY_STARTED))
    log.info("recovery_begun", role=actor.role.value, subject=actor.subject, by=by.subject)
    return number


def recoveries(tx: Tx, *, now: datetime) -> list[Recovery]:
    """Those that have not run out, the oldest first."""
    return [each for each in passkey_store.recoveries_of_all(tx) if each.expires_at > now]


def new_code() -> tuple[str, str]:
    """A code for paper and what is kept of it (argon2id). It takes a sixth of a second: before the transaction."""
    code = _symbols(CODE_SYMBOLS)
    with _hashing:
        return code, _hasher.hash(code)


def confirm_recovery(tx: Tx, number: str, kept: str, *, by: Actor, now: datetime) -> Recovery:
    """The second operator agrees; *kept* is the hash of the code that goes onto the paper.

    Raises:
        NotFound: there is no such recovery that waits.
        OwnRecovery: it is the operator who began it, or the person herself.
    """
    found, _ = passkey_store.recovery(tx, number) or (None, "")
    if found is None or found.expires_at <= now:
        raise NotFound
    if by.subject == found.first or by == found.actor:
        raise OwnRecovery
    confirmed = replace(found, second=by.subject, expires_at=now + RECOVERY_CODE)
    if not passkey_store.confirm(tx, number, second=by.subject, code=kept, expires_at=confirmed.expires_at):
        raise NotFound
    log.info("recovery_confirmed", role=found.actor.role.value, subject=found.actor.subject, by=by.subject)
    return confirmed


def stop_recovery(tx: Tx, number: str) -> None:
    """
    Raises:
        NotFound: there is none.
    """
    if not passkey_store.drop_recovery(tx, number):
        raise NotFound


def kept_of_code(tx: Tx, written: str, *, now: datetime) -> str:
    """The hash against which a code from paper is held, empty if there is none; see `is_code`."""
    found, kept = passkey_store.recovery(tx, _read(written)[:NUMBER_SYMBOLS]) or (None, "")
    return kept if found is not None and found.expires_at > now else ""


def is_code(written: str, kept: str) -> bool:
    """Whether a code is the one of which *kept* is the hash. One without a hash is held against another: as slow."""
    with _hashing:
        try:
            return _hasher.verify(kept or _NOBODY, _read(written)[NUMBER_SYMBOLS:]) and bool(kept)
        except VerifyMismatchError:
            return False


def recover(tx: Tx, written: str) -> Actor:
    """Whose code it was; it works once, and all that she could sign in with before is gone.

    Raises:
        CodeWrong: somebody was quicker.
    """
    number = _read(written)[:NUMBER_SYMBOLS]
    found, _ = passkey_store.recovery(tx, number) or (None, "")
    if found is None or not passkey_store.drop_recovery(tx, number):
        raise CodeWrong
    _drop_accesses(tx, found.actor)
    log.info("recovered", role=found.actor.role.value, subject=found.actor.subject)
    return found.actor


def on_paper(number: str, code: str) -> str:
    """A code as it is written on paper: number and code, in groups that are easily read."""
    groups = [code[start : start + 4] for start in range(0, len(code), 4)]
    return "-".join((number, *groups))


def _read(written: str) -> str:
    """As people write it: in any case, with spaces and dashes, O for 0, I and L for 1."""
    plain = "".join(symbol for symbol in written.upper() if symbol.isalnum())
    return plain.replace("O", "0").replace("I", "1").replace("L", "1")


def _symbols(count: int) -> str:
    return "".join(secrets.choice(PAIRING_ALPHABET) for _ in range(count))
