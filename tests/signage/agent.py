"""A room agent that speaks only the contract of ``/pair`` and ``/feed``, small and real."""

import asyncio

from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect

from schemas.board import Board
from schemas.channels import CLOSE_NOT_ALLOWED
from schemas.visit import Paired, PairRequest, Proof
from telemed.kit.machine import new_challenge, proves

CODE = "ABCD-2345"
SERVER = "room-agent-1"


class SmallAgent:
    """Pairs one monitor, verifies its proof, and sends the boards that a test hands out."""

    def __init__(self, *, server_name: str = SERVER) -> None:
        self.server_name = server_name
        self.public_key = ""
        self.revoked = False
        self.centre_away = False
        self.asked_to_pair = 0
        self.proofs = 0
        self._sockets: set[asyncio.Queue[str | None]] = set()
        self.app = FastAPI()
        self.app.post("/pair")(self.pair)
        self.app.websocket("/feed")(self.feed)

    async def pair(self, request: PairRequest) -> Response:
        self.asked_to_pair += 1
        if self.centre_away:
            return Response(status_code=409)
        if request.code != CODE or request.kind != "monitor":
            return Response(status_code=404)
        self.public_key = request.public_key
        paired = Paired(machine_id="monitor-1", room_id="room-1", server=SERVER)
        return Response(paired.model_dump_json(), media_type="application/json")

    async def feed(self, websocket: WebSocket) -> None:
        await websocket.accept()
        challenge = new_challenge(self.server_name)
        await websocket.send_text(challenge.model_dump_json())
        try:
            proof = Proof.model_validate_json(await websocket.receive_text())
            if self.revoked or not proves(proof, challenge, self.public_key):
                await websocket.close(CLOSE_NOT_ALLOWED)
                return
            self.proofs += 1
            await self._pass_on(websocket)
        except WebSocketDisconnect:
            return

    async def _pass_on(self, websocket: WebSocket) -> None:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._sockets.add(queue)
        try:
            while (text := await queue.get()) is not None:
                await websocket.send_text(text)
            await websocket.close(CLOSE_NOT_ALLOWED)
        finally:
            self._sockets.discard(queue)

    async def connected(self) -> None:
        """Return when a monitor listens."""
        async with asyncio.timeout(10):
            while not self._sockets:
                await asyncio.sleep(0.01)

    def send(self, board: Board) -> None:
        self.send_text(board.model_dump_json())

    def send_text(self, text: str) -> None:
        for queue in self._sockets:
            queue.put_nowait(text)

    def revoke(self) -> None:
        self.revoked = True
        for queue in self._sockets:
            queue.put_nowait(None)
