"""The agent's own small server, for the kiosk and the monitors in the local network."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from room_agent import assistant, doctor, door, faults, feed
from room_agent.kiosk import socket as kiosk
from room_agent.wiring import Agent
from telemed.web import refusals
from telemed.web.pages import FrameInfo, Pages, mount_static
from telemed.web.reading import mount_reading
from telemed.web.security import Protection, protect

KIOSK = Path(__file__).parent / "kiosk"
PROTECTION = Protection(media=("/kiosk",), machines=("/pair",))


def create_app(running: Callable[[], AbstractAsyncContextManager[Agent]]) -> FastAPI:
    """The app; the agent runs as long as it does."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running() as agent:
            app.state.agent = agent
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(door.routes)
    app.include_router(feed.routes)
    app.include_router(kiosk.routes)
    app.include_router(assistant.routes)
    app.include_router(faults.routes)
    app.include_router(doctor.routes)
    mount_reading(app, lambda: app.state.agent.aloud, [Depends(door.anyone)])
    app.add_api_route("/health", health, dependencies=[Depends(door.anyone)])
    mount_static(app, kiosk=KIOSK / "static")
    refusals.install(app, _plain_pages())
    protect(app, PROTECTION)
    return app


def _plain_pages() -> Pages:
    """For refusals, which come before there is a room."""
    return Pages(frame=FrameInfo(simulated=False, exercise=False, offset=timedelta, program="room_agent"))


def health(request: Request) -> JSONResponse:
    """Whether the agent lives and hears the centre; for the watchdog."""
    agent: Agent = request.app.state.agent
    return JSONResponse({"paired": agent.room.pairing is not None, "line": agent.room.line_ok})
