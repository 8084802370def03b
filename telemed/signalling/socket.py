"""The signalling socket: lets in who may be in the visit, and carries what they tell each other."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from schemas.base import Id
from schemas.day import MachineKind
from schemas.signalling import (
    CLOSE_BROKEN_CONTRACT,
    CLOSE_NOT_ALLOWED,
    CLOSE_TOO_FAST,
    MAX_MESSAGE_BYTES,
    HubBeat,
    Relays,
    Role,
    Signal,
    ToHub,
    to_hub,
)
from schemas.visit import Proof
from telemed.directory import service as directory
from telemed.identity import model as identity_model
from telemed.identity import service as identity
from telemed.identity.model import ANYONE, Actor, Machine, Right, holds
from telemed.identity.rights import SESSION_COOKIE, Needs, attended, guest_of
from telemed.kit.clock import real_now
from telemed.kit.logs import logger
from telemed.kit.machine import new_challenge
from telemed.kit.refusal import NotAllowed, Refusal
from telemed.signalling.hub import Entrant, Hub, Seat
from telemed.signalling.relays import OwnRelays
from telemed.visit import service as visit
from telemed.web.centre import Centre, CentreDep

log = logger("signalling")
routes = APIRouter()

INVITED = (Role.RELATIVE.value, Role.INTERPRETER.value, Role.COLLEAGUE.value, Role.ORGANISER.value)
"""They come by an invitation."""
PROOF_TIMEOUT_S = 5.0
MESSAGES_ALLOWED = 200
ALLOWED_WITHIN_S = 10.0
CLOSE_GONE = 1001
"""RFC 6455: the other end has gone, or says nothing any more."""

NO_RELAYS = OwnRelays()

_ids: TypeAdapter[str] = TypeAdapter(Id)


class Broken(Exception):
    """The client broke the contract; *code* closes the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


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
    guest: Annotated[Actor, Depends(guest_of)],
    role: str = Role.AGENT.value,
    peer: str = "",
) -> None:
    """Let in a doctor or guest (session cookie), or a room agent (challenge; as ``agent`` or for its ``kiosk``)."""
    await socket.accept()
    hub = centre.the(Hub)
    try:
        peer_id = _peer_id(peer)
        look = await _identify(socket, centre, visit_id, actor=guest if role in INVITED else actor, role=role)
        entrant = await run_in_threadpool(look)
        relays = _relays(centre, entrant)
        seat = hub.join(visit_id, entrant, peer_id=peer_id, relays=relays.given_for(visit_id, now=real_now()))
        try:
            await run_in_threadpool(look)  # once more: an end or a revocation in between found no seat to clear
            code = await _talk(socket, hub, seat, relays)
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


def _peer_id(peer: str) -> str:
    """
    Raises:
        Broken: it is no id.
    """
    try:
        return _ids.validate_python(peer)
    except ValidationError:
        raise Broken(CLOSE_BROKEN_CONTRACT) from None


async def _close(socket: WebSocket, code: int) -> None:
    try:
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):  # the client was faster
        log.debug("signalling_gone")


async def _identify(
    socket: WebSocket, centre: Centre, visit_id: str, *, actor: Actor, role: str
) -> Callable[[], Entrant]:
    """How to look whether this client may be in the visit now; looking raises a `Refusal` when it may not.

    A guest says as what it comes, since its browser may be somebody else's as well.
    """
    if role in INVITED:
        return lambda: _guest(centre, visit_id, actor, Role(role))
    if actor != ANYONE or SESSION_COOKIE in socket.cookies:
        return lambda: _person(centre, visit_id, actor)
    if role not in (Role.AGENT.value, Role.KIOSK.value):
        raise Broken(CLOSE_BROKEN_CONTRACT)
    return await _machine(socket, centre, visit_id, Role(role))


async def _machine(socket: WebSocket, centre: Centre, visit_id: str, role: Role) -> Callable[[], Entrant]:
    challenge = new_challenge(centre.server)
    await socket.send_text(challenge.model_dump_json())
    try:
        async with asyncio.timeout(PROOF_TIMEOUT_S):
            proof = Proof.model_validate_json(await _text(socket))
    except TimeoutError:
        raise NotAllowed from None
    except ValidationError:
        raise Broken(CLOSE_BROKEN_CONTRACT) from None

    def look() -> Entrant:
        with centre.db.reading() as tx:
            machine = identity.recognise(tx, proof, challenge)
            if machine.kind != MachineKind.AGENT.value:
                raise NotAllowed
            visit.admit(tx, visit_id, _of_room(machine), now=centre.clock.now())
            name = directory.load(tx).name_of(machine.room_id)
        return Entrant(role, machine.id, name)

    return look


def _of_room(machine: Machine) -> Actor:
    return Actor(identity_model.Role.MACHINE, machine.id, machine.room_id)


def _person(centre: Centre, visit_id: str, actor: Actor) -> Entrant:
    """
    Raises:
        Refusal: nobody of this role joins a visit, or not this one, or not now.
    """
    look = PEOPLE.get(actor.role)
    if look is None:
        raise NotAllowed
    return look(centre, visit_id, actor)


def _doctor(centre: Centre, visit_id: str, actor: Actor) -> Entrant:
    if not holds(actor, Right.JOIN_VISIT):
        raise NotAllowed
    with centre.db.reading() as tx:
        visit.admit_to_talk(tx, visit_id, actor, now=centre.clock.now())
        return Entrant(Role.DOCTOR, actor.subject, directory.load(tx).name_of(actor.subject))


def _resident(centre: Centre, visit_id: str, actor: Actor) -> Entrant:
    """From home; who comes into a room sits before its kiosk."""
    with centre.db.reading() as tx:
        visit.admit_resident(tx, visit_id, actor.subject, now=centre.clock.now())
    return Entrant(Role.RESIDENT, actor.subject)


def _guest(centre: Centre, visit_id: str, actor: Actor, role: Role) -> Entrant:
    """
    Raises:
        Refusal: nobody's invitation, one to another visit or in another role, or not now.
    """
    if not holds(actor, Right.BE_GUEST):
        raise NotAllowed
    with centre.db.reading() as tx:
        invitation = visit.admit_guest(tx, visit_id, actor.subject, now=centre.clock.now())
    if invitation.role != role.value:
        raise NotAllowed
    return Entrant(role, invitation.id)


PEOPLE: dict[identity_model.Role, Callable[[Centre, str, Actor], Entrant]] = {
    identity_model.Role.DOCTOR: _doctor,
    identity_model.Role.RESIDENT: _resident,
}
"""Who comes with a session: by the role of the session, how to look whether this person may be in this visit now.
An entrant's *who* is what `Hub.shut_out` takes."""


def _relays(centre: Centre, entrant: Entrant) -> OwnRelays:
    """None for somebody who takes no part."""
    own: OwnRelays = centre.live.get(OwnRelays, NO_RELAYS)
    return NO_RELAYS if entrant.role is Role.ORGANISER else own


async def _talk(socket: WebSocket, hub: Hub, seat: Seat, relays: OwnRelays) -> int:
    """Carry messages both ways until one side ends it; the code to close with."""
    works = [_listen(socket, hub, seat), _tell(socket, seat), _beat(hub, seat)]
    if relays.urls:
        works.append(_renew(seat, relays))
    if seat.participant.role is Role.DOCTOR:
        works.append(_signed_out(socket, hub))
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _signed_out(socket: WebSocket, hub: Hub) -> int:
    """When she has signed out, here or elsewhere, or was shut out. As long as she is in the call she is not idle."""
    await attended(socket, every_s=hub.beat_s)
    return CLOSE_NOT_ALLOWED


async def _listen(socket: WebSocket, hub: Hub, seat: Seat) -> int:
    pace = Pace()
    while True:
        try:
            async with asyncio.timeout(hub.silence_s):
                text = await _text(socket)
        except TimeoutError:
            return CLOSE_GONE
        pace.count()
        message = _message(text)
        if isinstance(message, Signal):
            if seat.participant.role is Role.ORGANISER:
                raise NotAllowed
            hub.carry(seat, message)


async def _beat(hub: Hub, seat: Seat) -> int:
    while True:
        await asyncio.sleep(hub.beat_s)
        seat.outbox.put(HubBeat())


async def _renew(seat: Seat, relays: OwnRelays) -> int:
    while True:
        await asyncio.sleep(relays.renewed.total_seconds())
        seat.outbox.put(Relays(relays=relays.given_for(seat.visit_id, now=real_now())))


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


def _message(text: str) -> ToHub:
    """
    Raises:
        Broken: it is nothing that the hub is told; only the last candidate may be null.
    """
    try:
        message = to_hub.validate_json(text)
    except ValidationError:
        raise Broken(CLOSE_BROKEN_CONTRACT) from None
    if isinstance(message, Signal) and message.body is None and message.kind != "candidate":
        raise Broken(CLOSE_BROKEN_CONTRACT)
    return message
