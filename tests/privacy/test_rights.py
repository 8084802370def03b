"""Every route of the centre declares the right that it needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.dependencies.models import Dependant
from fastapi.staticfiles import StaticFiles
from starlette.routing import Mount

from telemed import wiring
from telemed.app import make_app
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded, Needs
from telemed.kit.db import Database

OPEN_ON_PURPOSE = ("/", "/api", "/health", "/anmelden", "/abmelden", "/fhir/metadata", "/roster")
"""What may be open: booking pages, the API for booking, signing in and out, the CapabilityStatement, the roster."""


def routes_of(app: Any) -> Iterator[Any]:
    """Every route, also those of included routers, as it is served."""
    for route in app.routes:
        yield from _served(route)


def _served(route: Any) -> Iterator[Any]:
    candidates = getattr(route, "effective_candidates", None)
    if candidates is None:
        yield getattr(route, "starlette_route", None) or route
        return
    for inner in [*candidates(), *route.effective_low_priority_routes()]:
        yield from _served(inner)


def rights_of(dependant: Dependant) -> set[Right]:
    """What a route asks for, anywhere in its tree of dependencies."""
    own = {dependant.call.right} if isinstance(dependant.call, Needs) else set()
    return own.union(*(rights_of(inner) for inner in dependant.dependencies))


def without_right(app: Any) -> list[str]:
    """The paths that anybody may ask without anybody having said so. Static files are exempt."""
    found = []
    for route in routes_of(app):
        if isinstance(route, Mount) and isinstance(route.app, StaticFiles):
            continue
        if isinstance(getattr(route, "endpoint", None), Guarded):
            continue
        dependant = getattr(route, "dependant", None)
        if dependant is None or not rights_of(dependant):
            found.append(route.path)
    return found


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> FastAPI:
    wiring.make_secrets(tmp_path)
    return make_app(wiring.build(wiring.Settings(state_dir=tmp_path), sqlite_database))


def test_every_route_declares_its_right(app: FastAPI) -> None:
    assert len(list(routes_of(app))) > 20
    assert without_right(app) == []


def test_sockets_and_those_for_programs_are_among_them(app: FastAPI) -> None:
    paths = {route.path for route in routes_of(app)}
    assert {"/link", "/signalling/{visit_id}", "/pair", "/fhir/metadata", "/api/offers", "/api/bookings"} <= paths


def test_a_route_without_a_right_is_found() -> None:
    routes = APIRouter()

    @routes.get("/good")
    def good(_actor: Annotated[Actor, Depends(Needs(Right.OPEN))]) -> None: ...

    @routes.get("/bad")
    def bad() -> None: ...

    @routes.websocket("/bad-socket")
    async def bad_socket(socket: WebSocket) -> None: ...

    guarded = APIRouter(dependencies=[Depends(Needs(Right.OPERATE))])
    guarded.add_api_route("/guarded", bad)
    outer = APIRouter()
    outer.include_router(routes)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(outer)
    app.include_router(guarded)
    assert without_right(app) == ["/bad", "/bad-socket"]


def test_fastapi_s_own_pages_would_be_found() -> None:
    assert "/docs" in without_right(FastAPI())
