"""Bundles of type transaction and batch (R4, http.html 3.1.0.11): what they ask for, and how it is done.

Written are resources of the directory, read and searched whatever is served. In a transaction only resources of the
directory are read, for all of it is one state.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from telemed.directory import service as directory
from telemed.directory import shelf
from telemed.directory.model import KINDS
from telemed.directory.shelf import Shelf, Volume
from telemed.fhir import paths, raw
from telemed.fhir.elements import model_of
from telemed.fhir.incoming import JSON_PATCH, version_of
from telemed.fhir.issues import Invalid, Issue, Malformed, Told
from telemed.fhir.resource import Resource
from telemed.fhir.validate import validate
from telemed.identity import scopes
from telemed.identity.model import Actor
from telemed.identity.scopes import Act
from telemed.interop import writing
from telemed.interop.patching import Patch
from telemed.interop.writing import WRITTEN, Change, Wish, Written
from telemed.kit.db import Tx, take_turn
from telemed.kit.refusal import NotFound, Refusal

MOST = 100
"""Entries of one Bundle."""
ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET")
"""In which they are done, wherever they stand (3.1.0.11.2)."""

_URN = re.compile(r'("reference"\s*:\s*)"(urn:[^"\\]{1,200})"')
"""No text within a string looks like this: its quotes are escaped."""


@dataclass(frozen=True)
class Look:
    """A GET: of one resource, or a search. *known*, *since*: what has this version, or is older, is not handed out."""

    kind: str
    resource_id: str
    items: tuple[tuple[str, str], ...] = ()
    known: str = ""
    since: str = ""


@dataclass(frozen=True)
class Entry:
    """The *n*-th entry. *url*: what names it in references of others, if it has such a name."""

    n: int
    method: str
    url: str
    ask: Wish | Change | Look | Told

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
    for n, one in enumerate(given):
        if "method" not in one["request"] or "url" not in one["request"]:
            raise Malformed([Issue("required", "a request has a method and a url", f"Bundle.entry[{n}].request")])
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
    ask: Wish | Change | Look | Told
    try:
        ask = _ask(given["request"], content, base_url)
    except Told as refusal:
        ask = writing.placed(refusal, f"{place}.request")
    except Refusal as refusal:
        ask = writing.placed(refusal, f"{place}.resource")
    return Entry(n, method, url, ask)


def _ask(request: Mapping[str, Any], content: bytes | None, base_url: str) -> Wish | Change | Look:
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
        known, since = (str(request.get(name, "")) for name in ("ifNoneMatch", "ifModifiedSince"))
        return Look(kind, resource_id, tuple(parse_qsl(query, keep_blank_values=True)), known, since)
    if kind not in WRITTEN:
        raise _not_here("resources of this type are not written in Bundles; appointments are booked by $book")
    if method == "DELETE":
        raise _not_here("what is in the directory is not deleted: set active to false, or its status", "method")
    if method not in ("POST", "PUT", "PATCH"):
        raise _not_here("entries are POST, PUT, PATCH or GET", "method")
    is_where = method == "PUT" and bool(query) and not resource_id
    if not is_where and (query or bool(resource_id) != (method != "POST")):
        raise _not_here("POST names a type, PUT one resource by its id or by a search, PATCH by its id")
    if content is None:
        raise Malformed([Issue("required", "the entry has a resource")])
    if is_where:
        return writing.update_where(kind, query, content, version=_version(request))
    return _write(request, kind, resource_id, content)


def _write(request: Mapping[str, Any], kind: str, resource_id: str, content: bytes) -> Wish | Change:
    method = request["method"]
    if method == "POST":
        return writing.create(kind, content, unless=request.get("ifNoneExist"))
    if method == "PATCH":
        return Change(kind, resource_id, _patch(content, _version(request)))
    only_new = request.get("ifNoneMatch") == "*"
    return writing.update(kind, resource_id, content, version=_version(request), only_new=only_new)


def _version(request: Mapping[str, Any]) -> str | None:
    return version_of(request["ifMatch"]) if "ifMatch" in request else None


def _patch(content: bytes, version: str | None) -> Patch:
    """Parameters, or a Binary that holds a JSON Patch (R4, http.html 3.1.0.11.6).

    Raises:
        Malformed: neither.
    """
    fields = raw.parse(raw.text_of(content))
    if not isinstance(fields, Mapping) or fields.get("resourceType") != "Binary":
        return Patch(content, is_json_patch=False, version=version)
    if fields.get("contentType") != JSON_PATCH:
        raise Malformed([Issue("value", f"a patch in a Binary is {JSON_PATCH}", "Binary.contentType")])
    try:
        return Patch(b64decode(str(fields.get("data", "")), validate=True), is_json_patch=True, version=version)
    except ValueError:
        raise Malformed([Issue("value", "data is in base64", "Binary.data")]) from None


def _not_here(why: str, element: str = "url") -> Told:
    return Told(405, [Issue("not-supported", why, f"request.{element}")])


def done(tx: Tx, bundle: Asked, *, actor: Actor, now: datetime) -> dict[int, Written | Volume]:
    """A transaction, whole: what was written or read, by entry.

    Raises:
        Told: it cannot be done whole; the status is that of the first fault, the paths are those of the Bundle.
    """
    _check_all(bundle)
    take_turn(tx, directory.GATE)
    plan = _planned(tx, bundle, actor=actor)
    names = _names(bundle, plan)
    wishes = {n: resolved(wish, n, names) for n, wish in plan.wishes.items()}
    are_new = _kept(tx, wishes, plan.by, actor=actor, now=now)
    made: dict[int, Written | Volume] = {n: Written(200, found) for n, found in plan.there.items()}
    made |= {n: writing.kept(tx, wish, is_new=are_new[n]) for n, wish in wishes.items()}
    return made | {one.n: _seen(tx, one, actor) for one in bundle.entries if isinstance(one.ask, Look)}


@dataclass
class _Plan:
    """By entry: what is there already, what is written, and of a PATCH which operation changed which member."""

    there: dict[int, Volume] = field(default_factory=dict)
    wishes: dict[int, Wish] = field(default_factory=dict)
    by: dict[int, dict[str, str]] = field(default_factory=dict)


def _planned(tx: Tx, bundle: Asked, *, actor: Actor) -> _Plan:
    """What each entry amounts to in the state that is before all of them.

    Raises:
        Told: an entry cannot be done, or two write the same.
    """
    plan, at, seen = _Plan(), shelf.load(tx), set[str]()
    for one in bundle.in_order():
        with _at(one.n):
            _plan(tx, plan, one, at, actor)
        if one.n in plan.wishes:
            resource = plan.wishes[one.n].resource
            if f"{resource.kind}/{resource.id}" in seen:
                raise Told(400, [Issue("duplicate", "another entry writes the same resource", one.place)])
            seen.add(f"{resource.kind}/{resource.id}")
    return plan


def _plan(tx: Tx, plan: _Plan, one: Entry, at: Shelf, actor: Actor) -> None:
    if isinstance(one.ask, Change):
        wish, by = writing.patched(at, one.ask, actor=actor)
        found = None if by else at.get(one.ask.kind, one.ask.resource_id)
        plan.by[one.n] = by
    elif isinstance(one.ask, Wish):
        found = writing.already(tx, one.ask, actor=actor)
        wish = one.ask if found else writing.settled(tx, one.ask)
    else:
        return
    if found is not None:
        plan.there[one.n] = found
    else:
        plan.wishes[one.n] = wish


def _kept(
    tx: Tx, wishes: Mapping[int, Wish], by: Mapping[int, Mapping[str, str]], *, actor: Actor, now: datetime
) -> dict[int, bool]:
    """Checked against what is before, and whether somebody is displaced against what is after all of it."""
    at, are_new = shelf.load(tx), {}
    beside = {f"{wish.resource.kind}/{wish.resource.id}" for wish in wishes.values()}
    for n, wish in wishes.items():
        with _at(n, by=by.get(n)):
            are_new[n] = writing.check(at, wish, actor=actor, beside=beside)
    may = any(not are_new[n] or wish.resource.kind == "PractitionerRole" for n, wish in wishes.items())
    with writing.displacing_nobody(tx, may=may, now=now) as place:
        for n, wish in wishes.items():
            with _at(n, by=by.get(n)):
                directory.take(tx, wish.resource, now=now)
        place("Bundle.entry")
    return are_new


def _check_all(bundle: Asked) -> None:
    """Whatever can be said before anything is done, of all entries together."""
    faults = [one.ask for one in bundle.entries if isinstance(one.ask, Told)]
    if faults:
        raise Told(faults[0].status, [issue for one in faults for issue in one.issues])
    seen: set[tuple[str, str]] = set()
    for one in bundle.entries:
        search = (one.ask.unless or one.ask.where) if isinstance(one.ask, Wish) else None
        if isinstance(one.ask, Wish) and search is not None:
            if (one.ask.resource.kind, search) in seen:
                raise Told(400, [Issue("duplicate", "another entry writes the same resource", one.place)])
            seen.add((one.ask.resource.kind, search))


def _names(bundle: Asked, plan: _Plan) -> dict[str, str]:
    """``Type/id`` of what each entry writes, by its fullUrl."""
    named = {n: one.name for n, one in plan.there.items()}
    named |= {n: f"{one.resource.kind}/{one.resource.id}" for n, one in plan.wishes.items()}
    return {one.url: named[one.n] for one in bundle.entries if one.n in named and one.url.startswith("urn:")}


def resolved(wish: Wish, n: int, names: Mapping[str, str]) -> Wish:
    """With the names that the server gave in place of those within the Bundle; the text of all else stays.

    Raises:
        Told: a reference names no entry, or one of another type than may stand there.
    """
    text = wish.resource.content.decode()
    written = _URN.sub(lambda found: f'{found[1]}"{names.get(found[2], found[2])}"', text)
    with _at(n):
        valid = validate(written.encode()) if written != text else wish.resource
        for path, reference in writing.references(valid.fields, valid.kind):
            if reference.startswith("urn:"):
                raise Told(422, [Issue("not-found", "no entry that is written has this fullUrl", path)])
    return replace(wish, resource=Resource(valid.kind, wish.resource.id, valid.content, valid.fields))


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
def _at(n: int, member: str = "resource", *, by: Mapping[str, str] | None = None) -> Iterator[None]:
    """Refusals name what is at fault in the Bundle; *by*: of a PATCH, where each member was changed."""
    try:
        yield
    except Refusal as refusal:
        said = writing.blamed(refusal, by) if by and isinstance(refusal, Invalid) else refusal
        raise writing.placed(said, f"Bundle.entry[{n}].{member}") from None


def alone(tx: Tx, ask: Wish | Change, n: int, *, actor: Actor, now: datetime) -> Written:
    """One entry of a batch, for itself.

    Raises:
        Told: as of the resource alone, with paths of the Bundle.
    """
    if isinstance(ask, Change):
        with _at(n):
            return writing.patch(tx, ask, actor=actor, now=now)
    wish = resolved(ask, n, {})
    with _at(n):
        return writing.write(tx, wish, actor=actor, now=now)
