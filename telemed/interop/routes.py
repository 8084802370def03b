"""The FHIR R4 interface over HTTP: metadata for everyone, reading and searching by bearer token, and the import."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from telemed.fhir.answers import format_of, refuse, respond, respond_version
from telemed.fhir.incoming import preferences
from telemed.fhir.issues import OffTheWire
from telemed.fhir.negotiate import require_form, wanted
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded, Needs
from telemed.interop import looking, service
from telemed.interop.audited import note
from telemed.interop.looking import Asked
from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal
from telemed.web.centre import Centre, CentreDep, centre_of
from telemed.web.faults import Fault
from telemed.web.origins import Area
from telemed.web.refusals import Invalid

PREFIX = "/fhir"

SMALL = 64 * 1024
"""Bytes that are looked at without a thread."""

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]

EDGES: dict[str, Callable[[Request, Refusal], Response]] = {PREFIX: refuse}
"""How this path prefix says no."""


@routes.api_route(f"{PREFIX}/metadata", methods=["GET", "HEAD"])
def metadata(request: Request, centre: CentreDep, _actor: Anyone) -> Response:
    """What this server can do; true, because the routes go by the same table."""
    statement = looking.statement(_base(centre), version=version("telemed"), now=centre.clock.now())
    return respond(statement, format_of(request))


async def search(request: Request, actor: Actor) -> Response:
    """Search a type."""
    return await _search(request, request.query_params.multi_items(), actor)


async def search_by_form(request: Request, actor: Actor) -> Response:
    """Search a type, with parameters that shall not stand in a log; those of the address first.

    Raises:
        OffTheWire: 415, the body is not a form.
    """
    body, media = await request.body(), request.headers.get("content-type", "")
    if body or media:
        require_form(media)
    items = [*request.query_params.multi_items(), *parse_qsl(body.decode("utf-8", "replace"))]
    note(request, asked=items)
    return await _search(request, items, actor)


async def _search(request: Request, items: list[tuple[str, str]], actor: Actor) -> Response:
    named = dict(items).get("_format", "")
    speaks = wanted(request.headers.get("accept", ""), named)
    kind = request.url.path.split("/")[2]
    answer = await looking.search(centre_of(request), kind, items, asked_of(request, actor))
    note(request, found=answer.given)
    return respond(answer.content, speaks)


async def read_appointment(request: Request, actor: Actor) -> Response:
    """Read one appointment: unsealed, its audit line on disk before the answer."""
    speaks = format_of(request)
    note(request, left=True)
    content = await looking.read_appointment(
        centre_of(request), request.path_params["resource_id"], asked_of(request, actor)
    )
    return respond_version(request, content, speaks)


async def read(request: Request, actor: Actor) -> Response:
    """Read one resource."""
    speaks, given = format_of(request), request.path_params
    content = looking.read(centre_of(request), given["kind"], given["resource_id"], asked_of(request, actor))
    return respond_version(request, content, speaks)


async def expand(request: Request, actor: Actor) -> Response:
    """The codes of a value set."""
    asked, speaks = request.query_params, format_of(request)
    content = looking.expand(
        centre_of(request),
        asked_of(request, actor),
        value_set=request.path_params.get("resource_id", ""),
        url=asked.get("url", ""),
        text=asked.get("filter", ""),
    )
    return respond(content, speaks)


async def nothing_else(request: Request, _actor: Actor) -> Response:
    """
    Raises:
        OffTheWire: 404 or 405; it says what is not spoken here.
    """
    path = request.path_params.get("rest", "").strip("/")
    if path.rpartition("/")[2].startswith("$"):
        raise OffTheWire(404, "not-supported", "no operation of this name is defined here")
    if not path or path in ("_search", "_history"):
        status = 404 if request.method in ("GET", "HEAD", "POST") else 405
        raise OffTheWire(status, "not-supported", "the whole server is not searched: name a type, as in /fhir/Slot")
    if request.method in ("GET", "HEAD"):
        raise OffTheWire(404, "not-found", "there is nothing at this address")
    raise OffTheWire(405, "not-supported", "resources of this type are read and searched here")


_EVERY = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
routes.routes.extend(
    [
        Route(f"{PREFIX}/ValueSet/$expand", Guarded(Right.FHIR_READ, expand), methods=["GET"]),
        Route(f"{PREFIX}/ValueSet/{{resource_id}}/$expand", Guarded(Right.FHIR_READ, expand), methods=["GET"]),
        Route(f"{PREFIX}/Appointment/{{resource_id}}", Guarded(Right.FHIR_READ, read_appointment), methods=["GET"]),
        Route(f"{PREFIX}/{{kind}}", Guarded(Right.FHIR_READ, search), methods=["GET"]),
        Route(f"{PREFIX}/{{kind}}/_search", Guarded(Right.FHIR_READ, search_by_form), methods=["POST"]),
        Route(f"{PREFIX}/{{kind}}/{{resource_id}}", Guarded(Right.FHIR_READ, read), methods=["GET"]),
        Route(f"{PREFIX}/{{rest:path}}", Guarded(Right.FHIR_READ, nothing_else), methods=_EVERY),
        Route(PREFIX, Guarded(Right.FHIR_READ, nothing_else), methods=_EVERY),
    ]
)


async def take(request: Request, actor: Actor) -> Response:
    """Import a file while the centre runs; one line for each resource. *file* is its name, for the report.

    Raises:
        Invalid: the file has no name.
    """
    file = request.query_params.get("file")
    if file is None:
        raise Invalid((Fault("query.file", words().text("refusal.field.missing")),))
    centre, data = centre_of(request), await request.body()
    given, now = (centre, file, data), centre.clock.now()
    outcomes = await (
        service.take_one(*given, actor=actor, now=now)
        if len(data) <= SMALL
        else run_in_threadpool(service.take_file, *given, actor=actor, now=now)
    )
    said = [{"text": service.line(outcome), "refused": outcome.refused} for outcome in outcomes]
    return Response(orjson.dumps({"outcomes": said}), media_type="application/json")


routes.routes.append(Route("/import", Guarded(Right.IMPORT, take), methods=["POST"]))


def asked_of(request: Request, actor: Actor) -> Asked:
    centre = centre_of(request)
    strict = preferences(request).get("handling") == "strict"
    return Asked(actor, centre.clock.now(), _base(centre), strict)


def _base(centre: Centre) -> str:
    return centre.url(Area.PROGRAMS) + PREFIX
