"""The stream of the resident's own page: one open connection for each page, told only what it shows."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from telemed.desk.live import Key, Live
from telemed.desk.outlook import WAYS
from telemed.identity.model import WAITING, Right
from telemed.identity.rights import Guarded, Needs
from telemed.kit.refusal import NotFound, Refusal
from telemed.web.centre import centre_of
from telemed.web.pages import words_of
from telemed.web.stream import Ear, shed

PATH = "/mein-termin/strom"
WAY_COOKIE = "__Host-weg"
TOO_MANY = 503
"""A browser does not come back to the stream then; the page asks now and then instead."""


class Attended(Guarded):
    """Nothing of a request stays in memory but what its connection needs while it is open."""

    def __init__(self, right: Right) -> None:  # of a Guarded only the right and how it is asked for
        self.right = right
        self._needs = Needs(right)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        live = centre_of(HTTPConnection(scope)).the(Live)
        try:
            key = await self._key(HTTPConnection(scope))
        except Refusal as refusal:
            await Response(status_code=refusal.sense.value)(scope, receive, send)
            return
        if live.is_full:
            await Response(status_code=TOO_MANY)(scope, receive, send)
            return
        ear = Ear(send)
        await ear.open()
        shed(scope)
        live.enter(key, ear)
        try:
            await ear.stay(receive)
        finally:
            live.leave(key, ear)

    async def _key(self, connection: HTTPConnection) -> Key:
        """
        Raises:
            NotSignedIn, NotAllowed: nobody is signed in who has an appointment.
            NotFound: she waits for one, and has none yet.
        """
        actor = await self._needs(connection)
        if actor.subject.startswith(WAITING):
            raise NotFound
        return actor.subject, way_of(connection.cookies), words_of(connection).language


def way_of(cookies: Mapping[str, str]) -> int:
    """How many minutes she needs to the room, as she chose; only her browser knows it. 0: she did not say."""
    said = cookies.get(WAY_COOKIE, "")
    return int(said) if said in map(str, WAYS) else 0


routes = APIRouter()
STREAM = Attended(Right.OWN_APPOINTMENT)
routes.routes.append(Route(PATH, STREAM, methods=["GET"]))
