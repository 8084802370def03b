"""The signalling socket: lets in who may be in the visit, and carries what they tell each other."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from schemas.day import MachineKind
from schemas.signalling import (
    CLOSE_BROKEN_CONTRACT,
    CLOSE_NOT_ALLOWED,
    CLOSE_TOO_FAST,
    MAX_MESSAGE_BYTES,
    Role,
    Signal,
)
from schemas.visit import Proof
from telemed.directory import service as directory
from telemed.identity import service as identity
from telemed.identity.model import ANYONE, Actor, Right, holds
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.kit.logs import logger
from telemed.kit.machine import new_challenge
from telemed.kit.refusal import NotAllowed, Refusal
from telemed.signalling.hub import Hub, Seat
from telemed.visit import service as visit
from telemed.web.centre import Centre, CentreDep

log = logger("signalling")
routes = APIRouter()

PROOF_TIMEOUT_S = 5.0
MESSAGES_ALLOWED = 200
ALLOWED_WITHIN_S = 10.0


class Broken(Exception):
    """The client broke the contract; *code* closes the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Guest:
    """Who stands at the door."""

    role: Role
    name: str
    machine_id: str = ""


class Pace:
    """Counts messages: more than `MESSAGES_ALLOWED` within `ALLOWED_WITHIN_S` are too many."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._latest: deque[float] = deque(maxlen=MESSAGES_ALLOWED)

    def count(self) -> None:
        """One more.

        Raises:
            Broken: it came too fast.
        """
        now = self._monotonic()
        if len(self._latest) == MESSAGES_ALLOWED and now - self._latest[0] < ALLOWED_WITHIN_S:
            raise Broken(CLOSE_TOO_FAST)
        self._latest.append(now)


@routes.websocket("/signalling/{visit_id}")
async def serve(
    socket: WebSocket,
    visit_id: str,
    centre: CentreDep,
    actor: Annotated[Actor, Depends(Needs(Right.BE_MACHINE))],
    role: str = Role.AGENT.value,
) -> None:
    """Let a doctor (session cookie) or a room agent (signed challenge, as ``agent`` or for its ``kiosk``) in."""
    await socket.accept()
    try:
        look = await _identify(socket, centre, visit_id, actor=actor, role=role)
        guest = await run_in_threadpool(look)
        hub = centre.the(Hub)
        seat = hub.join(visit_id, role=guest.role, name=guest.name, machine_id=guest.machine_id)
        try:
            await run_in_threadpool(look)  # once more: an end or a revocation in between found no seat to clear
            code = await _talk(socket, hub, seat)
        finally:
            hub.leave(seat)
    except Refusal:
        code = CLOSE_NOT_ALLOWED
    except Broken as broken:
        code = broken.code
    except WebSocketDisconnect:
        return
    log.info("signalling_closed", visit_id=visit_id, code=code)
    await _close(socket, code)


async def _close(socket: WebSocket, code: int) -> None:
    try:
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):  # the client was faster
        log.debug("signalling_gone")


async def _identify(
    socket: WebSocket, centre: Centre, visit_id: str, *, actor: Actor, role: str
) -> Callable[[], Guest]:
    """How to look whether this client may be in the visit now; looking raises a `Refusal` when it may not."""
    if actor != ANYONE or SESSION_COOKIE in socket.cookies:
        return lambda: _doctor(centre, visit_id, actor)
    if role not in (Role.AGENT.value, Role.KIOSK.value):
        raise Broken(CLOSE_BROKEN_CONTRACT)
    challenge = new_challenge(centre.server)
    await socket.send_text(challenge.model_dump_json())
    try:
        async with asyncio.timeout(PROOF_TIMEOUT_S):
            proof = Proof.model_validate_json(await _text(socket))
    except TimeoutError:
        raise NotAllowed from None
    except ValidationError:
        raise Broken(CLOSE_BROKEN_CONTRACT) from None

    def look() -> Guest:
        with centre.db.reading() as tx:
            machine = identity.recognise(tx, proof, challenge)
            if machine.kind != MachineKind.AGENT.value:
                raise NotAllowed
            visit.admit(tx, visit_id, room_id=machine.room_id, now=centre.clock.now())
            name = directory.load(tx).name_of(machine.room_id)
        return Guest(Role(role), name, machine.id)

    return look


def _doctor(centre: Centre, visit_id: str, actor: Actor) -> Guest:
    if not holds(actor, Right.JOIN_VISIT):
        raise NotAllowed
    with centre.db.reading() as tx:
        visit.admit(tx, visit_id, doctor_id=actor.subject, now=centre.clock.now())
        return Guest(Role.DOCTOR, directory.load(tx).name_of(actor.subject))


async def _talk(socket: WebSocket, hub: Hub, seat: Seat) -> int:
    """Carry messages both ways until one side ends it; the code to close with."""
    listening = asyncio.create_task(_listen(socket, hub, seat))
    telling = asyncio.create_task(_tell(socket, seat))
    try:
        done, _ = await asyncio.wait({listening, telling}, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in (listening, telling):
            task.cancel()
        await asyncio.gather(listening, telling, return_exceptions=True)


async def _listen(socket: WebSocket, hub: Hub, seat: Seat) -> int:
    pace = Pace()
    while True:
        signal = _signal(await _text(socket))
        pace.count()
        hub.carry(seat, signal)


async def _tell(socket: WebSocket, seat: Seat) -> int:
    while True:
        message = await seat.outbox.next()
        if isinstance(message, int):
            return message
        await socket.send_text(message.model_dump_json())


async def _text(socket: WebSocket) -> str:
    """
    Raises:
        Broken: it is binary, or too long.
        WebSocketDisconnect: the client has gone.
    """
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    if text is None or len(text.encode()) > MAX_MESSAGE_BYTES:
        raise Broken(CLOSE_BROKEN_CONTRACT)
    return text


def _signal(text: str) -> Signal:
    """
    Raises:
        Broken: it is no `Signal`; only the last candidate may be null.
    """
    try:
        signal = Signal.model_validate_json(text)
    except ValidationError:
        raise Broken(CLOSE_BROKEN_CONTRACT) from None
    if "type" not in signal.model_fields_set or (signal.body is None and signal.kind != "candidate"):
        raise Broken(CLOSE_BROKEN_CONTRACT)
    return signal
