"""Whatever a program does at the FHIR interface leaves a line, on disk before the first byte of the answer.

Held here for every path at once, refusals too, so that no route can forget it. A route adds what only it knows by
`note`. Where a line about the very person stands already, and says all, a route says so (`note(request, left=True)`).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from starlette.datastructures import State
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemed.fhir.elements import model_of
from telemed.fhir.resource import ID
from telemed.identity.model import Role
from telemed.identity.rights import WITNESS, Witness
from telemed.people.acts import Act, Did, what_was_done, without_words
from telemed.people.service import Auditor
from telemed.web.centre import Centre

REQUEST_ID = b"x-request-id"
REFUSED = 400
BROKEN = 500


@dataclass
class Noted(Witness):
    """What is known of one request."""

    did: Did | None = None
    kind: str = ""
    asked: str | None = None
    found: int | None = None
    ids: tuple[str, ...] = ()
    person_id: str = ""
    left: bool = False
    also: tuple[Act, ...] = ()
    request_id: str = ""


def note(
    connection: HTTPConnection,
    *,
    did: Did | None = None,
    kind: str = "",
    asked: Iterable[tuple[str, str]] | None = None,
    found: int | None = None,
    ids: Iterable[str] = (),
    person_id: str = "",
    left: bool = False,
) -> None:
    """Say more of what this request did than its method and path do.

    Args:
        did, kind: where they differ from what method and path say; ids are of *kind*.
        asked: the parameters of a search that are not in the address; words of people are left out by itself.
        found: how many resources are handed out.
        ids: of which resources, where they are few.
        person_id: whom it is about, if about one.
        left: a line about that person stands already (`people.service.audit`) and nothing more need be said.
    """
    noted: Noted | None = connection.scope.get(WITNESS)
    if noted is None:
        return
    noted.did, noted.kind = did or noted.did, kind or noted.kind
    noted.asked = without_words(asked) if asked is not None else noted.asked
    noted.found = found if found is not None else noted.found
    noted.ids, noted.person_id = tuple(ids) or noted.ids, person_id or noted.person_id
    noted.left = noted.left or left


def note_within(connection: HTTPConnection, acts: Iterable[Act]) -> None:
    """Say what was done within this request, each with a line of its own beside that of the request."""
    noted: Noted | None = connection.scope.get(WITNESS)
    if noted is not None:
        noted.also = tuple(acts)


class Audited:
    """ASGI middleware for what lies below *prefix*."""

    def __init__(self, app: ASGIApp, *, prefix: str, state: State) -> None:
        self._app = app
        self._prefix = prefix
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{self._prefix}/"):
            await self._app(scope, receive, send)
            return
        noted = Noted(request_id=_name_of(scope))
        has_begun, named = False, noted.request_id

        async def after_the_line(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start" and not has_begun:
                has_begun = True
                if named:  # said again (R4, http.html 3.1.0.1.7)
                    message = {**message, "headers": [*message.get("headers", ()), (REQUEST_ID, named.encode())]}
                await self._leave(noted, scope, message["status"])
            await send(message)

        try:
            await self._app({**scope, WITNESS: noted}, receive, after_the_line)
        except Exception:
            if not has_begun:
                await self._leave(noted, scope, BROKEN)
            raise

    async def _leave(self, noted: Noted, scope: Scope, status: int) -> None:
        """Only what a program or an operator did who has shown who it is: of others nothing is known to be kept."""
        if noted.actor.role not in (Role.CLIENT, Role.OPERATOR) or (noted.left and status < REFUSED):
            return
        centre: Centre = self._state.centre
        auditor = centre.the(Auditor)
        also = (replace(one, request_id=noted.request_id) for one in noted.also)
        await asyncio.gather(*(auditor.asked(one) for one in (_act(noted, scope, status, centre), *also)))


def _act(noted: Noted, scope: Scope, status: int, centre: Centre) -> Act:
    did, kind, resource_id = what_was_done(scope["method"], scope["path"].partition("/")[2].partition("/")[2])
    if model_of(kind) is None:  # no type of FHIR's: it could be anything
        kind = resource_id = ""
    query = scope["query_string"].decode("latin-1")
    in_address = without_words(parse_qsl(query)) if query else ""
    return Act(
        noted.actor.subject,
        noted.did or did,
        noted.kind or kind,
        centre.clock.now(),
        asked=in_address if noted.asked is None else noted.asked,
        found=noted.found,
        ids=noted.ids or ((resource_id,) if resource_id else ()),
        person_id=noted.person_id,
        status=status,
        role=noted.actor.role.value,
        request_id=noted.request_id,
    )


def _name_of(scope: Scope) -> str:
    """What the program calls this request; nothing but what an id is made of is taken up."""
    given = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"").decode("latin-1")
    return given if ID.fullmatch(given) else ""
