"""The audit over HTTP: also for the operator, who reads nothing else here; by a bearer token, never by a cookie."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.fhir.answers import format_of, respond_version
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded
from telemed.interop import looking
from telemed.interop.auditing import KIND
from telemed.interop.routes import PREFIX, asked_of, search, search_by_form
from telemed.web.centre import centre_of

PATH = f"{PREFIX}/{KIND}"
routes = APIRouter()


async def read(request: Request, actor: Actor) -> Response:
    """One line of the audit."""
    speaks, line_id = format_of(request), str(request.path_params["resource_id"])
    asked = asked_of(request, actor)
    content = await run_in_threadpool(looking.read, centre_of(request), KIND, line_id, asked)
    return respond_version(request, content, speaks)


routes.routes.extend(
    [
        Route(PATH, Guarded(Right.AUDIT_READ, search, cookies=False), methods=["GET"]),
        Route(f"{PATH}/_search", Guarded(Right.AUDIT_READ, search_by_form, cookies=False), methods=["POST"]),
        Route(f"{PATH}/{{resource_id}}", Guarded(Right.AUDIT_READ, read, cookies=False), methods=["GET"]),
    ]
)
