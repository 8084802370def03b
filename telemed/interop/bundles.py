"""Bundles of type transaction and batch (R4, http.html 3.1.0.11): what they ask for, and how it is done.

Written are resources of the directory, read and searched whatever is served. In a transaction only resources of the
directory are read, for all of it is one state.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from telemed.directory import service as directory
from telemed.directory import shelf
from telemed.directory.model import KINDS
from telemed.directory.shelf import Volume
from telemed.fhir import paths, raw
from telemed.fhir.elements import model_of
from telemed.fhir.incoming import version_of
from telemed.fhir.issues import Issue, Malformed, Told
from telemed.fhir.resource import Resource
from telemed.fhir.validate import validate
from telemed.identity import scopes
from telemed.identity.model import Actor
from telemed.identity.scopes import Act
from telemed.interop import writing
from telemed.interop.writing import WRITTEN, Wish, Written
from telemed.kit.db import Tx, take_turn
from telemed.kit.refusal import NotFound, Refusal

MOST = 100
"""Entries of one Bundle."""
ORDER = ("DELETE", "POST", "PUT", "GET")
"""In which they are done, wherever they stand (3.1.0.11.2)."""

_URN = re.compile(r'("reference"\s*:\s*)"(urn:[^"\\]{1,200})"')
"""No text within a string looks like this: its quotes are escaped."""


@dataclass(frozen=True)
class Look:
    """A GET: of one resource, or a search."""

    kind: str
    resource_id: str
    items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Entry:
    """The *n*-th entry. *url*: what names it in references of others, if it has such a name."""

    n: int
    method: str
    url: str
    ask: Wish | Look | Told

    @property
    def place(self) -> str:
        return f"Bundle.entry[{self.n}]"


@dataclass(frozen=True)
class Asked:
    """What a Bundle asks for. *fields*: its value."""

    is_transaction: bool
    entries: Sequence[Entry]
    fields: Mapping[str, Any]

    def in_order(self) -> list[Entry]:
        return sorted(self.entries, key=lambda one: ORDER.index(one.method) if one.method in ORDER else 0)

    def there(self, refusal: Told) -> Told:
        """The same, each path cut back to what was sent."""
        issues = (replace(one, expression=paths.nearest(one.expression, self.fields)) for one in refusal.issues)
        return Told(refusal.status, issues)


def asked(content: bytes, base_url: str) -> Asked:
    """What a Bundle asks for; an entry that is at fault says so itself.

    Raises:
        Malformed, Invalid: not a Bundle of requests.
        Told: 413, too many entries.
    """
    text = raw.text_of(content)
    fields = raw.parse(text)
    _check_whole(fields)
    given = fields.get("entry", [])
    starts = [start for start, _ in raw.items(text, raw.members(text)["entry"][0])] if given else []
    entries = [
        _entry(n, one, _resource_text(text, start, one), base_url)
        for n, (one, start) in enumerate(zip(given, starts, strict=True))
    ]
    return Asked(fields["type"] == "transaction", entries, fields)


def _check_whole(fields: Any) -> None:
    """All but the resources, each of which is looked at by itself."""
    is_bundle = isinstance(fields, Mapping) and fields.get("resourceType") == "Bundle"
    if not is_bundle:
        kind = fields.get("resourceType") if isinstance(fields, Mapping) else None
        named = kind if isinstance(kind, str) and model_of(kind) else "Bundle"
        raise Malformed([Issue("value", "the body is a Bundle", named)])
    given = fields.get("entry", [])
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Malformed([Issue("structure", "entry is an array of objects", "Bundle.entry")])
    if len(given) > MOST:
        raise Told(413, [Issue("too-costly", f"a Bundle has {MOST} entries at most", "Bundle.entry")])
    for n, one in enumerate(given):
        if "request" not in one:
            raise Malformed([Issue("required", "each entry has a request (bdl-3)", f"Bundle.entry[{n}]")])
    bare = [{name: value for name, value in one.items() if name != "resource"} for one in given]
    validate({**fields, "entry": bare} if given else fields)
    if fields.get("type") not in ("transaction", "batch"):
        raise Malformed([Issue("value", "the type is transaction or batch", "Bundle.type")])
    urls = [one["fullUrl"] for one in given if "fullUrl" in one]
    if len(set(urls)) < len(urls):
        raise Malformed([Issue("duplicate", "a fullUrl names one entry only (bdl-7)", "Bundle.entry")])


def _resource_text(text: str, start: int, entry: Mapping[str, Any]) -> bytes | None:
    if "resource" not in entry:
        return None
    first, end = raw.members(text, start)["resource"]
    return text[first:end].encode()


def _entry(n: int, given: Mapping[str, Any], content: bytes | None, base_url: str) -> Entry:
    method, url = str(given["request"]["method"]), str(given.get("fullUrl", ""))
    place = f"Bundle.entry[{n}]"
    ask: Wish | Look | Told
    try:
        ask = _ask(given["request"], content, base_url)
    except Told as refusal:
        ask = writing.placed(refusal, f"{place}.request")
    except Refusal as refusal:
        ask = writing.placed(refusal, f"{place}.resource")
    return Entry(n, method, url, ask)


def _ask(request: Mapping[str, Any], content: bytes | None, base_url: str) -> Wish | Look:
    """
    Raises:
        Told: it is not done here; the path is below the request.
        Malformed, Invalid: as of the resource alone.
    """
    path, _, query = str(request["url"]).removeprefix(base_url).removeprefix("/").partition("?")
    kind, resource_id, *more = [*path.split("/"), ""]
    method = request["method"]
    if more[1:] or "$" in path or resource_id.startswith("_") or not kind:
        raise _not_here("an entry names a type, or one resource of it")
    if method == "GET":
        return Look(kind, resource_id, tuple(parse_qsl(query, keep_blank_values=True)))
    if kind not in WRITTEN:
        raise _not_here("resources of this type are not written in Bundles; appointments are booked by $book")
    if method == "DELETE":
        raise _not_here("what is in the directory is not deleted: set active to false, or its status", "method")
    if method not in ("POST", "PUT"):
        raise _not_here("entries are POST, PUT or GET", "method")
    if query or bool(resource_id) != (method == "PUT"):
        raise _not_here("POST names a type, PUT one resource by its id")
    if content is None:
        raise Malformed([Issue("required", "the entry has a resource")])
    if method == "POST":
        return writing.create(kind, content, unless=request.get("ifNoneExist"))
    version = request.get("ifMatch")
    return writing.update(kind, resource_id, content, version=None if version is None else version_of(version))


def _not_here(why: str, element: str = "url") -> Told:
    return Told(405, [Issue("not-supported", why, f"request.{element}")])


def done(tx: Tx, bundle: Asked, *, actor: Actor, now: datetime) -> dict[int, Written | Volume]:
    """A transaction, whole: what was written or read, by entry.

    Raises:
        Told: it cannot be done whole; the status is that of the first fault, the paths are those of the Bundle.
    """
    _check_all(bundle)
    take_turn(tx, directory.GATE)
    wishes = {one.n: one.ask for one in bundle.in_order() if isinstance(one.ask, Wish)}
    there: dict[int, Volume] = {}
    for n, wish in wishes.items():
        with _at(n):
            found = writing.already(tx, wish, actor=actor)
        if found is not None:
            there[n] = found
    names = _names(bundle, there)
    wishes = {n: resolved(wish, n, names) for n, wish in wishes.items() if n not in there}
    are_new = _kept(tx, wishes, actor=actor, now=now)
    made: dict[int, Written | Volume] = {n: Written(200, found) for n, found in there.items()}
    made |= {n: writing.kept(tx, wish, is_new=are_new[n]) for n, wish in wishes.items()}
    return made | {one.n: _seen(tx, one, actor) for one in bundle.entries if isinstance(one.ask, Look)}


def _kept(tx: Tx, wishes: Mapping[int, Wish], *, actor: Actor, now: datetime) -> dict[int, bool]:
    """Checked against what is before, and whether somebody is displaced against what is after all of it."""
    at, are_new = shelf.load(tx), {}
    for n, wish in wishes.items():
        with _at(n):
            are_new[n] = writing.check(at, wish, actor=actor)
    may = any(not are_new[n] or wish.resource.kind == "PractitionerRole" for n, wish in wishes.items())
    with writing.displacing_nobody(tx, may=may, now=now) as place:
        for n, wish in wishes.items():
            with _at(n):
                directory.take(tx, wish.resource, now=now)
        place("Bundle.entry")
    return are_new


def _check_all(bundle: Asked) -> None:
    """Whatever can be said before anything is done, of all entries together."""
    faults = [one.ask for one in bundle.entries if isinstance(one.ask, Told)]
    if faults:
        raise Told(faults[0].status, [issue for one in faults for issue in one.issues])
    seen: set[object] = set()
    for one in bundle.entries:
        if isinstance(one.ask, Wish):
            resource = one.ask.resource
            name = (resource.kind, resource.id if one.ask.unless is None else (one.ask.unless,))
            if name in seen:
                raise Told(400, [Issue("duplicate", "another entry writes the same resource", one.place)])
            seen.add(name)


def _names(bundle: Asked, there: Mapping[int, Volume]) -> dict[str, str]:
    """``Type/id`` of what each entry writes, by its fullUrl."""
    return {
        one.url: there[one.n].name if one.n in there else f"{one.ask.resource.kind}/{one.ask.resource.id}"
        for one in bundle.entries
        if isinstance(one.ask, Wish) and one.url.startswith("urn:")
    }


def resolved(wish: Wish, n: int, names: Mapping[str, str]) -> Wish:
    """With the names that the server gave in place of those within the Bundle; the text of all else stays.

    Raises:
        Told: a reference names no entry, or one of another type than may stand there.
    """
    text = wish.resource.content.decode()
    written = _URN.sub(lambda found: f'{found[1]}"{names.get(found[2], found[2])}"', text)
    with _at(n):
        valid = validate(written.encode()) if written != text else wish.resource
        for path, reference in _references(valid.fields, valid.kind):
            if reference.startswith("urn:"):
                raise Told(422, [Issue("not-found", "no entry that is written has this fullUrl", path)])
    return replace(wish, resource=Resource(valid.kind, wish.resource.id, valid.content, valid.fields))


def _references(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "reference" and isinstance(item, str):
                yield f"{path}.{name}", item
            yield from _references(item, f"{path}.{name}")
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _references(item, f"{path}[{n}]")


def _seen(tx: Tx, entry: Entry, actor: Actor) -> Volume:
    """What a GET in a transaction gives: the directory as it is behind all that is written."""
    look = entry.ask
    assert isinstance(look, Look)
    with _at(entry.n, "request"):
        if look.kind not in KINDS or not look.resource_id:
            raise Told(405, [Issue("not-supported", "a transaction reads single resources of the directory", "x.url")])
        scopes.require(actor, look.kind, Act.READ)
        found = shelf.load(tx).get(look.kind, look.resource_id)
        if found is None:
            raise NotFound
    return found


@contextmanager
def _at(n: int, member: str = "resource") -> Iterator[None]:
    """Refusals name what is at fault in the Bundle."""
    try:
        yield
    except Refusal as refusal:
        raise writing.placed(refusal, f"Bundle.entry[{n}].{member}") from None


def alone(tx: Tx, wish: Wish, n: int, *, actor: Actor, now: datetime) -> Written:
    """One entry of a batch, for itself.

    Raises:
        Told: as of the resource alone, with paths of the Bundle.
    """
    wish = resolved(wish, n, {})
    with _at(n):
        return writing.write(tx, wish, actor=actor, now=now)
