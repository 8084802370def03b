"""Changing the directory over HTTP, and what it was before (R4, http.html: create, update, vread, history)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.directory import service as directory
from telemed.directory import shelf
from telemed.directory.shelf import Version
from telemed.fhir.answers import format_of, respond, respond_version
from telemed.fhir.incoming import etag, patch_text, preferences, resource_text, version_asked
from telemed.fhir.issues import Issue, Malformed, OffTheWire, outcome
from telemed.fhir.negotiate import Format
from telemed.fhir.paths import HTTP
from telemed.fhir.resource import span
from telemed.fhir.search import MOST
from telemed.identity import scopes
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded
from telemed.identity.scopes import Act
from telemed.interop import writing
from telemed.interop.audited import note
from telemed.interop.leafing import PAGE
from telemed.interop.patching import Patch
from telemed.interop.routes import PREFIX, search_by_form
from telemed.interop.writing import WRITTEN, Change, Wish, Written
from telemed.kit.refusal import NotFound
from telemed.web.centre import Centre, centre_of
from telemed.web.origins import Area

routes = APIRouter()


async def create(request: Request, actor: Actor) -> Response:
    """Make a resource; with ``If-None-Exist`` only if there is none that fits."""
    kind = _kind(request)
    scopes.require(actor, kind, Act.CREATE)
    speaks, content = format_of(request), await resource_text(request)
    wish = writing.create(kind, content, unless=request.headers.get("if-none-exist"))
    written = await _written(request, actor, wish)
    note(request, ids=[written.volume.id])
    return _shown(request, speaks, written)


async def update(request: Request, actor: Actor) -> Response:
    """Keep a resource in place of the one with this id, or as the first."""
    kind = _kind(request)
    scopes.require(actor, kind, Act.UPDATE)
    speaks, content, version = format_of(request), await resource_text(request), version_asked(request)
    only_new = request.headers.get("if-none-match", "").strip() == "*"
    resource_id = str(request.path_params["resource_id"])
    wish = writing.update(kind, resource_id, content, version=version, only_new=only_new)
    return _shown(request, speaks, await _written(request, actor, wish))


async def update_where(request: Request, actor: Actor) -> Response:
    """Keep a resource in place of the one that a search finds, or as a new one."""
    kind = _kind(request)
    scopes.require(actor, kind, Act.UPDATE)
    speaks, content, version = format_of(request), await resource_text(request), version_asked(request)
    written = await _written(request, actor, writing.update_where(kind, request.url.query, content, version=version))
    note(request, ids=[written.volume.id])
    return _shown(request, speaks, written)


async def patch(request: Request, actor: Actor) -> Response:
    """Change some of a resource (R4, http.html 3.1.0.1.9)."""
    kind = _kind(request)
    scopes.require(actor, kind, Act.UPDATE)
    speaks, version = format_of(request), version_asked(request)
    content, is_json_patch = await patch_text(request)
    change = Change(kind, str(request.path_params["resource_id"]), Patch(content, is_json_patch, version))
    return _shown(request, speaks, await _written(request, actor, change))


async def _written(request: Request, actor: Actor, wish: Wish | Change) -> Written:
    centre = centre_of(request)
    now = centre.clock.now()

    def done() -> Written:
        with centre.db.transaction() as tx:
            if isinstance(wish, Change):
                return writing.patch(tx, wish, actor=actor, now=now)
            return writing.write(tx, wish, actor=actor, now=now)

    return await run_in_threadpool(done)


def _shown(request: Request, speaks: Format, written: Written) -> Response:
    """As the client prefers to be answered (R4, http.html 3.1.0.1.10)."""
    one = written.volume
    headers = {
        "location": f"{base_of(centre_of(request))}/{one.name}/_history/{written.version}",
        "etag": etag(written.version),
        "last-modified": format_datetime(one.taken_at.astimezone(UTC), usegmt=True),
    }
    match preferences(request).get("return"):
        case "minimal":
            return Response(status_code=written.status, headers=headers)
        case "OperationOutcome":
            said = outcome([Issue("informational", "it is kept", severity="information")])
            return respond(said, speaks, written.status, headers)
        case _:
            return respond(one.content, speaks, written.status, headers)


def base_of(centre: Centre) -> str:
    return centre.url(Area.PROGRAMS) + PREFIX


async def history(request: Request, actor: Actor) -> Response:
    """All versions that are kept of a resource, or of all of a type; the newest first (R4, http.html 3.1.0.10)."""
    kind, resource_id, speaks = _kind(request), str(request.path_params.get("resource_id", "")), format_of(request)
    scopes.require(actor, kind, Act.READ)
    centre = centre_of(request)
    asked = _asked_of_history(request, centre)
    versions = await run_in_threadpool(_versions, centre, kind, resource_id)
    found = [one for one in versions if asked.since is None or one.taken_at >= asked.since]
    shown = found[asked.offset : asked.offset + asked.count]
    note(request, found=len(shown))
    base = base_of(centre)
    own = f"{base}/{kind}/{resource_id}/_history" if resource_id else f"{base}/{kind}/_history"
    links = [{"relation": "self", "url": asked.url(own)}]
    if asked.offset + asked.count < len(found) and asked.count:
        links.append({"relation": "next", "url": asked.url(own, asked.offset + asked.count)})
    entries = [_of_history(base, kind, one) for one in shown]
    made = {"resourceType": "Bundle", "type": "history", "total": len(found), "link": links}
    return respond(orjson.dumps(made | ({"entry": entries} if entries else {})), speaks)


@dataclass(frozen=True)
class _History:
    """*since*: only what became so then or later; *given*: how it was said."""

    since: datetime | None
    count: int
    offset: int
    given: tuple[tuple[str, str], ...]

    def url(self, own: str, offset: int | None = None) -> str:
        items = [*self.given, *([("_offset", str(offset))] if offset is not None else [])]
        return f"{own}?{urlencode([one for one in items if offset is None or one != ('_offset', str(self.offset))])}"


def _asked_of_history(request: Request, centre: Centre) -> _History:
    """
    Raises:
        Malformed: a parameter's value is not understood.
    """
    given = {name: value for name, value in request.query_params.items() if name in ("_since", "_count", "_offset")}
    numbers = {}
    for name, most in (("_count", MOST), ("_offset", 10**9)):
        text = given.get(name, str(PAGE if name == "_count" else 0))
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Malformed([Issue("invalid", f"{name} is a whole number", f"{HTTP}{name}")])
        numbers[name] = min(int(text), most)
    since = None
    if "_since" in given:
        try:
            with centre.db.reading() as tx:
                since = span(given["_since"].replace(" ", "+"), directory.load(tx).zone)[0]
        except (ValueError, OverflowError):
            raise Malformed([Issue("invalid", "_since is an instant", f"{HTTP}_since")]) from None
    return _History(since, numbers["_count"], numbers["_offset"], tuple(given.items()))


def _of_history(base: str, kind: str, one: Version) -> dict[str, Any]:
    name, is_first = f"{kind}/{one.id}", one.number == 1
    return {
        "fullUrl": f"{base}/{name}",
        "resource": orjson.Fragment(one.content),
        "request": {"method": "PUT", "url": name},
        "response": {
            "status": "201 Created" if is_first else "200 OK",
            "etag": etag(one.number),
            "lastModified": one.taken_at.isoformat(),
        },
    }


async def vread(request: Request, actor: Actor) -> Response:
    """One version.

    Raises:
        NotFound: it is not kept, or never was.
    """
    kind, given = _kind(request), request.path_params
    scopes.require(actor, kind, Act.READ)
    speaks = format_of(request)
    versions = await run_in_threadpool(_versions, centre_of(request), kind, str(given["resource_id"]))
    for one in versions:
        if str(one.number) == given["number"]:
            return respond_version(request, one.content, speaks)
    raise NotFound


def _versions(centre: Centre, kind: str, resource_id: str) -> list[Version]:
    with centre.db.reading() as tx:
        if not resource_id:
            return shelf.history_of_kind(tx, kind)
        found = shelf.history(tx, kind, resource_id)
    if not found:
        raise NotFound
    return found


def _kind(request: Request) -> str:
    return request.url.path.split("/")[2]


async def nothing_else(_request: Request, _actor: Actor) -> Response:
    """
    Raises:
        OffTheWire: 405; it says what to do instead.
    """
    why = "what is in the directory is named by appointments and is not deleted: set active to false, or its status"
    raise OffTheWire(405, "not-supported", why)


def _of(kind: str) -> list[Route]:
    path = f"{PREFIX}/{kind}"
    one = f"{path}/{{resource_id}}"
    return [
        Route(f"{path}/_search", Guarded(Right.FHIR_READ, search_by_form), methods=["POST"]),
        Route(path, Guarded(Right.FHIR_WRITE, create), methods=["POST"]),
        Route(f"{path}/_history", Guarded(Right.FHIR_READ, history), methods=["GET"]),
        Route(path, Guarded(Right.FHIR_WRITE, update_where), methods=["PUT"]),
        Route(one, Guarded(Right.FHIR_WRITE, update), methods=["PUT"]),
        Route(one, Guarded(Right.FHIR_WRITE, patch), methods=["PATCH"]),
        Route(one, Guarded(Right.FHIR_WRITE, nothing_else), methods=["DELETE"]),
        Route(f"{one}/_history", Guarded(Right.FHIR_READ, history), methods=["GET"]),
        Route(f"{one}/_history/{{number}}", Guarded(Right.FHIR_READ, vread), methods=["GET"]),
    ]


routes.routes.extend(route for kind in WRITTEN for route in _of(kind))
