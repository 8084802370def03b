"""The monitor's own small server: the page, and a stream of what to show. It never depends on the line."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from schemas.day import in_language
from signage.alive import Pulse, mount_alive
from signage.doorsign import png, sign_of
from signage.feed import Feed
from signage.layout import stylesheet
from signage.screen import Screen
from signage.sounds import mount_sounds
from signage.wiring import Monitor
from telemed.kit.clock import real_now
from telemed.kit.i18n import words
from telemed.kit.ids import new_id
from telemed.kit.logs import logger
from telemed.web import refusals
from telemed.web.pages import FrameInfo, Pages, mount_static
from telemed.web.security import Protection, protect

log = logger("signage")

HERE = Path(__file__).parent
BEAT_S = 2.0
RESTART_S = 5.0
LOOK_S = 0.5
"""How often ages are looked at while nothing comes."""


@dataclass(frozen=True)
class Painter:
    """Renders one monitor's templates. *boot* names this run of the program."""

    pages: Pages
    monitor: Monitor
    boot: str

    def paint(self, request: Request, template: str, screen: Screen) -> HTMLResponse:
        """*screen* in the monitor's layout."""
        return self.pages.render(
            request,
            template,
            screen=screen,
            second=words(screen.second) if screen.second else None,
            in_language=in_language,
            layout=self.monitor.face.layout.value,
            clock=real_now() + timedelta(seconds=screen.offset_s),
            boot=self.boot,
            sound=self.monitor.loudspeaker is not None,
        )


def create_app(monitor: Monitor) -> FastAPI:
    """The app around *monitor*; its feed runs as long as the app does."""

    @asynccontextmanager
    async def listening(_app: FastAPI) -> AsyncIterator[None]:
        feed = asyncio.create_task(_kept_running(monitor.feed))
        yield
        feed.cancel()
        await asyncio.wait([feed])

    app = FastAPI(lifespan=listening, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.languages = ()  # a monitor speaks to all who wait
    painter = Painter(_pages(monitor), monitor, new_id())

    @app.get("/")
    def page(request: Request) -> HTMLResponse:
        return painter.paint(request, "sign.html", monitor.bulletin.screen())

    @app.get("/stream")
    async def stream(request: Request) -> Response:
        return StreamingResponse(_stream(painter, request), media_type="text/event-stream")

    @app.get("/sizes.css")
    def sizes() -> Response:
        return Response(stylesheet(monitor.face), media_type="text/css")

    if monitor.loudspeaker:
        mount_sounds(app, monitor.bulletin, monitor.loudspeaker)
    _mount_door(app, monitor)
    mount_alive(app, Pulse())
    mount_static(app, signage=HERE / "static")
    refusals.install(app, painter.pages)
    protect(app, Protection())
    return app


def _mount_door(app: FastAPI, monitor: Monitor) -> None:
    @app.get("/tuer.png")
    def door(request: Request) -> Response:
        """For a panel of electronic paper; it draws itself anew only where this is another picture."""
        screen = monitor.bulletin.screen()
        sign = sign_of(screen, real_now() + timedelta(seconds=screen.offset_s))
        headers = {"ETag": sign.etag}
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if known & {sign.etag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(png(sign, monitor.paper), media_type="image/png", headers=headers)


async def _kept_running(feed: Feed) -> None:
    """Supervise *feed*: a bug in it is loud in the log, and the monitor, growing old, sends people to the desk."""
    while True:
        try:
            await feed.run()
        except Exception:
            log.error("feed_failed", exc_info=True)
        await asyncio.sleep(RESTART_S)


def _pages(monitor: Monitor) -> Pages:
    def offset() -> timedelta:
        return timedelta(seconds=monitor.bulletin.screen().offset_s)

    frame = FrameInfo(simulated=False, exercise=False, offset=offset, program="signage")
    return Pages(HERE / "templates", frame=frame)


async def _stream(painter: Painter, request: Request) -> AsyncIterator[str]:
    """Server-sent events: ``screen`` whenever it changed, ``beat`` so that the page knows that we live."""
    bulletin, boot = painter.monitor.bulletin, painter.boot
    shown: Screen | None = None
    sent_s = time.monotonic()
    while True:
        screen = bulletin.screen()
        if screen != shown:
            shown, sent_s = screen, time.monotonic()
            html = bytes(painter.paint(request, "board.html", screen).body).decode()
            yield _event("screen", {"boot": boot, "html": html})
        elif time.monotonic() - sent_s >= BEAT_S:
            sent_s = time.monotonic()
            yield _event("beat", {"boot": boot})
        await bulletin.changed(within_s=LOOK_S)


def _event(kind: str, data: dict[str, str]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
