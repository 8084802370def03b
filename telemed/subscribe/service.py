"""Subscribe, hear what happens, and tell it: each event once per subscription, in order, at least once."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from telemed.directory import service as directories
from telemed.fhir import xml
from telemed.fhir.issues import Invalid, Issue, Malformed, OffTheWire
from telemed.identity import clients, granted, scopes
from telemed.identity import service as identity
from telemed.identity.client_model import NotRegistered
from telemed.identity.model import Actor, Role
from telemed.identity.scopes import Act
from telemed.interop import matching
from telemed.interop.topics import TOPICS, Deed
from telemed.kit.db import Tx, mark
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.secrets import Secrets
from telemed.people.model import seal, unseal
from telemed.subscribe import fhir, model, store
from telemed.subscribe.fhir import Kind
from telemed.subscribe.model import Standing, State, Subscribed, Told, TooMany, Wish


def subscribe(tx: Tx, secrets: Secrets, wish: Wish, *, actor: Actor, off: bool, now: datetime) -> Subscribed:
    """Take a subscription in; the endpoint is asked whether it hears before anything is told.

    Raises:
        NotAllowed: no scope says that such resources may be read.
        Invalid: a filter is not understood.
        TooMany: it has `model.MOST` already.
    """
    _check(tx, wish, actor)
    if store.count(tx, actor.subject) >= model.MOST:
        raise TooMany(expression="Subscription", most=model.MOST)
    subscription_id = new_id()
    headers = _sealed(secrets, subscription_id, wish.headers or ())
    one = Subscribed(subscription_id, actor.subject, wish, _begin(off=off), 1, now, headers)
    store.put(tx, one)
    mark(tx)
    return one


def change(
    tx: Tx, secrets: Secrets, known: Subscribed, wish: Wish, *, actor: Actor, off: bool, now: datetime
) -> Subscribed:
    """Another wish in place of the one that is *known*: asked anew whether it hears; numbers go on.

    Raises:
        NotAllowed, Invalid: as `subscribe` says.
    """
    _check(tx, wish, actor)
    headers = known.headers if wish.headers is None else _sealed(secrets, known.id, wish.headers)
    standing = dataclasses.replace(_begin(off=off), last=known.standing.last, told=known.standing.told)
    one = Subscribed(known.id, known.client, wish, standing, known.version + 1, now, headers)
    store.put(tx, one)
    mark(tx)
    return one


def _begin(*, off: bool) -> Standing:
    return Standing(State.OFF if off else State.REQUESTED)


def _check(tx: Tx, wish: Wish, actor: Actor) -> None:
    kinds = TOPICS[wish.topic].kinds
    for kind in kinds:
        if not any(scopes.permits(actor, kind, act) for act in (Act.READ, Act.SEARCH)):
            raise NotAllowed
    known = directories.load(tx)
    for place, one in enumerate(wish.filters):
        where = f"Subscription.criteria.extension[{place}]"
        if kinds and one.kind not in kinds:
            raise Invalid([Issue("business-rule", "this topic does not tell of that type", where)])
        try:
            matching.understood(one.kind, one.text, known)
        except (Malformed, OffTheWire) as refusal:
            raise Invalid([Issue("value", refusal.issues[0].diagnostics, where)]) from None


def _place(subscription_id: str) -> str:
    return f"subscribe_subscription|headers|{subscription_id}"


def _sealed(secrets: Secrets, subscription_id: str, headers: Sequence[str]) -> bytes:
    return seal(secrets.key_of_keys, orjson.dumps(list(headers)), _place(subscription_id))


def one_of(tx: Tx, subscription_id: str, actor: Actor) -> Subscribed:
    """
    Raises:
        NotFound: there is none, or it is another's.
    """
    found = store.get(tx, subscription_id)
    if found is None or found.client != actor.subject:
        raise NotFound
    return found


def all_of(tx: Tx, actor: Actor) -> list[Subscribed]:
    return store.of_client(tx, actor.subject)


def end(tx: Tx, subscription_id: str, actor: Actor) -> None:
    """
    Raises:
        NotFound: there is none, or it is another's.
    """
    store.drop(tx, one_of(tx, subscription_id, actor).id)


def happened(tx: Tx, kind: str, resource_id: str, deed: Deed, *, now: datetime) -> int:
    """Something happened to a resource: write it down for each who may see it and asked for it; how many."""
    topics = [topic.url for topic in TOPICS.values() if topic.covers(kind, deed)]
    told = 0
    for one in store.to_topics(tx, topics, now):
        if _may_see(tx, one, kind, resource_id, now=now, filtered=True):
            store.add_event(tx, one.id, now, f"{kind}/{resource_id}", deed)
            told += 1
    if told:
        mark(tx)
    return told


def _may_see(tx: Tx, one: Subscribed, kind: str, resource_id: str, *, now: datetime, filtered: bool) -> bool:
    program = _program(tx, one.client, now)
    texts = [each.text for each in one.wish.filters if each.kind == kind] if filtered else []
    try:
        return program is not None and matching.may_see(tx, program, kind, resource_id, texts, now=now)
    except Invalid:  # a condition that was understood by another version of this program must not hold up all others
        return False


def _program(tx: Tx, client: str, now: datetime) -> Actor | None:
    """Whom a subscription is for, with what it may; None: it was shut out, or holds no token any more."""
    compartment = granted.compartment(tx, client)
    try:
        known = clients.one(tx, client)
    except NotRegistered:  # it came by a token of the operator's, or was shut out so long ago that it is forgotten
        by_token = Actor(Role.CLIENT, client, compartment=compartment)
        return by_token if identity.holds_bearer(tx, by_token, now=now) else None
    if known.revoked_at is not None:
        return None
    return Actor(Role.CLIENT, client, compartment=compartment, scopes=known.scopes)


@dataclass(frozen=True)
class Parcel:
    """One notification, ready to be sent. *up_to*: the number of its last event. *headers*: pairs of name and value."""

    to: Subscribed
    kind: Kind
    body: bytes
    headers: tuple[tuple[str, str], ...]
    up_to: int


def pack(tx: Tx, secrets: Secrets, one: Subscribed, *, base_url: str, now: datetime) -> Parcel | None:
    """What is to be said to *one* next; None: its program was shut out, and hears nothing.

    What it may not see any more keeps its number and loses its name.
    """
    if _program(tx, one.client, now) is None:
        return None
    kind, told = _next(tx, one)
    shown = [each if _is_shown(tx, one, each, now) else dataclasses.replace(each, focus="") for each in told]
    body = fhir.notification(one, kind, shown, base_url=base_url, now=now)
    if fhir.MEDIA[one.wish.media] == "xml":
        body = xml.from_json(body)
    said = orjson.loads(unseal(secrets.key_of_keys, one.headers, _place(one.id)))
    headers = tuple((name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in said))
    return Parcel(one, kind, body, headers, told[-1].number if told else one.standing.told)


def _next(tx: Tx, one: Subscribed) -> tuple[Kind, list[Told]]:
    standing = one.standing
    if standing.state is State.REQUESTED:
        return "handshake", []
    first = standing.told + 1
    told = store.events_of(tx, one.id, first=first, last=standing.last, limit=one.wish.together)
    return ("event-notification", told) if told else ("heartbeat", [])


def _is_shown(tx: Tx, one: Subscribed, told: Told, now: datetime) -> bool:
    kind, _, resource_id = told.focus.partition("/")
    return _may_see(tx, one, kind, resource_id, now=now, filtered=False)


def due(tx: Tx, name: str, *, limit: int, now: datetime) -> list[Subscribed]:
    """Those to whom something is to be said now; for a while nobody but *name* says anything to them."""
    return store.take_due(tx, name, now, limit)


def taken(tx: Tx, parcel: Parcel, name: str, *, now: datetime) -> None:
    """The endpoint took it."""
    standing = model.taken(parcel.to.standing, up_to=parcel.up_to, now=now)
    store.settle(tx, parcel.to.id, name, parcel.to.version, standing)


def not_taken(tx: Tx, one: Subscribed, name: str, why: str, *, now: datetime) -> None:
    """The endpoint did not take it, or not in time; *why*: of a closed set."""
    store.settle(tx, one.id, name, one.version, model.failed(one.standing, why, now=now))


def shut_out(tx: Tx, one: Subscribed, name: str) -> None:
    """Its program is shut out: nothing is said until it is let in and asks anew."""
    store.settle(tx, one.id, name, one.version, dataclasses.replace(one.standing, state=State.OFF))


def events(tx: Tx, one: Subscribed, *, since: int, until: int, now: datetime, limit: int = 1000) -> list[Told]:
    """What happened, by number, both ends within, as far as it is kept and may be seen."""
    told = store.events_of(tx, one.id, first=since, last=until, limit=limit)
    return [each if _is_shown(tx, one, each, now) else dataclasses.replace(each, focus="") for each in told]


def forget_old(tx: Tx, *, now: datetime) -> None:
    store.forget(tx, now - model.KEEP, now)
