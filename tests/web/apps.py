"""A small app in the shared frame, for tests of what every program gets."""

from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from telemed.kit.refusal import NotFound, Refusal, Sense
from telemed.web import refusals
from telemed.web.pages import FrameInfo, Pages, mount_static
from telemed.web.security import Protection, protect


class SlotTaken(Refusal):
    sense = Sense.CONFLICT
    key = "refusal.not_found"


class Wish(BaseModel):
    words: str


def make_pages(*folders: Path, simulated: bool = False, exercise: bool = False) -> Pages:
    offset = timedelta(hours=2) if exercise else timedelta(0)
    return Pages(*folders, frame=FrameInfo(simulated, exercise, lambda: offset, "telemed"))


def make_app(folder: Path, protection: Protection | None = None, **frame: bool) -> FastAPI:
    """An app with a page of every kind; *folder* may hold more templates."""
    app = FastAPI()
    pages = make_pages(folder, **frame)

    @app.api_route("/page/{template}", methods=["GET", "POST"])
    def page(request: Request, template: str) -> HTMLResponse:
        return pages.render(request, template)

    @app.get("/missing")
    @app.get("/fhir/missing")
    def missing() -> None:
        raise NotFound

    @app.get("/taken")
    def taken() -> None:
        raise SlotTaken

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("a bug")

    @app.post("/wish")
    @app.post("/fhir/wish")
    def wish(wish: Wish) -> Wish:
        return wish

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    mount_static(app)
    refusals.install(app, pages)
    protect(app, protection or Protection(media=("/page",)))
    return app
