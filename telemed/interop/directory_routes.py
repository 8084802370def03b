"""Changing the directory over HTTP, and what it was before (R4, http.html: create, update, vread, history)."""

from datetime import UTC
from email.utils import format_datetime

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.directory import shelf
from telemed.directory.shelf import Version
from telemed.fhir.answers import format_of, respond, respond_version
from telemed.fhir.incoming import etag, preferences, resource_text, version_asked
from telemed.fhir.issues import Issue, OffTheWire, outcome
from telemed.fhir.negotiate import Format
from telemed.identity import scopes
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded
from telemed.identity.scopes import Act
from telemed.interop import writing
from telemed.interop.audited import note
from telemed.interop.routes import PREFIX, search_by_form
from telemed.interop.writing import WRITTEN, Wish, Written
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
    wish = writing.update(kind, str(request.path_params["resource_id"]), content, version=version)
    return _shown(request, speaks, await _written(request, actor, wish))


async def _written(request: Request, actor: Actor, wish: Wish) -> Written:
    centre = centre_of(request)
    now = centre.clock.now()

    def done() -> Written:
        with centre.db.transaction() as tx:
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
    """All versions that are kept, the newest first."""
    kind, resource_id, speaks = _kind(request), str(request.path_params["resource_id"]), format_of(request)
    scopes.require(actor, kind, Act.READ)
    versions = await run_in_threadpool(_versions, centre_of(request), kind, resource_id)
    base, name = base_of(centre_of(request)), f"{kind}/{resource_id}"
    entries = [
        {
            "fullUrl": f"{base}/{name}",
            "resource": orjson.Fragment(one.content),
            "request": {"method": "PUT", "url": name},
            "response": {
                "status": "201" if one.number == 1 else "200",
                "etag": etag(one.number),
                "lastModified": one.taken_at.isoformat(),
            },
        }
        for one in versions
    ]
    link = [{"relation": "self", "url": f"{base}/{name}/_history"}]
    made = {"resourceType": "Bundle", "type": "history", "total": len(entries), "link": link, "entry": entries}
    note(request, found=len(entries))
    return respond(orjson.dumps(made), speaks)


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
        Route(one, Guarded(Right.FHIR_WRITE, update), methods=["PUT"]),
        Route(one, Guarded(Right.FHIR_WRITE, nothing_else), methods=["DELETE"]),
        Route(f"{one}/_history", Guarded(Right.FHIR_READ, history), methods=["GET"]),
        Route(f"{one}/_history/{{number}}", Guarded(Right.FHIR_READ, vread), methods=["GET"]),
    ]


routes.routes.extend(route for kind in WRITTEN for route in _of(kind))
