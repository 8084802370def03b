"""Separate addresses for what should not share a browser's rooms: staff, display and programs beside the public pages.

Cookies, storage and scripts of one address do not reach the next; so a hole in a page for everybody opens nothing of
the staff's. Where an operator sets no address of its own for an area, that area is at the public one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from telemed.web.languages import words_of

MISDIRECTED = 421
"""RFC 9110, 15.5.20."""
CLOSE_WRONG_PLACE = 4421


class Area(StrEnum):
    PUBLIC = "public"
    STAFF = "staff"
    DISPLAY = "display"
    PROGRAMS = "programs"


@dataclass(frozen=True)
class Plan:
    """Where what is found. *below*: path prefixes of each area but the public one, which has all the rest.

    *everywhere*: path prefixes that belong to all, like static files. *urls*: the areas with an address of their own,
    and the public one.
    """

    below: Mapping[Area, tuple[str, ...]]
    everywhere: tuple[str, ...]
    urls: Mapping[Area, str]

    @property
    def is_divided(self) -> bool:
        return len({self.url(area) for area in Area}) > 1

    def url(self, area: Area) -> str:
        return self.urls.get(area) or self.urls[Area.PUBLIC]

    def area(self, path: str) -> Area | None:
        """Which area *path* belongs to; None if it belongs to all."""
        if is_below(path, self.everywhere):
            return None
        return next((area for area, prefixes in self.below.items() if is_below(path, prefixes)), Area.PUBLIC)

    def right_url(self, path: str, host: str) -> str | None:
        """Where *path* is found instead; None if *host* is right for it."""
        area = self.area(path)
        url = self.url(area) if area else ""
        return None if not url or urlsplit(url).netloc.lower() == host.lower() else url


class Origins:
    """Refuses what is asked for at the address of another area."""

    def __init__(self, app: ASGIApp, *, plan: Plan) -> None:
        self._app = app
        self._plan = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        instead = self._plan.right_url(scope["path"], Headers(scope=scope).get("host", ""))
        if instead is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            said = words_of(HTTPConnection(scope)).text("refusal.other_address", address=instead)
            await PlainTextResponse(said, status_code=MISDIRECTED)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": CLOSE_WRONG_PLACE})


def is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(prefix.rstrip("/") + "/") for prefix in prefixes)
