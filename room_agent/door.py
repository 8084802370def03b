"""Who may come in: kiosk and monitors of this room, by pairing code once and by a signed challenge each time."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket
from pydantic import ValidationError
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from room_agent.link import LineDown, Link
from room_agent.room import Room
from schemas.channels import CLOSE_BROKEN_CONTRACT, CLOSE_NOT_ALLOWED
from schemas.day import MachineKey, MachineKind
from schemas.visit import Paired, PairRequest, Proof
from telemed.kit.logs import logger
from telemed.kit.machine import new_challenge, proves
from telemed.kit.refusal import NotAllowed, NotFound, Refusal, Sense
from telemed.kit.tries import Tries

log = logger("door")

PROOF_TIMEOUT_S = 10.0
TRIES = 10
PER = timedelta(minutes=1)
ROOM = "room"


class PairingUnknown(NotAllowed):
    """Wrong, old and used codes, and too many tries, are answered alike."""

    key = "refusal.pairing_unknown"


class CentreAway(Refusal):
    """Pairing needs the centre, and the line is down."""

    sense = Sense.CONFLICT
    key = "refusal.centre_away"


class TicketUnknown(NotFound):
    """Tickets that are not of today, and too many tries, are answered alike."""


def tries_of_the_room(too_many: type[Refusal]) -> Tries:
    """Counts for the whole room: a code must not be guessed from many places."""
    return Tries(TRIES, PER, too_many=too_many)


class Door:
    """Lets machines in."""

    def __init__(self, room: Room, link: Link) -> None:
        self._room = room
        self._link = link
        self._tries = tries_of_the_room(PairingUnknown)

    async def pair(self, request: PairRequest) -> Paired:
        """Ask the centre whether the code is good.

        Raises:
            PairingUnknown: it is not, or too many were tried.
            CentreAway: nobody can say.
        """
        if request.kind == "agent":
            raise PairingUnknown
        try:
            with self._tries.one(ROOM):
                paired = await self._link.ask_pairing(request)
                if paired is None:
                    raise PairingUnknown
        except LineDown:
            raise CentreAway from None
        kind = MachineKind(request.kind)
        self._room.just_paired(MachineKey(machine_id=paired.machine_id, kind=kind, public_key=request.public_key))
        log.info("paired", machine_id=paired.machine_id, kind=kind.value)
        return paired.model_copy(update={"server": self._room.name})

    async def admit(self, socket: WebSocket, kind: MachineKind) -> str | None:
        """Accept *socket* and let it prove who it is; its machine id, or None when it was closed."""
        await socket.accept()
        challenge = new_challenge(self._room.name)
        await socket.send_text(challenge.model_dump_json())
        try:
            async with asyncio.timeout(PROOF_TIMEOUT_S):
                proof = Proof.model_validate_json(await socket.receive_text())
        except (ValidationError, KeyError):
            await shut(socket, CLOSE_BROKEN_CONTRACT)
            return None
        except TimeoutError:
            await shut(socket, CLOSE_NOT_ALLOWED)
            return None
        except WebSocketDisconnect:
            return None
        key = self._room.machine(proof.machine_id, kind)
        if key is None or not proves(proof, challenge, key.public_key):
            log.warning("not_allowed", kind=kind.value)
            await shut(socket, CLOSE_NOT_ALLOWED)
            return None
        return key.machine_id


async def shut(socket: WebSocket, code: int) -> None:
    """Close *socket*; the other end may have been faster."""
    try:
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        log.debug("gone")


def the_door(connection: HTTPConnection) -> Door:
    door: Door = connection.app.state.agent.door
    return door


async def anyone(_connection: HTTPConnection) -> None:
    """What a route declares that tells nothing and changes nothing of a visit: whoever is in the local network may."""


DoorDep = Annotated[Door, Depends(the_door)]
routes = APIRouter()


@routes.post("/pair")
async def pair(request: PairRequest, door: DoorDep) -> Paired:
    return await door.pair(request)
