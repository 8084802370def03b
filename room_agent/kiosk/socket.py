"""The kiosk page and its two sockets: what it shows, and the signalling that the agent carries for it unread."""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Protocol

import httpx
from fastapi import APIRouter, Depends, Request, WebSocket
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from room_agent.bell import wait
from room_agent.centre import LINE_ERRORS, BrokenContract, Centre, signalling_path
from room_agent.door import ROOM, Door, DoorDep, TicketUnknown, anyone, shut
from room_agent.gatekeeper import FromRoom
from room_agent.keyboard import Keyboard
from room_agent.room import Room
from room_agent.signalling import TRY_S
from schemas.channels import CLOSE_BROKEN_CONTRACT, CLOSE_NOT_ALLOWED
from schemas.day import MachineKind, Ticket
from schemas.signalling import CLOSE_VISIT_OVER, MAX_MESSAGE_BYTES, Role
from schemas.trust import RefusedWhy
from schemas.visit import (
    CheckedIn,
    CheckIn,
    CheckInByCode,
    FromKiosk,
    KioskAllow,
    KioskConfirm,
    KioskDecline,
    KioskEmergency,
    KioskHelp,
    KioskIntroduced,
    KioskPause,
    KioskPractised,
    KioskRefused,
    KioskReport,
    KioskRoster,
    WantSheet,
    from_kiosk,
)
from telemed.kit.tries import Tries
from telemed.web import languages, tickets
from telemed.web.languages import words_of
from telemed.web.pages import Pages

TICK_S = 5.0
CLOSE_LINE_DOWN = 1013
_PEER = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""`schemas.base.Id`."""

routes = APIRouter()


class KioskAgent(Protocol):
    """What this edge needs of the agent."""

    room: Room
    door: Door
    centre: Centre
    pages: Pages
    tries: Tries
    keyboard: Keyboard

    def report(self, machine_id: str, report: KioskReport) -> None: ...

    async def confirm(self, said: KioskConfirm) -> None: ...

    def room_says(self, said: FromRoom | KioskDecline) -> None: ...

    async def practised(self) -> None: ...


def agent_of(connection: Request | WebSocket) -> KioskAgent:
    agent: KioskAgent = connection.app.state.agent
    return agent


@routes.get("/kiosk", dependencies=[Depends(anyone)])
def page(request: Request) -> HTMLResponse:
    """The page itself holds nothing; whoever opens it elsewhere sees the pairing screen."""
    agent = agent_of(request)
    plan = agent.room.plan
    frame = replace(agent.pages.frame, exercise=plan is not None and plan.exercise)
    words = words_of(request)
    return agent.pages.render(
        request,
        "kiosk.html",
        frame=frame,
        pictures=sorted(tickets.PICTURES, key=lambda name: tickets.picture_name(name, words)),
        words=words,
        own_names=languages.choices(request),
        keys=agent.keyboard,
        letters=tickets.LETTERS,
        digits=tickets.DIGITS,
    )


@routes.websocket("/kiosk/socket")
async def state(socket: WebSocket, door: DoorDep) -> None:
    """One kiosk: what it shows goes down, check-ins and the state of its camera come up."""
    machine_id = await door.admit(socket, MachineKind.KIOSK)
    if machine_id is None:
        return
    showing = asyncio.create_task(_show(socket, machine_id))
    try:
        with agent_of(socket).room.present.connected(machine_id):
            await _hear(socket, machine_id)
    except (WebSocketDisconnect, RuntimeError):
        return
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def _show(socket: WebSocket, machine_id: str) -> None:
    room = agent_of(socket).room
    roster: KioskRoster | None = None
    with room.bell.ear() as heard:
        while room.machine(machine_id, MachineKind.KIOSK) is not None:
            if roster != (roster := room.rosters.for_kiosk()) and roster is not None:
                await socket.send_text(roster.model_dump_json())
            await socket.send_text(room.show().model_dump_json())
            await wait(heard, TICK_S)
        await shut(socket, CLOSE_NOT_ALLOWED)


async def _hear(socket: WebSocket, machine_id: str) -> None:
    while True:
        try:
            message = from_kiosk.validate_json(await socket.receive_text())
        except (ValidationError, KeyError):
            await shut(socket, CLOSE_BROKEN_CONTRACT)
            return
        await _heed(socket, machine_id, message)


async def _heed(socket: WebSocket, machine_id: str, message: FromKiosk) -> None:
    agent = agent_of(socket)
    match message:
        case CheckIn(ticket=ticket):
            await socket.send_text(CheckedIn(known=_check_in(agent, ticket)).model_dump_json())
        case CheckInByCode(code=code):
            await socket.send_text(CheckedIn(known=await _check_in_by_code(agent, code)).model_dump_json())
        case KioskReport():
            agent.report(machine_id, message)
        case KioskConfirm():
            await agent.confirm(message)
        case KioskIntroduced() | KioskAllow() | KioskPause() | KioskEmergency() | KioskDecline():
            agent.room_says(message)
        case KioskHelp():
            _help(agent.room, message)
        case KioskPractised():
            await agent.practised()
        case KioskRefused(role=role, reason=reason):
            _refused(agent.room, role, reason)
        case WantSheet():
            await socket.send_text(agent.room.take_sheet().model_dump_json())


def _help(room: Room, said: KioskHelp) -> None:
    """Somebody wants a hand, or no more; on every screen."""
    visit, _ = room.current()
    if said.on:
        room.help.ask(said.what, said.through, visit.visit_id if visit else None)
    else:
        room.help.over()


def _refused(room: Room, role: str, reason: str) -> None:
    """An end of the talk was not trusted; said outside a visit it concerns nobody."""
    visit, _ = room.current()
    known = role in {each.value for each in Role} and reason in {each.value for each in RefusedWhy}
    if visit is not None and known:
        room.refused(visit.visit_id, role=role, reason=reason, seen_by="kiosk")


def _check_in(agent: KioskAgent, ticket: Ticket) -> bool:
    try:
        with agent.tries.one(ROOM):
            if not agent.room.check_in(ticket):
                raise TicketUnknown
    except TicketUnknown:
        return False
    return True


async def _check_in_by_code(agent: KioskAgent, code: str) -> bool:
    """Whose code it is only the centre knows; its fact comes down the line like any other."""
    paired = agent.room.pairing
    if paired is None:
        return False
    try:
        with agent.tries.one(ROOM):
            if not await agent.centre.arrive(code, paired.room_id):
                raise TicketUnknown
    except (TicketUnknown, httpx.HTTPError):
        return False
    return True


@routes.websocket("/kiosk/signalling")
async def signalling(socket: WebSocket, door: DoorDep, peer: str = "") -> None:
    """Carry the kiosk's signals to the visit that is on now, in the role ``kiosk``, and the hub's back, unread.

    *peer*: the kiosk's own name there.
    """
    machine_id = await door.admit(socket, MachineKind.KIOSK)
    if machine_id is None:
        return
    agent = agent_of(socket)
    visit, _ = agent.room.current()
    paired = agent.room.pairing
    if _PEER.fullmatch(peer) is None:
        await shut(socket, CLOSE_BROKEN_CONTRACT)
        return
    if visit is None or paired is None:
        await shut(socket, CLOSE_VISIT_OVER)
        return
    try:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(TRY_S):
                hub = await stack.enter_async_context(
                    agent.centre.open(signalling_path(visit.visit_id, Role.KIOSK, peer), paired)
                )
            code = await _carry(socket, hub, machine_id)
    except (BrokenContract, *LINE_ERRORS):
        code = CLOSE_LINE_DOWN
    await shut(socket, code)


async def _carry(socket: WebSocket, hub: ClientConnection, machine_id: str) -> int:
    """Both directions until one of them ends or the kiosk is revoked; the code to close the kiosk's socket with."""
    room = agent_of(socket).room
    tasks = [asyncio.create_task(work) for work in (_up(socket, hub), _down(socket, hub), _revoked(room, machine_id))]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return done.pop().result()


async def _revoked(room: Room, machine_id: str) -> int:
    with room.bell.ear() as heard:
        while room.machine(machine_id, MachineKind.KIOSK) is not None:
            await wait(heard, TICK_S)
    return CLOSE_NOT_ALLOWED


async def _up(socket: WebSocket, hub: ClientConnection) -> int:
    try:
        while True:
            text = await socket.receive_text()
            if len(text) > MAX_MESSAGE_BYTES:
                return CLOSE_BROKEN_CONTRACT
            await hub.send(text)
    except KeyError:
        return CLOSE_BROKEN_CONTRACT
    except (WebSocketDisconnect, RuntimeError, ConnectionClosed):
        return CLOSE_LINE_DOWN


async def _down(socket: WebSocket, hub: ClientConnection) -> int:
    try:
        async for message in hub:
            if not isinstance(message, str):
                return CLOSE_BROKEN_CONTRACT
            await socket.send_text(message)
    except ConnectionClosed:
        pass
    except (WebSocketDisconnect, RuntimeError):
        return CLOSE_LINE_DOWN
    code = hub.close_code or CLOSE_LINE_DOWN
    return code if code >= 4000 or code == CLOSE_LINE_DOWN else CLOSE_LINE_DOWN
