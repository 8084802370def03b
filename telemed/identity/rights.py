"""How a route declares the right that it needs; a route without one fails a test."""

import time
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from telemed.identity import service
from telemed.identity.model import ANYONE, Actor, Right, Role, holds
from telemed.kit.refusal import NotAllowed, NotSignedIn
from telemed.web.centre import Centre, centre_of

SESSION_COOKIE = "__Host-telemed"
GUEST_COOKIE = "__Host-gast"
"""Beside the other one: who is a guest somewhere stays signed in as whoever she is."""

REMEMBERED_S = 2.0
MANY = 1000
"""Tokens to remember at once; more than that are forgotten together."""


class Needs:
    """A dependency: the actor, who holds *right*.

    Use as ``actor: Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]``.

    Args:
        right: what the route asks for.
        cookies: whether a browser's session counts. Where it does not, another site cannot act in somebody's name.
    """

    def __init__(self, right: Right, *, cookies: bool = True) -> None:
        self.right = right
        self._cookies = cookies

    async def __call__(self, connection: HTTPConnection) -> Actor:
        """
        Raises:
            NotSignedIn: nobody is signed in.
            NotAllowed: who is signed in does not hold the right.
        """
        cookie = GUEST_COOKIE if self.right is Right.BE_GUEST else SESSION_COOKIE
        actor = await _actor(connection, cookie=cookie if self._cookies else None)
        if not holds(actor, self.right):
            raise NotSignedIn if actor.role is Role.ANYONE else NotAllowed
        return actor


async def guest_of(connection: HTTPConnection) -> Actor:
    """Who came by an invitation, or `ANYONE`: for a socket, at which whoever has a right comes in by one door."""
    return await _actor(connection, cookie=GUEST_COOKIE)


class Guarded:
    """A route that asks for its right itself, without FastAPI's machinery, for those few that must be fast.

    Use as ``Route(path, Guarded(Right.FHIR_READ, read), methods=["GET"])``, ``async read(request, actor) -> Response``.
    """

    def __init__(
        self, right: Right, answer: Callable[[Request, Actor], Awaitable[Response]], *, cookies: bool = True
    ) -> None:
        self.right = right
        self._needs = Needs(right, cookies=cookies)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await self._answer(request, await self._needs(request))
        await answer(scope, receive, send)


class Programs:
    """Bearer tokens seen a moment ago, so that a program's every request need not ask the database.

    A token that is taken away works on for `REMEMBERED_S` at the most.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: dict[str, tuple[Actor, float]] = {}

    def known(self, token: str) -> Actor | None:
        """Whom *token* stood for a moment ago."""
        actor, until = self._seen.get(token, (None, 0.0))
        return actor if self._monotonic() < until else None

    def remember(self, token: str, actor: Actor) -> None:
        if len(self._seen) > MANY:
            self._seen.clear()
        self._seen[token] = actor, self._monotonic() + REMEMBERED_S


async def _actor(connection: HTTPConnection, *, cookie: str | None) -> Actor:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    bearer = token if kind.lower() == "bearer" else None
    session = connection.cookies.get(cookie) if cookie else None
    if not bearer and not session:
        return ANYONE
    centre = centre_of(connection)
    programs: Programs = centre.live.setdefault(Programs, Programs())
    known = programs.known(bearer) if bearer else None
    if known is not None:
        return known
    found = await run_in_threadpool(_look_up, centre, session, bearer)
    if bearer and found is not None:
        programs.remember(bearer, found)
    return found or ANYONE


def _look_up(centre: Centre, session: str | None, bearer: str | None) -> Actor | None:
    with centre.db.reading() as tx:
        return service.who(tx, session=session, bearer=bearer, now=centre.clock.now())
