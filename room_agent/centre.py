"""The way to the centre: pairing once, then a signed challenge at each connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from schemas.channels import CLOSE_BROKEN_CONTRACT, CLOSE_NOT_ALLOWED
from schemas.signalling import Role
from schemas.visit import Challenge, Paired, PairRequest
from telemed.kit.machine import MachineKey

OPEN_TIMEOUT_S = 5.0
MAX_BYTES = 1 << 20

LINE_ERRORS = (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, InvalidURI)
"""What a line does when it breaks."""


class BrokenContract(Exception):
    """The other end said what the contract does not know; the connection is closed, nothing was applied."""


class PairingRefused(Exception):
    """The centre does not know the code, or not any more."""


@dataclass(frozen=True)
class Centre:
    """One centre at *url* (``http://…`` or ``https://…``) and the key with which this machine speaks to it."""

    url: str
    key: MachineKey

    async def pair(self, code: str) -> Paired:
        """Become the machine for which *code* was given out.

        Raises:
            PairingRefused: wrong or old code.
            httpx.HTTPError: the centre cannot be reached.
        """
        request = PairRequest(code=code, kind="agent", public_key=self.key.public)
        async with httpx.AsyncClient(timeout=OPEN_TIMEOUT_S, trust_env=False) as client:
            answer = await client.post(f"{self.url}/pair", json=request.model_dump(mode="json"))
        if answer.is_server_error:
            answer.raise_for_status()
        if not answer.is_success:
            raise PairingRefused(str(answer.status_code))
        return Paired.model_validate_json(answer.content)

    async def arrive(self, code: str, room_id: str) -> bool:
        """Whether *code*, as the slip has it, is of somebody who is expected in this room today; she is here now.

        Raises:
            httpx.HTTPError: the centre cannot be reached.
        """
        async with httpx.AsyncClient(timeout=OPEN_TIMEOUT_S, trust_env=False) as client:
            answer = await client.post(f"{self.url}/api/arrivals", json={"code": code, "room": room_id})
        if answer.is_server_error:
            answer.raise_for_status()
        return answer.is_success

    @asynccontextmanager
    async def open(self, path: str, paired: Paired) -> AsyncIterator[ClientConnection]:
        """A socket to *path*, proved.

        Raises:
            BrokenContract: the first message was no challenge of our centre.
            one of `LINE_ERRORS`: the line.
        """
        address = self.url.replace("http", "ws", 1) + path
        opening = connect(
            address,
            max_size=MAX_BYTES,
            proxy=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=1.0,
            ping_interval=5.0,
            ping_timeout=15.0,
        )
        async with opening as socket:
            challenge = await self._challenge(socket, paired)
            await say(socket, self.key.prove(challenge, paired.machine_id))
            yield socket

    async def _challenge(self, socket: ClientConnection, paired: Paired) -> Challenge:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            text = await socket.recv()
        try:
            challenge = Challenge.model_validate_json(text)
        except ValidationError:
            await socket.close(CLOSE_BROKEN_CONTRACT)
            raise BrokenContract("challenge") from None
        if challenge.server != paired.server:
            await socket.close(CLOSE_NOT_ALLOWED)
            raise BrokenContract("server")
        return challenge


def signalling_path(visit_id: str, role: Role, peer_id: str) -> str:
    """Where a visit's ends meet; this machine comes in for itself or on behalf of its kiosk."""
    return f"/signalling/{visit_id}?role={role.value}&peer={peer_id}"


async def say(socket: ClientConnection, message: BaseModel) -> None:
    await socket.send(message.model_dump_json())
