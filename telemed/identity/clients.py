"""Programs that sign in by SMART Backend Services: registering them, and an access token for a signed assertion."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key

from telemed.identity import client_store, granted, key_sets, scopes, store
from telemed.identity.client_model import (
    ALGORITHMS,
    ASSERTION_LASTS,
    ASSERTION_TYPE,
    GRANT_TYPE,
    LEEWAY,
    LONGEST_JTI,
    TOKEN_LASTS,
    Client,
    Granted,
    NotRegistered,
    ScopeRefused,
    TokenRefused,
)
from telemed.identity.key_sets import Busy, KeySets
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database, Tx
from telemed.kit.ids import digest, from_base64, new_id, new_token

KEEP = timedelta(days=365)
"""How long it can be looked up who was shut out."""


@dataclass(frozen=True)
class Wanted:
    """What the operator says of a program. One of *key_set* and *key_set_url*; *doctors*: `allowed.EVERYONE`: all."""

    name: str
    scopes: tuple[str, ...]
    doctors: tuple[str, ...]
    key_set: str = ""
    key_set_url: str = ""


def register(tx: Tx, wanted: Wanted, *, by: str, now: datetime) -> Client:
    """Let a program in, by its keys.

    Raises:
        KeysRefused: its keys cannot be used.
        ScopeRefused: nothing that a program could be allowed.
    """
    new = _checked(Client(new_id(), wanted.name, (), by, now), wanted)
    client_store.put(tx, new)
    granted.work_for(tx, new.id, wanted.doctors)
    return new


def change(tx: Tx, client_id: str, wanted: Wanted) -> Client:
    """Other keys, scopes or doctors, from now on; tokens that are out are taken back.

    Raises:
        NotRegistered: there is none.
        KeysRefused, ScopeRefused: as `register`.
    """
    changed = _checked(_found(tx, client_id), wanted)
    client_store.put(tx, changed)
    granted.work_for(tx, client_id, wanted.doctors)
    store.drop_accesses(tx, Actor(Role.CLIENT, client_id))
    return changed


def _checked(client: Client, wanted: Wanted) -> Client:
    if wanted.key_set_url:
        key_sets.check_address(wanted.key_set_url)
    else:
        key_sets.read(wanted.key_set)
    given = scopes.by_kind(wanted.scopes)
    if not given or len(given) != len(set(wanted.scopes)):
        raise ScopeRefused
    may = tuple(scopes.scope(kind, acts) for kind, acts in sorted(given.items()))
    key_set = "" if wanted.key_set_url else wanted.key_set.strip()
    return replace(client, name=wanted.name, scopes=may, key_set=key_set, key_set_url=wanted.key_set_url)


def revoke(tx: Tx, client_id: str, *, now: datetime) -> None:
    """Out within two seconds (`rights.REMEMBERED_S`), and no token any more.

    Raises:
        NotRegistered: there is none.
    """
    client_store.put(tx, replace(_found(tx, client_id), revoked_at=now))
    store.drop_accesses(tx, Actor(Role.CLIENT, client_id))


def let_in_again(tx: Tx, client_id: str) -> None:
    """It was a mistake to revoke it.

    Raises:
        NotRegistered: there is none.
    """
    client_store.put(tx, replace(_found(tx, client_id), revoked_at=None))


def _found(tx: Tx, client_id: str) -> Client:
    found = client_store.client(tx, client_id)
    if found is None:
        raise NotRegistered
    return found


def one(tx: Tx, client_id: str) -> Client:
    """
    Raises:
        NotRegistered: there is none.
    """
    return _found(tx, client_id)


def is_shut_out(tx: Tx, client_id: str) -> bool:
    """Whether it was registered once and revoked."""
    found = client_store.client(tx, client_id)
    return found is not None and found.revoked_at is not None


def everyone(tx: Tx) -> list[Client]:
    """All that were ever registered, by name."""
    return client_store.all_clients(tx)


def forget_expired(tx: Tx, *, now: datetime, real: datetime) -> None:
    """Assertions that have expired, which are refused for that alone; and who was shut out long ago."""
    client_store.drop_expired(tx, real - LEEWAY)
    client_store.drop_revoked_before(tx, now - KEEP)


@dataclass(frozen=True)
class Moment:
    """*now*: of the centre, by which tokens end; *real*: of the world, by which those outside date what they sign."""

    now: datetime
    real: datetime


def grant(db: Database, sets: KeySets, form: Iterable[tuple[str, str]], *, audience: str, at: Moment) -> Granted:
    """An access token for the fields of a request (RFC 6749, 4.4; RFC 7523, 2.2). *audience*: this token endpoint.

    Who names no scope asks for all that were granted (RFC 6749, 3.3), as MedplumClient does.

    Raises:
        TokenRefused: no token.
    """
    asked = _fields(form)
    assertion = asked["client_assertion"]
    header, claims = _unproven(assertion)
    issuer = claims.get("iss")
    with db.reading() as tx:
        client = client_store.client(tx, issuer) if isinstance(issuer, str) and issuer.isprintable() else None
    if client is None or client.revoked_at is not None:
        raise TokenRefused("invalid_client", "iss is not a client that is registered here")
    claims = _proven(assertion, _key(client, header, sets))
    until = _check(claims, client.id, audience, at.real)
    may = scopes.reduced(asked.get("scope", "").split() or client.scopes, client.scopes)
    if not may:
        raise TokenRefused("invalid_scope", "none of the scopes asked for is granted; they are like system/Slot.rs")
    token = new_token()
    with db.transaction() as tx:
        if not client_store.mark_used(tx, client.id, at.now):
            raise TokenRefused("invalid_client", "iss is not a client that is registered here")
        if not client_store.use_up(tx, digest(f"{client.id} {claims['jti']}"), until):
            raise TokenRefused("invalid_client", "an assertion with this jti was used before")
        actor = Actor(Role.CLIENT, client.id, scopes=may)
        store.add_access(tx, "bearer", digest(token), actor, at.now + TOKEN_LASTS)
    return Granted(token, may)


def _fields(form: Iterable[tuple[str, str]]) -> dict[str, str]:
    asked: dict[str, str] = {}
    for name, value in form:
        if name in asked:
            raise TokenRefused("invalid_request", "a parameter is given twice")
        asked[name] = value
    if not asked.get("grant_type"):
        raise TokenRefused("invalid_request", "grant_type is missing")
    if asked["grant_type"] != GRANT_TYPE:
        raise TokenRefused("unsupported_grant_type", f"grant_type is {GRANT_TYPE}")
    if asked.get("client_assertion_type") != ASSERTION_TYPE or not asked.get("client_assertion"):
        raise TokenRefused("invalid_client", f"client_assertion of type {ASSERTION_TYPE} is missing")
    return asked


def _unproven(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, as somebody says who has not shown who it is."""
    try:
        parts = [json.loads(from_base64(part), object_pairs_hook=_once) for part in assertion.split(".", 3)[:2]]
    except (ValueError, RecursionError):
        parts = []
    if len(parts) != 2 or not all(isinstance(part, dict) for part in parts):
        raise TokenRefused("invalid_client", "client_assertion is not a JWT")
    return parts[0], parts[1]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """
    Raises:
        ValueError: a name is given twice, so that two who read it may not read the same.
    """
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is given twice")
    return made


def _key(client: Client, header: dict[str, Any], sets: KeySets) -> Key:
    """The key that the header names, of those that were registered."""
    if header.get("alg") not in ALGORITHMS:
        raise TokenRefused("invalid_client", f"alg is one of {', '.join(ALGORITHMS)}")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("invalid_client", "kid is missing in the header")
    if "jku" in header and header["jku"] != client.key_set_url:
        raise TokenRefused("invalid_client", "jku is not the address that was registered")
    if client.key_set_url:
        try:
            found = sets.key(client.key_set_url, kid)
        except Busy:
            raise TokenRefused("temporarily_unavailable", "the keys are being fetched; ask again soon") from None
    else:
        found = next((key for key in key_sets.read(client.key_set) if key.kid == kid), None)
    if found is None or isinstance(found, ECKey) != (header["alg"] == "ES384"):
        raise TokenRefused("invalid_client", "kid is not one of the keys that were registered, or not of this alg")
    return found


def _proven(assertion: str, key: Key) -> dict[str, Any]:
    try:
        return dict(jwt.decode(assertion, key, algorithms=ALGORITHMS).claims)
    except (JoseError, ValueError, TypeError):
        raise TokenRefused("invalid_client", "the signature is wrong") from None


def _check(claims: dict[str, Any], client_id: str, audience: str, real: datetime) -> datetime:
    """Until when it is good (RFC 7523, 3; SMART App Launch 2.2: five minutes at the most)."""
    named = claims.get("aud")
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise TokenRefused("invalid_client", "iss and sub are both the client's id")
    if audience not in (named if isinstance(named, list) else [named]):
        raise TokenRefused("invalid_client", "aud is not the address of this token endpoint")
    until = _moment(claims.get("exp"))
    if until is None or not real - LEEWAY < until <= real + ASSERTION_LASTS + LEEWAY:
        raise TokenRefused("invalid_client", "exp is past, or further ahead than five minutes")
    for name in ("nbf", "iat"):
        begins = _moment(claims.get(name, 0))
        if begins is None or begins > real + LEEWAY:
            raise TokenRefused("invalid_client", f"{name} lies ahead")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise TokenRefused("invalid_client", f"jti is missing, or longer than {LONGEST_JTI}")
    return until + LEEWAY


def _moment(seconds: Any) -> datetime | None:
    """NumericDate (RFC 7519, 2)."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e11:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
