"""Letting people, programs and machines in. The functions take the open transaction and never commit."""

import secrets
from dataclasses import replace
from datetime import date, datetime, timedelta

from schemas.visit import Challenge, Paired, PairRequest, Proof
from telemed.identity import granted, passkey_store, session_store, signed_in, staff, store
from telemed.identity.model import (
    PAIRING_ALPHABET,
    PAIRING_CODE,
    SIGN_IN_LINK,
    Actor,
    CodeUnknown,
    LinkUsed,
    Machine,
    MachinesChanged,
    Role,
)
from telemed.kit.db import Tx
from telemed.kit.ids import digest, from_base64, new_id, new_token
from telemed.kit.machine import proves
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.secrets import Secrets


def invite(tx: Tx, actor: Actor, *, now: datetime, name: str = "") -> str:
    """A one-time link's token for a member of staff, who is taken in if she is new or was revoked."""
    staff.take_in(tx, actor, name, now=now)
    token = new_token()
    store.add_access(tx, "sign-in", digest(token), actor, now + SIGN_IN_LINK)
    return token


def invited(tx: Tx, token: str, *, now: datetime) -> Actor:
    """For whom a one-time link is; it stays as it is.

    Raises:
        LinkUsed: unknown, used or too old.
    """
    actor = store.access(tx, "sign-in", digest(token), now)
    if actor is None:
        raise LinkUsed
    return actor


def use_link(tx: Tx, token: str, *, now: datetime) -> Actor:
    """For whom a one-time link was; nobody comes by it any more.

    Raises:
        LinkUsed: unknown, used or too old.
    """
    actor = store.use_sign_in(tx, digest(token), now)
    if actor is None:
        raise LinkUsed
    return actor


def open_session(tx: Tx, actor: Actor, *, now: datetime) -> str:
    """A new session token for *actor*."""
    return signed_in.open_session(tx, actor, now=now)


def sign_out(tx: Tx, token: str) -> None:
    signed_in.sign_out(tx, token)


def who(tx: Tx, *, session: str | None, bearer: str | None, now: datetime) -> Actor | None:
    """Whom a session cookie or a bearer token stands for."""
    if bearer:
        known = store.access(tx, "bearer", digest(bearer), now)
        is_client = known is not None and known.role is Role.CLIENT
        return replace(known, compartment=granted.compartment(tx, known.subject)) if known and is_client else known
    found = signed_in.session_of(tx, session, now=now, real=now) if session else None
    return found.actor if found else None


def give_bearer(tx: Tx, actor: Actor, *, now: datetime, days: int = 30) -> str:
    """A bearer token for a program."""
    token = new_token()
    store.add_access(tx, "bearer", digest(token), actor, now + timedelta(days=days))
    return token


def holds_bearer(tx: Tx, actor: Actor, *, now: datetime) -> bool:
    """Whether *actor* has a bearer token that is still good."""
    return store.has_bearer(tx, actor, now)


def forget_expired(tx: Tx, *, now: datetime) -> None:
    store.drop_expired(tx, now)
    session_store.drop_expired(tx, now)
    passkey_store.drop_expired(tx, now)


def room_code(keys: Secrets, room_id: str, day: date) -> str:
    """Six digits for one room and one day, with which its assistant stands in for a line that is down.

    The room knows them with the day's plan; nobody else can work them out.
    """
    number = int.from_bytes(keys.derive("room code", f"{room_id} {day.isoformat()}")[:8], "big")
    return f"{number % 1_000_000:06d}"


def new_pairing(tx: Tx, *, kind: str, room_id: str, now: datetime, good_for: timedelta = PAIRING_CODE) -> str:
    """A pairing code for one machine: 8 symbols, shown as ``ABCD-EFGH``."""
    code = "".join(secrets.choice(PAIRING_ALPHABET) for _ in range(8))
    store.add_pairing(tx, digest(code), kind=kind, room_id=room_id, expires_at=now + good_for)
    return f"{code[:4]}-{code[4:]}"


def pair(tx: Tx, request: PairRequest, *, server: str, now: datetime, room_id: str | None = None) -> Paired:
    """Take in a machine's public key for a code. *room_id*: the only room that the asking agent may pair for.

    Raises:
        CodeUnknown: unknown, used, too old, of another kind or room; or the key is no Ed25519 key.
    """
    code = request.code.upper().replace("-", "").replace("O", "0").replace("I", "1").replace("L", "1")
    room = store.use_pairing(tx, digest(code), request.kind, now)
    if room is None or room_id not in (None, room) or not _is_key(request.public_key):
        raise CodeUnknown
    machine = Machine(new_id(), request.kind, room, request.public_key, revoked=False)
    store.add_machine(tx, machine, now)
    emit(tx, MachinesChanged(room_id=room, machine_id=machine.id), now=now)
    return Paired(machine_id=machine.id, room_id=room, server=server)


def _is_key(public_key: str) -> bool:
    try:
        return len(from_base64(public_key)) == 32
    except ValueError:
        return False


def recognise(tx: Tx, proof: Proof, challenge: Challenge) -> Machine:
    """The machine that answered *challenge*.

    Raises:
        NotAllowed: unknown, revoked, or the signature is wrong; all are answered alike.
    """
    machine = store.machine(tx, proof.machine_id)
    if machine is None or machine.revoked or not proves(proof, challenge, machine.public_key):
        raise NotAllowed
    return machine


def revoke(tx: Tx, machine_id: str, *, now: datetime) -> None:
    """Shut a machine out, at once.

    Raises:
        NotFound: there is no such machine.
    """
    room_id = store.revoke(tx, machine_id)
    if room_id is None:
        raise NotFound
    emit(tx, MachinesChanged(room_id=room_id, machine_id=machine_id), now=now)


def machines_of(tx: Tx, room_id: str | None = None) -> list[Machine]:
    return store.machines_of(tx, room_id)
