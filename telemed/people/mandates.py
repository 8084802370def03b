"""Giving, using and ending the mandate of a relative. The functions take the open transaction and never commit."""

from collections.abc import Collection
from datetime import datetime, timedelta

import orjson

from telemed.identity import service as identity
from telemed.identity.model import Actor, LinkUsed, Role
from telemed.kit.db import Tx
from telemed.kit.ids import digest, new_id, to_base64
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.people import mandate_store as store
from telemed.people import service as people
from telemed.people.mandate import (
    LASTS,
    MOST,
    Lasts,
    Mandate,
    MandateNarrower,
    MandateOver,
    Relative,
    Scope,
    TooManyRelatives,
)
from telemed.people.mandate_store import Sealed
from telemed.people.model import Erased, Person

PURPOSE = "mandate"
"""As the audit says it."""
KEEP = timedelta(days=90)


def give(
    tx: Tx,
    secrets: Secrets,
    person_id: str,
    relative: Relative,
    scopes: Collection[Scope],
    lasts: Lasts,
    *,
    actor: Actor,
    now: datetime,
) -> tuple[str, str]:
    """Let a relative act for a person; the mandate's id, and the token of its link, of which only the hash is kept.

    Who of the staff gives it is its witness. Audited.

    Raises:
        TooManyRelatives: there are as many as may be.
        Erased: the person's data are gone.
    """
    if sum(_goes_on(one, now) for one in store.of(tx, person_id)) >= MOST:
        raise TooManyRelatives
    mandate_id = new_id()
    token = link_token(secrets, mandate_id)
    sealed = people.seal(tx, secrets, person_id, _place(mandate_id), orjson.dumps(relative), actor=actor, now=now)
    witness = actor.subject if actor.role in (Role.ASSISTANT, Role.DOCTOR) else ""
    allowed = frozenset({Scope.SEE, *scopes})
    kept = Sealed(mandate_id, person_id, sealed, allowed, now, now + LASTS[lasts], witness)
    store.add(tx, kept, digest(token))
    return mandate_id, token


def link_token(secrets: Secrets, mandate_id: str) -> str:
    """What the relative's link ends with: 128 bit that only who knows the pepper can make again."""
    return to_base64(secrets.derive("mandate link", mandate_id)[:16])


def look_at(tx: Tx, token: str, *, now: datetime) -> Sealed:
    """Whose link this is; it stays as it is.

    Raises:
        LinkUsed: unknown, ended or run out; all are answered alike.
    """
    found = store.by_link(tx, digest(token))
    if found is None or not _goes_on(found, now):
        raise LinkUsed
    return found


def enter(tx: Tx, token: str, *, now: datetime) -> tuple[str, Sealed]:
    """The relative's own session for her link. Audited.

    Raises:
        LinkUsed: as `look_at` says.
    """
    found = look_at(tx, token, now=now)
    actor = actor_of(found)
    store.opened(tx, found.id, now)
    people.audit(tx, [found.person_id], actor=actor, action="read", purpose=PURPOSE, now=now)
    return identity.open_session(tx, actor, now=now), found


def actor_of(kept: Sealed) -> Actor:
    """Who acts under a mandate."""
    return Actor(Role.RELATIVE, kept.id)


def check(tx: Tx, actor: Actor, scope: Scope, *, now: datetime) -> Sealed:
    """The mandate under which *actor* asks now.

    Raises:
        MandateOver: it was ended, or has run out.
        MandateNarrower: it does not allow *scope*.
    """
    found = store.get(tx, actor.subject)
    if actor.role is not Role.RELATIVE or found is None or not _goes_on(found, now):
        raise MandateOver
    if scope is not Scope.SEE and scope not in found.scopes:
        raise MandateNarrower
    return found


def acting(tx: Tx, secrets: Secrets, actor: Actor, scope: Scope, *, now: datetime) -> tuple[Mandate, Person]:
    """The mandate under which *actor* asks now, and for whom, with one audit line.

    Raises:
        MandateOver, MandateNarrower: as `check` says.
        Erased: the person's data are gone.
    """
    kept = check(tx, actor, scope, now=now)
    place = {_place(kept.id): kept.relative}
    person, plain = people.details_and(tx, secrets, kept.person_id, place, actor=actor, purpose=PURPOSE, now=now)
    return _mandate(kept, plain[0]), person


def with_person(
    tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, purpose: str, now: datetime
) -> tuple[Person, list[Mandate]]:
    """A person and her mandates with names, oldest first, with one audit line.

    Raises:
        Erased: the person's data are gone.
    """
    kept = store.of(tx, person_id)
    places = {_place(one.id): one.relative for one in kept}
    person, plain = people.details_and(tx, secrets, person_id, places, actor=actor, purpose=purpose, now=now)
    return person, [_mandate(one, data) for one, data in zip(kept, plain, strict=True)]


def one_of(tx: Tx, secrets: Secrets, mandate_id: str, *, actor: Actor, now: datetime) -> Mandate:
    """One mandate with its names. Audited.

    Raises:
        NotFound: there is none.
        Erased: the person's data are gone.
    """
    found = store.get(tx, mandate_id)
    if found is None:
        raise NotFound
    return _opened(tx, secrets, [found], actor=actor, now=now)[0]


def named(
    tx: Tx,
    secrets: Secrets,
    mandate_ids: Collection[str],
    *,
    actor: Actor,
    now: datetime,
    only_going_on: bool = False,
) -> dict[str, str]:
    """The names of relatives, by their mandates, without those of people whose data are gone. Audited."""
    found: dict[str, str] = {}
    for one in store.several(tx, mandate_ids):
        if only_going_on and not _goes_on(one, now):
            continue
        try:
            found[one.id] = _opened(tx, secrets, [one], actor=actor, now=now)[0].relative.name
        except Erased:
            continue
    return found


def end(tx: Tx, person_id: str, mandate_id: str, *, actor: Actor, now: datetime) -> None:
    """From the next request on she may do nothing any more. Audited.

    Raises:
        NotFound: the person has no such mandate that goes on.
    """
    if not store.end(tx, person_id, now, only=mandate_id):
        raise NotFound
    people.audit(tx, [person_id], actor=actor, action="write", purpose=PURPOSE, now=now)


def end_all(tx: Tx, person_id: str, *, now: datetime) -> None:
    store.end(tx, person_id, now)


def forget_old(tx: Tx, *, now: datetime) -> None:
    store.drop_before(tx, now - KEEP)


def _goes_on(one: Sealed, now: datetime) -> bool:
    return one.ended_at is None and now < one.expires_at


def _opened(tx: Tx, secrets: Secrets, sealed: list[Sealed], *, actor: Actor, now: datetime) -> list[Mandate]:
    if not sealed:
        return []
    places = {_place(one.id): one.relative for one in sealed}
    plain = people.unseal(tx, secrets, sealed[0].person_id, places, actor=actor, purpose=PURPOSE, now=now)
    return [_mandate(one, data) for one, data in zip(sealed, plain, strict=True)]


def _mandate(one: Sealed, relative: bytes) -> Mandate:
    times = one.given_at, one.expires_at, one.witness, one.opened_at, one.ended_at
    return Mandate(one.id, one.person_id, Relative(**orjson.loads(relative)), one.scopes, *times)


def _place(mandate_id: str) -> str:
    return f"people_mandate|relative|{mandate_id}"
