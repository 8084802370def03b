"""The assistant's page in the room, for hours without a line: who is there, is called, has left, and the cleaning.

The way in is the code of the day, which the centre showed her while there was a line; it came with the plan. With the
line the page notes nothing: then the tablet is the place, and nothing can be noted twice. At any time, with and without
a line, a call for help is shown and answered here, and the monitors are filled with what all must know.
"""

import hmac
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Protocol

from fastapi import APIRouter, Cookie, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import HTTPConnection

from room_agent.day import LATE_MINUTES
from room_agent.door import ROOM, anyone
from room_agent.room import Room
from schemas.board import Announced
from schemas.day import FactKind, FactReason
from telemed.kit.ids import digest, new_token
from telemed.kit.logs import logger
from telemed.kit.refusal import NotAllowed
from telemed.kit.tries import Tries
from telemed.web.pages import Pages

log = logger("assistant")

COOKIE = "__Host-room-assistant"
IDLE_S = 120.0
"""The page is on a screen where residents sit: whoever does nothing for so long must type the code again."""
TRIES = 5
PER = timedelta(minutes=10)

routes = APIRouter()


class CodeWrong(NotAllowed):
    """A wrong code, or too many of them; the page says so."""


class CodeAgain(NotAllowed):
    """Nobody typed the code, or nothing happened for too long."""

    key = "refusal.room_code"


class Assistant:
    """Who may note something in the room. Kept in memory: after a restart the code is typed again."""

    def __init__(self, room: Room, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._room = room
        self._mono = monotonic
        self._tries = Tries(TRIES, PER, too_many=CodeWrong, monotonic=monotonic)
        self._inside: dict[str, float] = {}

    @property
    def is_possible(self) -> bool:
        """Whether there is a list of today and a code for it."""
        plan = self._room.plan
        return plan is not None and plan.assistant_code != ""

    def enter(self, code: str) -> str:
        """A token for *code*.

        Raises:
            CodeWrong: it is not the code of the day, there is none, or too many were tried.
        """
        plan = self._room.plan
        with self._tries.one(ROOM):
            wanted = plan.assistant_code if plan else ""
            if not wanted or not hmac.compare_digest("".join(code.split()).encode(), wanted.encode()):
                log.warning("code_refused")
                raise CodeWrong
        token = new_token()
        self._inside[digest(token)] = self._mono() + IDLE_S
        log.info("entered")
        return token

    def knows(self, token: str) -> bool:
        """Whether *token* is still good; asking keeps it so."""
        now = self._mono()
        self._inside = {key: until for key, until in self._inside.items() if now < until}
        known = digest(token) in self._inside
        if known:
            self._inside[digest(token)] = now + IDLE_S
        return known and self.is_possible

    def is_inside(self, token: str) -> bool:
        """As `knows`, without keeping it so: a page that asks by itself is no sign of a person."""
        return self._mono() < self._inside.get(digest(token), 0.0) and self.is_possible

    def leave(self, token: str) -> None:
        self._inside.pop(digest(token), None)


class AssistantAgent(Protocol):
    """What this edge needs of the agent."""

    room: Room
    assistant: Assistant
    pages: Pages


def agent_of(connection: HTTPConnection) -> AssistantAgent:
    agent: AssistantAgent = connection.app.state.agent
    return agent


AgentDep = Annotated[AssistantAgent, Depends(agent_of)]
Token = Annotated[str, Cookie(alias=COOKIE)]


async def assistant_inside(agent: AgentDep, token: Token = "") -> str:
    """The token of an assistant who typed the code.

    Raises:
        CodeAgain: nobody did, or nothing happened for too long.
    """
    if not agent.assistant.knows(token):
        raise CodeAgain
    return token


@routes.get("/assistenz", dependencies=[Depends(anyone)])
async def page(request: Request, agent: AgentDep, token: Token = "") -> HTMLResponse:
    """The door, or the list. It holds nothing before the code."""
    return _page(request, agent, inside=agent.assistant.knows(token))


def _page(request: Request, agent: AssistantAgent, *, inside: bool, wrong: bool = False) -> HTMLResponse:
    plan = agent.room.plan
    return agent.pages.render(
        request,
        "assistant.html",
        status=403 if wrong else 200,
        line_ok=agent.room.line_ok,
        possible=agent.assistant.is_possible,
        inside=inside,
        wrong=wrong,
        room_name=plan.room_name if plan else "",
        steps=agent.room.steps() if inside else (),
        idle_s=IDLE_S,
        late_minutes=LATE_MINUTES,
        announcements=[*Announced],
        announced=agent.room.announced,
        emergency=agent.room.calls_for_help,
        fetch=agent.room.to_fetch(),
        help_what=agent.room.help.what if agent.room.help.is_unanswered else "",
    )


@routes.get("/assistenz/alarm", dependencies=[Depends(anyone)])
async def alarm(request: Request, agent: AgentDep, token: Token = "") -> HTMLResponse:
    """Whether somebody in this room calls for help, and who is to be fetched: a piece of the page, asked for every
    second. It names nobody."""
    return agent.pages.render(
        request,
        "_alarm.html",
        emergency=agent.room.calls_for_help,
        fetch=agent.room.to_fetch(),
        help_what=agent.room.help.what if agent.room.help.is_unanswered else "",
        inside=agent.assistant.is_inside(token),
        room_name=agent.room.plan.room_name if agent.room.plan else "",
    )


@routes.post("/assistenz/ich-komme", dependencies=[Depends(assistant_inside)])
async def come(agent: AgentDep) -> Response:
    """She comes; the doctor and the room are told."""
    agent.room.comes()
    return _to("/assistenz")


@routes.post("/assistenz/hilfe", dependencies=[Depends(assistant_inside)])
async def help_comes(agent: AgentDep) -> Response:
    """She comes to somebody who wants a hand."""
    agent.room.help.comes()
    return _to("/assistenz")


@routes.post("/assistenz/anzeige", dependencies=[Depends(assistant_inside)])
async def announce(agent: AgentDep, what: Annotated[Announced | None, Form()] = None) -> Response:
    """Something that all must know fills this room's monitors, or they show the board again."""
    agent.room.announce(what)
    return _to("/assistenz")


@routes.post("/assistenz/code", dependencies=[Depends(anyone)])
async def enter(request: Request, agent: AgentDep, code: Annotated[str, Form(max_length=32)]) -> Response:
    """The way in."""
    try:
        token = agent.assistant.enter(code)
    except CodeWrong:
        return _page(request, agent, inside=False, wrong=True)
    answer = _to("/assistenz")
    answer.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="strict", path="/")
    return answer


@routes.post("/assistenz/fertig")
async def leave(agent: AgentDep, token: Annotated[str, Depends(assistant_inside)]) -> Response:
    """The way out, back to the kiosk."""
    agent.assistant.leave(token)
    answer = _to("/kiosk")
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
    return answer


@routes.post("/assistenz/besuch/{visit_id}/{kind}", dependencies=[Depends(assistant_inside)])
async def note(
    visit_id: str,
    kind: FactKind,
    agent: AgentDep,
    reason: Annotated[FactReason | None, Form()] = None,
    minutes: Annotated[int | None, Form(ge=5, le=240)] = None,
) -> Response:
    """Something happened. What cannot have happened any more changes nothing; the list shows what is so."""
    agent.room.note(kind, visit_id, reason, minutes)
    return _to("/assistenz")


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)
