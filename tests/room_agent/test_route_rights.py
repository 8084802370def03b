"""Every route of the agent says who may: anyone in the local network, a machine that proves itself, the assistant with
the code of the day, who sits at the room PC, or anyone where all is simulated."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.staticfiles import StaticFiles
from starlette.routing import Mount

from room_agent.app import create_app
from room_agent.assistant import assistant_inside
from room_agent.doctor import on_this_machine
from room_agent.door import anyone, the_door
from room_agent.faults import simulated_only
from room_agent.settings import Settings
from room_agent.wiring import running
from tests.privacy.test_rights import routes_of

GUARDS = (anyone, the_door, assistant_inside, simulated_only, on_this_machine)
"""`the_door`: a pairing code once, a signed challenge at each connection."""
OPEN_ON_PURPOSE = {"/health", "/kiosk", "/assistenz", "/assistenz/alarm", "/assistenz/code"}
"""Whether the agent lives; pages that hold nothing before a key or a code; that help is called, without a name; and
where the code is typed."""


def guards_of(dependant: Dependant) -> set[Callable[..., Any]]:
    """What a route asks for, anywhere in its tree of dependencies."""
    own = {dependant.call} & set(GUARDS) if dependant.call else set()
    return own.union(*(guards_of(inner) for inner in dependant.dependencies))


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return create_app(lambda: running(Settings(centre_url="http://127.0.0.1:9", state_dir=tmp_path)))


def rights(app: FastAPI) -> dict[str, set[Callable[..., Any]]]:
    found: dict[str, set[Callable[..., Any]]] = {}
    for route in routes_of(app):
        if isinstance(route, Mount) and isinstance(route.app, StaticFiles):
            continue
        found.setdefault(route.path, set()).update(guards_of(route.dependant))
    return found


def test_every_route_says_who_may(app: FastAPI) -> None:
    found = rights(app)
    assert {"/feed", "/kiosk/socket", "/kiosk/signalling", "/pair", "/faults", "/faults/{device}"} <= set(found)
    assert [path for path, guards in found.items() if not guards] == []


def test_only_what_holds_nothing_is_open(app: FastAPI) -> None:
    found = {path for path, guards in rights(app).items() if guards == {anyone}}
    assert {path for path in found if not path.startswith("/vorlesen/")} == OPEN_ON_PURPOSE  # what a page said anyway


def test_a_route_that_says_nothing_is_found() -> None:
    bare = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    bare.add_api_route("/bad", lambda: None)
    assert rights(bare) == {"/bad": set()}
