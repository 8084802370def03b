"""Changing the directory by FHIR: what a program may change, whether it knew what it changed, and whom it displaces."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from telemed.directory import service as directory
from telemed.directory import shelf
from telemed.directory.model import KINDS
from telemed.directory.shelf import Shelf, Volume
from telemed.fhir import raw
from telemed.fhir.issues import Issue, Malformed, Told, explain
from telemed.fhir.paths import HTTP
from telemed.fhir.resource import Resource, literal
from telemed.fhir.validate import validate
from telemed.identity import scopes
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor
from telemed.identity.scopes import Act
from telemed.interop import looking
from telemed.kit.db import Tx, take_turn
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotAllowed, Refusal
from telemed.visit import service as visit

WRITTEN = tuple(kind for kind in KINDS if kind != "Organization")
"""Types that programs write. The organization says in whose name this centre speaks: the operator's alone."""
UNLESS, MATCH = f"{HTTP}if-none-exist", f"{HTTP}if-match"
_IN_BUNDLES = {UNLESS: "ifNoneExist", MATCH: "ifMatch"}
"""What an entry has in place of a header."""


@dataclass(frozen=True)
class Wish:
    """What a program wants kept. *version*: which the old one must have; *unless*: the search of ``If-None-Exist``."""

    resource: Resource
    is_create: bool
    version: str | None = None
    unless: str | None = None


@dataclass(frozen=True)
class Written:
    """What became of it. *status*: 201 made, 200 changed, or there already."""

    status: int
    volume: Volume

    @property
    def version(self) -> str:
        return shelf.number_of(self.volume.content)


def create(kind: str, content: bytes, *, unless: str | None = None) -> Wish:
    """A resource to be made; its id is the server's, whatever it says.

    Raises:
        Malformed, Invalid: not valid FHIR, or of another type.
    """
    found = _of(kind, content)
    own = new_id()
    made = Resource(kind, own, raw.stamped(found.content, {"id": own}), {**found.fields, "id": own})
    return Wish(made, True, unless=unless)


def update(kind: str, resource_id: str, content: bytes, *, version: str | None = None) -> Wish:
    """A resource to be kept in place of the one with this id, or as the first of it (R4, http.html 3.1.0.4.1).

    Raises:
        Malformed: its id is not that of the address, or it cannot be read.
        Invalid: not valid FHIR, or of another type.
    """
    found = _of(kind, content)
    if found.id != resource_id:
        place = f"{kind}.id" if found.id else kind
        raise Malformed([Issue("value", "the resource has the id of the address", place)])
    return Wish(found, False, version=version)


def _of(kind: str, content: bytes) -> Resource:
    found = validate(content)
    if found.kind != kind:
        raise Malformed([Issue("value", f"the resource is a {kind}", found.kind)])
    return found


def write(tx: Tx, wish: Wish, *, actor: Actor, now: datetime) -> Written:
    """Keep it, or refuse it whole.

    Raises:
        NotAllowed: no scope says so, or the program does not work for whom it concerns.
        Told: 412, there is another version or several that fit; 409, appointments would be displaced.
        Invalid: not what the planner can read.
    """
    take_turn(tx, directory.GATE)
    there = already(tx, wish, actor=actor)
    if there is not None:
        return Written(200, there)
    is_new = check(shelf.load(tx), wish, actor=actor)
    with displacing_nobody(tx, may=not is_new or wish.resource.kind == "PractitionerRole", now=now) as place:
        directory.take(tx, wish.resource, now=now)
        place(wish.resource.kind)
    return kept(tx, wish, is_new=is_new)


def already(tx: Tx, wish: Wish, *, actor: Actor) -> Volume | None:
    """What is there already, if *wish* is only for where there is none.

    Raises:
        NotAllowed: no scope says that the program may write resources of this type.
        Malformed, Told: see `write`.
    """
    scopes.require(actor, wish.resource.kind, Act.CREATE if wish.is_create else Act.UPDATE)
    return None if wish.unless is None else _fitting(tx, wish.resource.kind, wish.unless)


def check(at: Shelf, wish: Wish, *, actor: Actor) -> bool:
    """Whether it is the first of its id, in this state of the directory.

    Raises:
        NotAllowed, Told: see `write`.
    """
    resource = wish.resource
    old = at.get(resource.kind, resource.id)
    if old is None and not wish.is_create:
        scopes.require(actor, resource.kind, Act.CREATE)
    _check_version(wish, old)
    _check_concerned(actor, resource.fields)
    if old is not None:
        _check_concerned(actor, raw.parse(old.content.decode()))
    return old is None


def kept(tx: Tx, wish: Wish, *, is_new: bool) -> Written:
    """What is there now."""
    found = shelf.load(tx).get(wish.resource.kind, wish.resource.id)
    assert found is not None
    return Written(201 if is_new else 200, found)


def _check_version(wish: Wish, old: Volume | None) -> None:
    if wish.version is not None and (old is None or shelf.number_of(old.content) != wish.version):
        raise Told(412, [Issue("conflict", "it has another version by now; read it again", MATCH)])


def _fitting(tx: Tx, kind: str, search: str) -> Volume | None:
    """The one that is there already (R4, http.html 3.1.0.8.1).

    Raises:
        Malformed: a search that is not understood whole: it would find too much.
        Told: 412, several fit.
    """
    items = parse_qsl(search.removeprefix("?").removeprefix(f"{kind}?"))
    try:
        query = looking.query_of(kind, items, directory.load(tx))
    except Malformed as refusal:
        raise Malformed([replace(one, expression=UNLESS) for one in refusal.issues]) from None
    if query.ignored or not query.criteria:
        raise Malformed([Issue("invalid", "If-None-Exist is a search of which every parameter is known here", UNLESS)])
    found = shelf.load(tx).find(kind, query.criteria)
    if len(found) > 1:
        raise Told(412, [Issue("multiple-matches", f"{len(found)} resources fit If-None-Exist", UNLESS)])
    return found[0] if found else None


def _check_concerned(actor: Actor, fields: Mapping[str, Any]) -> None:
    """A program for some doctors writes what is theirs; what all share is for those who work for all.

    Raises:
        NotAllowed: it concerns others too.
    """
    if EVERYONE in actor.compartment:
        return
    concerned = _concerned(fields)
    if not concerned or not concerned <= set(actor.compartment):
        raise NotAllowed


def _concerned(fields: Mapping[str, Any]) -> set[str]:
    """The doctors whose alone a resource is; none if it is not one doctor's."""
    match fields["resourceType"]:
        case "Practitioner":
            return {fields["id"]}
        case "PractitionerRole":
            named = [literal(fields.get("practitioner"))]
        case "Schedule":
            named = [literal(one) for one in fields.get("actor", ())]
        case _:
            return set()
    return {one[1] if one and one[0] == "Practitioner" else "" for one in named}


@contextmanager
def displacing_nobody(tx: Tx, *, may: bool, now: datetime) -> Iterator[Callable[[str], None]]:
    """What is written within is refused if what is booked could not take place any more: no one is displaced unheard.

    Args:
        may: whether it could displace anybody.

    Returns:
        A function that is told the path that a refusal names.

    Raises:
        Told: 409, it says how many.
    """
    anyway, places = _displaced(tx, now=now) if may else set(), [""]
    yield places.append
    displaced = _displaced(tx, now=now) - anyway if may else set()
    if displaced:
        why = f"{len(displaced)} booked appointments could not take place any more; move or cancel them first"
        raise Told(409, [Issue("conflict", why, places[-1])])


def _displaced(tx: Tx, *, now: datetime) -> set[str]:
    return {one.id for one, _ in visit.displaced(tx, directory.load(tx), now=now)}


def placed(refusal: Refusal, place: str) -> Told:
    """The same with its paths below *place*, where the resource stands in a Bundle."""
    status, issues = explain(refusal)
    return Told(status, [replace(one, expression=_below(place, one.expression)) for one in issues])


def _below(place: str, expression: str) -> str:
    if expression.startswith(HTTP):
        return f"{place.rpartition('.')[0]}.request.{_IN_BUNDLES.get(expression, 'url')}"
    rest = expression.partition(".")[2] if expression and expression != "resourceType" else ""
    return f"{place}.{rest}" if rest else place
