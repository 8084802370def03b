"""Changing the directory by FHIR: what a program may change, whether it knew what it changed, and whom it displaces."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
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
from telemed.fhir.issues import Invalid, Issue, Malformed, Told, explain
from telemed.fhir.paths import HTTP
from telemed.fhir.resource import Resource, literal
from telemed.fhir.validate import validate
from telemed.identity import scopes
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor
from telemed.identity.scopes import Act
from telemed.interop import looking, patching
from telemed.interop.patching import Patch
from telemed.kit.db import Tx, take_turn
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotAllowed, NotFound, Refusal
from telemed.visit import service as visit

WRITTEN = tuple(kind for kind in KINDS if kind != "Organization")
"""Types that programs write. The organization says in whose name this centre speaks: the operator's alone."""
UNLESS, MATCH, URL, ONLY_NEW = (f"{HTTP}{one}" for one in ("if-none-exist", "if-match", "url", "if-none-match"))
_IN_BUNDLES = {UNLESS: "ifNoneExist", MATCH: "ifMatch", ONLY_NEW: "ifNoneMatch"}
"""What an entry has in place of a header."""


class ConcernsOthers(NotAllowed):
    """A program that works for some doctors writes what is theirs alone."""

    key = "interop.refusal.concerns_others"
    plain = (
        "this program works for some doctors, and this is not theirs alone; what all share, and a new doctor, is "
        "written by a program that works for all (the operator says for whom it works)"
    )


@dataclass(frozen=True)
class Wish:
    """What a program wants kept. *version*: which the old one must have; *unless*: the search of ``If-None-Exist``;
    *where*: the search that names the old one, in place of an id; *only_new*: there must be no old one."""

    resource: Resource
    is_create: bool
    version: str | None = None
    unless: str | None = None
    where: str | None = None
    only_new: bool = False


@dataclass(frozen=True)
class Change:
    """A PATCH of one resource of the directory."""

    kind: str
    resource_id: str
    how: Patch


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
    return Wish(_with_id(_of(kind, content), new_id()), True, unless=unless)


def update(kind: str, resource_id: str, content: bytes, *, version: str | None = None, only_new: bool = False) -> Wish:
    """A resource to be kept in place of the one with this id, or as the first of it (R4, http.html 3.1.0.4.1).

    Raises:
        Malformed: its id is not that of the address, or it cannot be read.
        Invalid: not valid FHIR, or of another type.
    """
    found = _of(kind, content)
    if found.id != resource_id:
        place = f"{kind}.id" if found.id else kind
        raise Malformed([Issue("value", "the resource has the id of the address", place)])
    return Wish(found, False, version=version, only_new=only_new)


def update_where(kind: str, search: str, content: bytes, *, version: str | None = None) -> Wish:
    """A resource to be kept in place of the one that *search* finds (R4, http.html 3.1.0.4.3).

    Raises:
        Malformed, Invalid: not valid FHIR, or of another type.
    """
    return Wish(_of(kind, content), False, version=version, where=search)


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
    wish = settled(tx, wish)
    is_new = check(shelf.load(tx), wish, actor=actor)
    with displacing_nobody(tx, may=not is_new or wish.resource.kind == "PractitionerRole", now=now) as place:
        directory.take(tx, wish.resource, now=now)
        place(wish.resource.kind)
    return kept(tx, wish, is_new=is_new)


def patch(tx: Tx, change: Change, *, actor: Actor, now: datetime) -> Written:
    """Change it, or refuse it whole.

    Raises:
        NotFound: there is none.
        Told, Invalid: as `write`; paths are those of the patch.
    """
    take_turn(tx, directory.GATE)
    wish, by = patched(shelf.load(tx), change, actor=actor)
    if not by:
        return kept(tx, wish, is_new=False)
    try:
        return write(tx, wish, actor=actor, now=now)
    except Invalid as refusal:
        raise blamed(refusal, by) from None


def blamed(refusal: Invalid, by: Mapping[str, str]) -> Told:
    """The same, with the operation that is at fault in place of what it made; a header is still a header."""
    status, issues = explain(refusal)
    if issues[0].expression.startswith(HTTP):
        return Told(status, issues)
    return Told(status, patching.blamed(Invalid(issues), by).issues)


def patched(at: Shelf, change: Change, *, actor: Actor) -> tuple[Wish, dict[str, str]]:
    """What a PATCH amounts to in this state of the directory, and which operation changed which member.

    Raises:
        NotAllowed, NotFound: no scope says so; there is none.
        Told, Invalid: see `patching.patched`.
    """
    scopes.require(actor, change.kind, Act.UPDATE)
    old = at.get(change.kind, change.resource_id)
    if old is None:
        raise NotFound
    unchanged = Wish(Resource(old.kind, old.id, old.content, {}), False, version=change.how.version)
    _check_version(unchanged, old)
    made, by = patching.patched(old.content, change.how)
    return Wish(made, False, version=change.how.version), by


def settled(tx: Tx, wish: Wish) -> Wish:
    """The same with the id of what its search finds, or with one of its own or of ours if that is nothing.

    Raises:
        Malformed: a search that is not understood whole, or the resource has another id than what was found.
        Told: 412, several fit.
    """
    if wish.where is None:
        return wish
    resource = wish.resource
    found = _fitting(tx, resource.kind, wish.where, URL)
    if found is not None and resource.id not in ("", found.id):
        raise Malformed([Issue("value", "the resource that was found has another id", f"{resource.kind}.id")])
    own = found.id if found else resource.id or new_id()
    stamped = resource if resource.id else _with_id(resource, own)
    return replace(wish, resource=stamped, where=None)


def _with_id(resource: Resource, own: str) -> Resource:
    return Resource(resource.kind, own, raw.stamped(resource.content, {"id": own}), {**resource.fields, "id": own})


def already(tx: Tx, wish: Wish, *, actor: Actor) -> Volume | None:
    """What is there already, if *wish* is only for where there is none.

    Raises:
        NotAllowed: no scope says that the program may write resources of this type.
        Malformed, Told: see `write`.
    """
    scopes.require(actor, wish.resource.kind, Act.CREATE if wish.is_create else Act.UPDATE)
    return None if wish.unless is None else _fitting(tx, wish.resource.kind, wish.unless, UNLESS)


def check(at: Shelf, wish: Wish, *, actor: Actor, beside: Collection[str] = ()) -> bool:
    """Whether it is the first of its id, in this state of the directory. *beside*: ``Type/id`` of what is written too.

    Raises:
        NotAllowed, Told: see `write`.
    """
    resource = wish.resource
    old = at.get(resource.kind, resource.id)
    if old is None and not wish.is_create:
        scopes.require(actor, resource.kind, Act.CREATE)
    if wish.only_new and old is not None:
        raise Told(412, [Issue("conflict", "there is one already", ONLY_NEW)])
    _check_version(wish, old)
    _check_concerned(actor, resource.fields)
    before = {} if old is None else raw.parse(old.content.decode())
    if old is not None:
        _check_concerned(actor, before)
    _check_references(at, resource, {reference for _, reference in references(before, "")} | set(beside))
    return old is None


def _check_references(at: Shelf, resource: Resource, known: Collection[str]) -> None:
    """What is written names nothing of the directory that is not there, unless it did so before.

    Raises:
        Invalid: it does.
    """
    own = {f"{resource.kind}/{resource.id}"}
    missing = [
        Issue("not-found", "there is no such resource here", path)
        for path, reference in references(resource.fields, resource.kind)
        if _RELATIVE.fullmatch(reference) and reference not in own and reference not in known
        for kind, _, resource_id in [reference.partition("/")]
        if kind in KINDS and at.get(kind, resource_id) is None
    ]
    if missing:
        raise Invalid(missing)


_RELATIVE = re.compile(r"[A-Za-z]{1,40}/[A-Za-z0-9\-.]{1,64}")


def references(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The path and text of every ``Reference.reference`` within *value*, which stands at *path*."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "reference" and isinstance(item, str):
                yield f"{path}.{name}", item
            yield from references(item, f"{path}.{name}")
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from references(item, f"{path}[{n}]")


def kept(tx: Tx, wish: Wish, *, is_new: bool) -> Written:
    """What is there now."""
    found = shelf.load(tx).get(wish.resource.kind, wish.resource.id)
    assert found is not None
    return Written(201 if is_new else 200, found)


def _check_version(wish: Wish, old: Volume | None) -> None:
    if wish.version is not None and (old is None or shelf.number_of(old.content) != wish.version):
        raise Told(412, [Issue("conflict", "it has another version by now; read it again", MATCH)])


def _fitting(tx: Tx, kind: str, search: str, place: str) -> Volume | None:
    """The one that is there already (R4, http.html 3.1.0.8.1); refusals name *place*.

    Raises:
        Malformed: a search that is not understood whole: it would find too much.
        Told: 412, several fit.
    """
    items = parse_qsl(search.removeprefix("?").removeprefix(f"{kind}?"))
    try:
        query = looking.query_of(kind, items, directory.load(tx))
    except Malformed as refusal:
        raise Malformed([replace(one, expression=place) for one in refusal.issues]) from None
    if query.ignored or not query.criteria:
        raise Malformed([Issue("invalid", "a condition is a search of which every parameter is known here", place)])
    found = shelf.load(tx).find(kind, query.criteria)
    if len(found) > 1:
        raise Told(412, [Issue("multiple-matches", f"{len(found)} resources fit this search", place)])
    return found[0] if found else None


def _check_concerned(actor: Actor, fields: Mapping[str, Any]) -> None:
    """A program for some doctors writes what is theirs; what all share is for those who work for all.

    Raises:
        ConcernsOthers: it is not theirs alone.
    """
    if EVERYONE in actor.compartment:
        return
    concerned = _concerned(fields)
    if not concerned or not concerned <= set(actor.compartment):
        raise ConcernsOthers


def check_theirs(tx: Tx, resource: Resource, *, actor: Actor) -> None:
    """What a program brings by the import is as much its own as what it writes here.

    Raises:
        ConcernsOthers: it is not theirs alone.
    """
    if EVERYONE in actor.compartment:
        return
    _check_concerned(actor, resource.fields)
    old = shelf.load(tx).get(resource.kind, resource.id)
    if old is not None:
        _check_concerned(actor, raw.parse(old.content.decode()))


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
    before, places = directory.load(tx), [""]
    yield places.append
    displaced = visit.newly_displaced(tx, before, directory.load(tx), now=now) if may else []
    if displaced:
        why = f"{len(displaced)} booked appointments could not take place any more; move or cancel them first"
        raise Told(409, [Issue("conflict", why, places[-1])])


def placed(refusal: Refusal, place: str) -> Told:
    """The same with its paths below *place*, where the resource stands in a Bundle."""
    status, issues = explain(refusal)
    return Told(status, [replace(one, expression=_below(place, one.expression)) for one in issues])


def _below(place: str, expression: str) -> str:
    if expression.startswith(HTTP):
        return f"{place.rpartition('.')[0]}.request.{_IN_BUNDLES.get(expression, 'url')}"
    rest = expression.partition(".")[2] if expression and expression != "resourceType" else ""
    return f"{place}.{rest}" if rest else place
