"""Which route answers: found by its path, not by trying one of two hundred after the other.

That a page is found took longer than to fill it. The order of the routes decides as ever, and what no route of the
index answers goes the long way through the router: another method, a slash too much, an address that is none.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


def mount(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Serve *routers* on *app*, in this order, each of their routes beside the others."""
    for router in routers:
        app.router.routes.extend(_flat(router.routes))


def put_up(app: FastAPI) -> None:
    """Let *app* find its routes by their paths. Routes may still be added."""
    app.router.middleware_stack = Signpost(app.router)


class Signpost:
    """Goes by the path to the first route that answers it fully, and by the router where there is none."""

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._known: list[BaseRoute] = []
        self._at: dict[str, tuple[BaseRoute, ...]] = {}
        self._below: dict[str | None, tuple[BaseRoute, ...]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not scope.get("root_path"):
            for route in self._candidates(scope["path"]):
                match, child = route.matches(scope)
                if match is Match.FULL:
                    scope.setdefault("router", self._router)
                    scope.update(child)
                    await route.handle(scope, receive, send)
                    return
        await self._router.app(scope, receive, send)

    def _candidates(self, path: str) -> tuple[BaseRoute, ...]:
        if self._known != self._router.routes:
            self._look_again()
        return self._at.get(path) or self._below.get(_first(path)) or self._below[None]

    def _look_again(self) -> None:
        self._known = known = list(self._router.routes)
        firsts = [_first(getattr(route, "path", "")) for route in known]
        for first in {*firsts, None}:
            self._below[first] = tuple(r for r, own in zip(known, firsts, strict=True) if own in (first, None))
        paths = {path for route in known if "{" not in (path := getattr(route, "path", "{"))}
        self._at = {path: tuple(route for route in known if _may_be_at(route, path)) for path in paths}


def _flat(routes: Sequence[BaseRoute]) -> Iterator[BaseRoute]:
    """*routes*, and in place of a router that was included in theirs, its own: none adds a path or a right to them."""
    for route in routes:
        inner: Any = getattr(route, "original_router", None)
        yield from (route,) if inner is None else _flat(inner.routes)


def _first(path: str) -> str | None:
    """What stands before the second slash; None where anything may stand there."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return None if not first or "{" in first else first


def _may_be_at(route: BaseRoute, path: str) -> bool:
    regex = getattr(route, "path_regex", None)
    return regex is None or regex.match(path) is not None
