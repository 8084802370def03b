"""The FHIR R4 interface over HTTP: metadata for everyone, reading and searching by bearer token, and the import."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from telemed.booking import service as booking
from telemed.fhir.answers import format_of, refuse, respond
from telemed.fhir.issues import OffTheWire
from telemed.fhir.negotiate import require_form
from telemed.identity.allowed import program
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded, Needs
from telemed.interop import looking, service
from telemed.interop.audited import note
from telemed.interop.looking import Asked
from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal
from telemed.people.service import Auditor
from telemed.web.centre import Centre, CentreDep, centre_of
from telemed.web.faults import Fault
from telemed.web.origins import Area
from telemed.web.refusals import Invalid

PREFIX = "/fhir"

SMALL = 64 * 1024
"""Bytes that are looked at without a thread."""

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Reader = Annotated[Actor, Depends(Needs(Right.FHIR_READ))]

EDGES: dict[str, Callable[[Request, Refusal], Response]] = {PREFIX: refuse}
"""How this path prefix says no."""


async def _form(request: Request) -> list[tuple[str, str]]:
    """The parameters of a search by POST, those of the address first.

    Raises:
        OffTheWire: 415, the body is not a form.
    """
    require_form(request.headers.get("content-type", ""))
    body = (await request.body()).decode("utf-8", "replace")
    return [*request.query_params.multi_items(), *parse_qsl(body)]


@routes.get(f"{PREFIX}/metadata")
def metadata(request: Request, centre: CentreDep, _actor: Anyone) -> Response:
    """What this server can do; true, because the routes go by the same table."""
    statement = looking.statement(_base(centre), version=version("telemed"), now=centre.clock.now())
    return respond(statement, format_of(request))


@routes.get(f"{PREFIX}/{{kind}}")
def search(request: Request, kind: str, centre: CentreDep, actor: Reader) -> Response:
    """Search a type."""
    return _search(request, kind, request.query_params.multi_items(), centre, actor)


@routes.post(f"{PREFIX}/{{kind}}/_search")
def search_by_form(
    request: Request, kind: str, centre: CentreDep, actor: Reader, items: Annotated[Any, Depends(_form)]
) -> Response:
    """Search a type, with parameters that shall not stand in a log."""
    note(request, asked=items)
    return _search(request, kind, items, centre, actor)


async def read_appointment(request: Request, actor: Actor) -> Response:
    """Read one appointment: unsealed, its audit line on disk before the answer."""
    centre, speaks = centre_of(request), format_of(request)
    note(request, left=True)
    resource_id: str = request.path_params["resource_id"]
    content = await booking.reveal_appointment(
        centre.db.glance, centre.the(Auditor), centre.secrets, resource_id, asker=program(actor, centre.clock.now())
    )
    return respond(content, speaks)


routes.routes.append(
    Route(f"{PREFIX}/Appointment/{{resource_id}}", Guarded(Right.FHIR_READ, read_appointment), methods=["GET"])
)


@routes.get(f"{PREFIX}/{{kind}}/{{resource_id}}")
def read(request: Request, kind: str, resource_id: str, centre: CentreDep, actor: Reader) -> Response:
    """Read one resource."""
    speaks = format_of(request)
    asked = Asked(centre.secrets, actor, centre.clock.now())
    with _looking(centre, kind) as tx:
        content = looking.read(tx, kind, resource_id, asked)
    return respond(content, speaks)


@routes.api_route(f"{PREFIX}/{{rest:path}}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def nothing_else(request: Request, _actor: Reader) -> Response:
    """
    Raises:
        OffTheWire: 404 or 405; there is nothing here yet that would change a resource.
    """
    if request.method in ("GET", "HEAD"):
        raise OffTheWire(404, "not-found", "there is nothing at this address")
    raise OffTheWire(405, "not-supported", "resources are read and searched here")


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


def _search(request: Request, kind: str, items: list[tuple[str, str]], centre: Centre, actor: Actor) -> Response:
    speaks = format_of(request)
    asked = Asked(centre.secrets, actor, centre.clock.now())
    with _looking(centre, kind) as tx:
        content = looking.search(tx, kind, items, asked, base_url=_base(centre))
    return respond(content, speaks)


def _looking(centre: Centre, kind: str) -> Any:
    return centre.db.transaction() if looking.reads_personal(kind) else centre.db.reading()


def _base(centre: Centre) -> str:
    return centre.url(Area.PROGRAMS) + PREFIX
